"""Any call gets into the queue by a person: before themselves, or before somebody else."""

from datetime import timedelta

import pytest

from include.database.models import ReviewEventRow
from include.errors import InvalidInput, NotForYou, TooLate
from include.review import items, queue
from include.review.answering import Given, Verdict, answer, finish
from include.review.calibrating import Plan, open_session
from include.review.items import ItemState, Sample
from include.review.people import Actor
from include.review.picking import give, pick
from tests.unit.review.seeding import ALL_YES, ANA, BEN, CAT, NOW, RISKS, ReviewDay

LEE = Actor("lee", frozenset({"Lee"}))


@pytest.fixture
def call_id(day: ReviewDay) -> str:
    """Of Lee's; no rule has drawn it."""
    day.batch()
    call_id = day.audited("fine.wav")
    day.fill(RISKS)
    return call_id


def test_a_call_that_no_rule_has_drawn_is_picked_answered_and_stands(day: ReviewDay, call_id: str) -> None:
    item = day.write(pick, ANA, call_id, NOW)
    assert (item.taken_by, item.samples, item.questions, item.blind) == ("ana", (Sample.PICKED,), (), False)
    with pytest.raises(InvalidInput, match="any criterion"):
        day.write(finish, ANA, item.item_id, NOW)
    day.write(answer, ANA, item.item_id, Given("care", Verdict.CANNOT_TELL), NOW)
    assert day.write(finish, ANA, item.item_id, NOW).changed == ("care",)
    with pytest.raises(TooLate, match="ana has call"):
        day.write(pick, ANA, call_id, NOW)
        day.write(pick, BEN, call_id, NOW)


def test_a_call_is_given_to_somebody_whether_it_is_in_the_queue_or_not(day: ReviewDay, call_id: str) -> None:
    item = day.write(give, CAT, call_id, BEN, NOW)
    assert (item.state, item.assigned_to, item.taken_by) == (ItemState.OPEN, "ben", None)
    assert day.read(items.list_queue, BEN, mine=True, now=NOW) == [item]
    with pytest.raises(NotForYou, match="is assigned to ben"):
        day.write(pick, ANA, call_id, NOW)
    assert day.write(queue.take_next, ANA, now=NOW) is None
    assert day.write(give, CAT, call_id, None, NOW).assigned_to is None
    assert day.write(pick, ANA, call_id, NOW).taken_by == "ana"
    with pytest.raises(TooLate, match="ana has call"):
        day.write(give, CAT, call_id, BEN, NOW)


def test_what_has_ended_is_for_whoever_picks_it_next(day: ReviewDay, call_id: str) -> None:
    item = day.write(give, CAT, call_id, BEN, NOW)
    day.write(queue.take, BEN, item.item_id, NOW)
    day.write(queue.skip, BEN, item.item_id, "no sound", NOW)
    again = day.write(pick, ANA, call_id, NOW + timedelta(days=1))
    assert (again.taken_by, again.assigned_to, again.skip_reason) == ("ana", None, None)
    assert [row["action"] for row in day.rows(ReviewEventRow)][-3:] == ["reopen", "pick", "take"]


def test_nobody_is_given_their_own_call_or_one_that_they_answer_blind(day: ReviewDay, call_id: str) -> None:
    with pytest.raises(NotForYou, match="lee is the agent"):
        day.write(give, CAT, call_id, LEE, NOW)
    day.write(open_session, CAT, Plan("Now", people=("ana", "ben"), calls=(call_id,)), NOW)
    with pytest.raises(NotForYou, match="ben answers call"):
        day.write(give, CAT, call_id, BEN, NOW)
    assert day.rows(ReviewEventRow, action="assign") == []


def test_of_many_items_those_are_given_that_the_person_may_have(day: ReviewDay) -> None:
    day.batch()
    for n, agent in enumerate(("Lee", "Mia", "Mia")):
        day.audited(f"{n}.wav", ALL_YES | {"verified": "no"}, agent=agent)
    blind = day.audited("blind.wav", ALL_YES | {"verified": "no"}, agent="Mia")
    day.fill(RISKS)
    day.write(open_session, CAT, Plan("Now", people=("lee", "ben"), calls=(blind,)), NOW)
    listed = day.read(items.list_queue, ANA, now=NOW)
    assert len(listed) == 4
    (taken,) = [one for one in listed if one.path == "1.wav"]
    day.write(queue.take, ANA, taken.item_id, NOW)
    assert day.write(queue.assign, CAT, [one.item_id for one in listed], LEE, NOW) == 1
    assert [one.path for one in day.read(items.list_queue, LEE, mine=True, now=NOW)] == ["2.wav"]
