"""Agents object to their own calls, in time and in bounds; who had no part in it decides, for good."""

from datetime import timedelta
from typing import Any

import pytest

from include.database.models import OutboxRow, ReviewEventRow
from include.errors import InvalidInput, NotForYou, TooLate
from include.review import queue
from include.review.answering import Given, Verdict, answer, finish
from include.review.beside import review_of
from include.review.disputes import Dispute, DisputeState, list_disputes, terms
from include.review.disputing import Claim, decide, dispute, withdraw
from include.review.people import Actor
from include.review.picking import pick
from include.review.rules import DisputeRule
from tests.unit.review.seeding import ALL_YES, ANA, BEN, CAT, NOW, RISKS, ReviewDay

LEE = Actor("lee", frozenset({"Lee"}))
RULE = DisputeRule(raise_days=14, decide_days=7, most_per_agent_and_30_days=2)
CLAIM = Claim("verified", "yes", "I asked for the date of birth at 0:40")


@pytest.fixture
def call_id(day: ReviewDay) -> str:
    """A call of Lee's that failed, confirmed by Ana."""
    day.batch()
    call_id = day.audited("a.wav", ALL_YES | {"verified": "no"}, agent="Lee")
    day.fill(RISKS)
    item = day.write(queue.take_next, ANA, now=NOW)
    day.write(answer, ANA, item.item_id, Given("verified", Verdict.CONFIRM), NOW)
    day.write(finish, ANA, item.item_id, NOW)
    return call_id


def raised(
    day: ReviewDay, call_id: str, claim: Claim = CLAIM, actor: Actor = LEE, days: float = 0
) -> Dispute:
    return day.write(dispute, actor, call_id, claim, rule=RULE, now=NOW + timedelta(days=days))


def decided(day: ReviewDay, one: Dispute, to: str, actor: Actor = BEN, why: str = "heard it") -> Any:
    return day.write(decide, actor, one.dispute_id, answer=to, why=why, now=NOW)


@pytest.mark.parametrize(
    ("to", "state", "pct"),
    [("yes", "taken", 100.0), ("no", "kept", 0.0), ("CANNOT_DETERMINE", "third", 100.0)],
)
def test_a_decision_stands(day: ReviewDay, call_id: str, to: str, state: str, pct: float) -> None:
    one = raised(day, call_id)
    assert (one.state, one.disputed_answer, one.due_at) == ("open", "no", NOW + timedelta(days=7))

    done, score = decided(day, one, to)

    assert (done.state, done.answer, done.decided_by, score.pct) == (state, to, "ben", pct)
    assert day.read(review_of, call_id).criteria[0].stands.answer == to
    changes = [row["payload"]["data"] for row in day.rows(OutboxRow, event_type="score.changed")]
    assert [(one["cause"], one["by"]) for one in changes] == ([("dispute", "ben")] if pct else [])
    assert [row["action"] for row in day.rows(ReviewEventRow)][-2:] == ["dispute", "decide"]


def test_a_decision_is_final(day: ReviewDay, call_id: str) -> None:
    one = raised(day, call_id)
    decided(day, one, "yes")
    with pytest.raises(TooLate, match="is taken already"):
        decided(day, one, "no", CAT)
    with pytest.raises(TooLate, match="disputed already"):
        raised(day, call_id, Claim("verified", "CANNOT_DETERMINE", "perhaps"))
    item = day.write(pick, ANA, call_id, NOW)
    with pytest.raises(TooLate, match="A dispute has decided verified"):
        day.write(answer, ANA, item.item_id, Given("verified", Verdict.CONFIRM), NOW)
    day.write(answer, ANA, item.item_id, Given("care", Verdict.CONFIRM), NOW)
    day.write(finish, ANA, item.item_id, NOW)  # with the answer of before the dispute among the item's
    assert day.read(review_of, call_id).official.pct == 100.0


@pytest.mark.parametrize(("who", "told"), [(LEE, "their own call"), (ANA, "has reviewed this call")])
def test_who_had_a_part_in_it_does_not_decide(day: ReviewDay, call_id: str, who: Actor, told: str) -> None:
    one = raised(day, call_id)
    with pytest.raises(NotForYou, match=told):
        decided(day, one, "yes", who)


def test_only_the_agent_disputes_their_call(day: ReviewDay, call_id: str) -> None:
    for stranger in (ANA, Actor("kim", frozenset({"Kim"}))):
        with pytest.raises(NotForYou, match="is not the agent"):
            raised(day, call_id, actor=stranger)


@pytest.mark.parametrize(
    ("claim", "told"),
    [
        (Claim("verified", "no", "because"), "answered with no already"),
        (Claim("verified", "NA", "because"), "cannot be answered with NA"),
        (Claim("verified", "yes", "  "), "Say why"),
        (Claim("nothing", "yes", "because"), "no criterion nothing"),
    ],
)
def test_what_is_no_dispute_is_told(day: ReviewDay, call_id: str, claim: Claim, told: str) -> None:
    with pytest.raises(InvalidInput, match=told):
        raised(day, call_id, claim)


def test_there_is_a_deadline_from_the_review_on(day: ReviewDay, call_id: str) -> None:
    assert day.read(terms, LEE, call_id, RULE, NOW).left == 2
    with pytest.raises(TooLate, match="could be disputed until"):
        raised(day, call_id, days=300)


def test_there_is_a_most_and_what_is_withdrawn_does_not_count(day: ReviewDay, call_id: str) -> None:
    raised(day, call_id)
    second = raised(day, call_id, Claim("complaint", "no", "no complaint"))
    with pytest.raises(TooLate, match="No more than 2"):
        raised(day, call_id, Claim("care", "no", "x"))
    with pytest.raises(NotForYou, match="only they take it back"):
        day.write(withdraw, ANA, second.dispute_id, NOW)
    assert day.write(withdraw, LEE, second.dispute_id, NOW).state is DisputeState.WITHDRAWN
    raised(day, call_id, Claim("care", "no", "x"))


def test_lists_tell_what_waits_and_is_overdue(day: ReviewDay, call_id: str) -> None:
    one = raised(day, call_id)
    other = raised(day, call_id, Claim("complaint", "no", "no complaint"))
    decided(day, one, "yes")
    late = day.read(list_disputes, raised_by=LEE, now=NOW + timedelta(days=8))
    assert [(each.dispute_id, each.overdue) for each in late] == [
        (other.dispute_id, True),
        (one.dispute_id, False),
    ]
    assert len(day.read(list_disputes, only_open=True, now=NOW)) == 1
    assert day.read(list_disputes, raised_by=ANA, now=NOW) == []


def test_pages_of_disputes_hold_each_once_though_some_are_decided_in_between(day: ReviewDay) -> None:
    day.batch()
    rule = DisputeRule(most_per_agent_and_30_days=9)
    for n in range(5):
        call_id = day.audited(f"{n}.wav", ALL_YES | {"verified": "no"})
        day.write(dispute, LEE, call_id, CLAIM, rule=rule, now=NOW + timedelta(hours=n // 2))
    in_one = [one.dispute_id for one in day.read(list_disputes, now=NOW)]
    assert len(in_one) == 5
    seen, after = [], None
    while page := day.read(list_disputes, only_open=True, limit=2, after=after, now=NOW):
        seen += [one.dispute_id for one in page]
        after = page[-1].place
        # By number, the next page would leave one out.
        decided(day, page[0], "yes")
    assert seen == in_one
    (first, *others), ended = page_of_all(day, None), page_of_all(day, after)
    assert (first.state, len(others)) == (DisputeState.OPEN, 4)
    assert [one.dispute_id for one in ended] == [one.dispute_id for one in others if one.place > after]
    newest = day.read(list_disputes, newest_first=True, now=NOW)
    by_date = sorted([first, *others], key=lambda one: one.due_at, reverse=True)
    expected = sorted(by_date, key=lambda one: one.state is not DisputeState.OPEN)
    assert [(one.state, one.due_at) for one in newest] == [(one.state, one.due_at) for one in expected]


def page_of_all(day: ReviewDay, after: Any) -> list[Dispute]:
    return list(day.read(list_disputes, after=after, now=NOW))
