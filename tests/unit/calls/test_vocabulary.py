"""The taxonomy of contact reasons, as people and models read it."""

import re

from include.calls.vocabulary import contact_reasons
from include.llm import understanding
from include.scorecards.schema import ID_PATTERN


def test_every_code_has_a_whole_title() -> None:
    reasons = contact_reasons()
    assert len(reasons) == 14 and list(reasons)[-1] == "other"
    assert all(re.fullmatch(ID_PATTERN, code) and title.strip() for code, title in reasons.items())
    assert reasons["sales_new_service"] == "Purchase or offer"
    assert len(set(reasons.values())) == len(reasons), "answers name them by title"


def test_the_model_reads_every_title() -> None:
    assert understanding._contact_reasons_text().splitlines() == list(contact_reasons().values())
