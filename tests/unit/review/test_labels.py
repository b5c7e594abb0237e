"""Reviewed answers are gold labels: all to find errors, random blind ones to tell how often they are."""

import pytest
from sqlalchemy import select

from include.database.models import CallRow
from include.review import queue
from include.review.answering import Given, Reason, Verdict, answer, finish
from include.review.disputing import Claim, decide, dispute
from include.review.labels import has_labels, reviewed_labels, together
from include.review.people import Actor
from include.review.picking import pick
from include.review.rules import DisputeRule
from tests.unit.review.seeding import ALL_YES, ANA, BEN, CAT, DAY, EVERYTHING, NOW, ReviewDay, card


@pytest.fixture
def day(day: ReviewDay) -> ReviewDay:
    """`a.wav` is in the random sample, and answered blind; `b.wav` was picked."""
    day.batch()
    day.audited("a.wav")
    day.fill(EVERYTHING)
    item = day.write(queue.take_next, ANA, now=NOW)
    for name, said in {"verified": "yes", "complaint": "no", "care": "CANNOT_DETERMINE"}.items():
        day.write(answer, ANA, item.item_id, Given(name, answer=said, blind=True), NOW)
    day.write(finish, ANA, item.item_id, NOW)
    picked = day.write(pick, ANA, day.audited("b.wav", ALL_YES | {"verified": "no"}), NOW)
    overruled = Given("verified", Verdict.OVERRULE, "yes", Reason.NOT_SAID)
    day.write(answer, ANA, picked.item_id, overruled, NOW)
    day.write(finish, ANA, picked.item_id, NOW)
    return day


def test_all_of_them_show_errors(day: ReviewDay) -> None:
    assert day.read(reviewed_labels, card()) == {
        (DAY, "a.wav"): {"verified": "yes", "complaint": "no", "care": "CANNOT_DETERMINE"},
        (DAY, "b.wav"): {"verified": "yes"},
    }


def test_only_random_blind_ones_tell_how_often(day: ReviewDay) -> None:
    assert set(day.read(reviewed_labels, card(), unbiased=True)) == {(DAY, "a.wav")}


def test_a_question_that_has_changed_has_no_label(day: ReviewDay) -> None:
    found = day.read(reviewed_labels, card("2", verified={"instructions": "Ask twice."}))
    assert found == {(DAY, "a.wav"): {"complaint": "no", "care": "CANNOT_DETERMINE"}}


def test_only_the_calls_that_are_compared_are_read(day: ReviewDay) -> None:
    compared = select(CallRow.call_id).where(CallRow.path == "b.wav")
    assert day.read(reviewed_labels, card(), calls=compared) == {(DAY, "b.wav"): {"verified": "yes"}}


@pytest.mark.long
@pytest.mark.parametrize("unbiased", [True, False])
def test_whether_there_is_any_is_known_by_the_first(day: ReviewDay, unbiased: bool) -> None:
    assert day.read(has_labels, card(), unbiased=unbiased)
    others = {name: {"instructions": "Ask twice."} for name in ("verified", "complaint", "care")}
    assert not day.read(has_labels, card("2", **others), unbiased=unbiased)


@pytest.mark.long
def test_a_decision_outlasts_later_reviews(day: ReviewDay) -> None:
    lee, (_, call_id) = Actor("lee", frozenset({"Lee"})), (None, _call(day, "b.wav"))
    claim = Claim("verified", "no", "I did not")
    one = day.write(dispute, lee, call_id, claim, rule=DisputeRule(raise_days=9999), now=NOW)
    day.write(decide, BEN, one.dispute_id, answer="no", why="so it is", now=NOW)
    item = day.write(pick, CAT, call_id, NOW)
    day.write(answer, CAT, item.item_id, Given("care", Verdict.CONFIRM), NOW)
    day.write(finish, CAT, item.item_id, NOW)
    assert day.read(reviewed_labels, card())[DAY, "b.wav"] == {"verified": "no", "care": "yes"}


def _call(day: ReviewDay, path: str) -> str:
    (row,) = day.rows(CallRow, path=path)
    return str(row["call_id"])


def test_the_files_label_comes_before_a_reviews(day: ReviewDay) -> None:
    reviewed = day.read(reviewed_labels, card())
    both = together({(DAY, "a.wav"): {"verified": "no"}, (DAY, "c.wav"): {"care": "yes"}}, reviewed)
    assert both[DAY, "a.wav"]["verified"] == "no"
    assert both[DAY, "a.wav"]["complaint"] == "no"
    assert both[DAY, "b.wav"] == {"verified": "yes"}
    assert both[DAY, "c.wav"] == {"care": "yes"}
