"""The taxonomy of contact reasons, as people and models read it."""

import re

from include.calls.vocabulary import contact_reasons, reason_code
from include.llm import understanding
from include.scorecards.parts import ID_PATTERN


def test_every_code_has_a_whole_title() -> None:
    reasons = contact_reasons()
    assert len(reasons) == 14 and list(reasons)[-1] == "other"
    assert all(re.fullmatch(ID_PATTERN, code) and title.strip() for code, title in reasons.items())
    assert reasons["sales_new_service"] == "Purchase or offer"


def test_the_model_reads_every_title_and_no_code() -> None:
    assert understanding._contact_reasons_text().splitlines() == list(contact_reasons().values())


def test_a_title_names_its_code_and_nothing_else_does() -> None:
    titles = contact_reasons()
    assert len({*titles.values()}) == len(titles)
    assert [reason_code(title.lower() + ".") for title in titles.values()] == list(titles)
    assert [reason_code(said) for said in ("", "Paying", "pay", "Refund and payment")] == [None] * 4
