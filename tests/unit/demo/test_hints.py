"""The endpoint's own wording: read, checked, and for the criteria of the shipped scorecard."""

from pathlib import Path

import pytest

from include.calls.vocabulary import contact_reasons
from include.demo.llm_endpoint.hints import (
    load_contact_words,
    load_hints,
    shipped_contact_words,
    shipped_hints,
)
from include.errors import InvalidInput
from include.llm.audit import allowed_answers
from include.scorecards.loading import SHIPPED_SCORECARD, load_scorecard
from include.scorecards.schema import AnsweredBy

ASKED = {c.id: c for c in load_scorecard(SHIPPED_SCORECARD).answered_by(AnsweredBy.LLM)}
GOOD = """
closing:
  patterns:
    bye: {any: ['\\bbye\\b'], last_s: 60}
  decide: [{answer: "yes", all: [bye]}]
  otherwise: "no"
"""


def test_every_question_of_the_shipped_scorecard_has_hints_that_answer_it() -> None:
    hints = shipped_hints()
    assert set(hints) == set(ASKED)
    for criterion_id, of_it in hints.items():
        given = {of_it.otherwise, *(rule.answer for rule in of_it.decide)}
        assert given <= set(allowed_answers(ASKED[criterion_id])), criterion_id
        assert given >= {option.key for option in ASKED[criterion_id].options}, criterion_id
        assert set(of_it.quote) <= given, criterion_id


def test_contact_reasons_are_found_by_words() -> None:
    assert set(shipped_contact_words()) == set(contact_reasons()) - {"other"}
    assert all(words for words in shipped_contact_words().values())


def test_hints_are_read_by_criterion(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(GOOD)
    (closing,) = load_hints(tmp_path).values()
    assert (closing.decide[0].answer, closing.otherwise, closing.patterns["bye"].last_s) == ("yes", "no", 60)


@pytest.mark.parametrize(
    ("right", "wrong", "told"),
    [
        ("\\bbye\\b", "(bye", r"a\.yaml: closing: .*'\(bye' is not a regular expression"),
        ("all: [bye]", "all: [goodbye]", r"a\.yaml: closing uses patterns that are not there: goodbye"),
        ("last_s: 60", "after: hello", r"a\.yaml: closing uses patterns that are not there: hello"),
        ("last_s: 60", "speaker: nobody", r"a\.yaml: closing: patterns\.bye\.speaker"),
        ('"no"', "no", r"a\.yaml: closing: otherwise"),
        ("closing:", "- closing:", r"a\.yaml"),
    ],
)
def test_what_is_wrong_with_hints_is_told(tmp_path: Path, right: str, wrong: str, told: str) -> None:
    assert right in GOOD
    (tmp_path / "a.yaml").write_text(GOOD.replace(right, wrong, 1))
    with pytest.raises(InvalidInput, match=told):
        load_hints(tmp_path)


def test_hints_of_one_criterion_stand_in_one_file(tmp_path: Path) -> None:
    for name in ("a.yaml", "b.yaml"):
        (tmp_path / name).write_text(GOOD)
    with pytest.raises(InvalidInput, match=r"b\.yaml: closing has hints in two files"):
        load_hints(tmp_path)


@pytest.mark.parametrize(
    ("text", "told"), [("refund: ['(back']", "refund: .*regular"), ("- refund", "mapping")]
)
def test_what_is_wrong_with_contact_words_is_told(tmp_path: Path, text: str, told: str) -> None:
    path = tmp_path / "words.yaml"
    path.write_text(text)
    with pytest.raises(InvalidInput, match=told):
        load_contact_words(path)
