"""The taxonomy of contact reasons, as people and models read it."""

import re

from include.calls.vocabulary import contact_reasons
from include.llm import understanding
from include.scorecards.schema import ID_PATTERN


def test_every_code_has_a_whole_title() -> None:
    reasons = contact_reasons()
    assert len(reasons) == 14 and list(reasons)[-1] == "other"
    assert all(re.fullmatch(ID_PATTERN, code) and title.strip() for code, title in reasons.items())
    assert reasons["sales_new_service"] == "Buys, upgrades or asks for an offer"


def test_the_model_reads_every_code_with_its_title() -> None:
    text = understanding._contact_reasons_text()
    assert text.splitlines() == [f"{code}: {title}" for code, title in contact_reasons().items()]
