"""One call is in the hands of one person; what is worth most comes first."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from threading import Barrier

import pytest

from include.database.models import ReviewEventRow
from include.errors import InvalidInput, NotForYou, TooLate
from include.review import items, queue
from include.review.items import ItemState, Sample
from include.review.people import Actor
from include.review.rules import ReviewRules
from tests.unit.review.seeding import ALL_YES, ANA, BEN, EVERYTHING, NOW, RISKS, ReviewDay


@pytest.fixture
def day(day: ReviewDay) -> ReviewDay:
    day.batch()
    return day


def listed(day: ReviewDay, actor: Actor = ANA, **more: object) -> list[items.QueueItem]:
    return day.read(items.list_queue, actor, now=NOW, **more)


def test_what_hangs_on_most_comes_first(day: ReviewDay) -> None:
    minor = day.audited(
        "minor.wav", ALL_YES | {"complaint": "no", "care": "NA"}, doubts={"complaint": "no quote"}
    )
    failed = day.audited("failed.wav", ALL_YES | {"verified": "no"}, doubts={"verified": "no quote"})
    day.audited("fine.wav")
    day.fill(RISKS)

    found = listed(day)

    assert [item.call_id for item in found] == [failed, minor]
    assert found[0].questions == ("verified",)
    assert found[0].samples == (Sample.AUTO_FAIL, Sample.DOUBT)
    assert "verified: possible auto-fail of the form" in found[0].reasons
    assert not found[0].blind


@pytest.mark.long
def test_pages_hold_every_item_once_though_some_are_done_in_between(day: ReviewDay) -> None:
    for n in range(9):
        day.audited(f"{n}.wav", ALL_YES | {"verified": "no"})
    day.fill(RISKS)
    in_one = [item.item_id for item in listed(day)]
    seen, after = [], None
    while page := listed(day, limit=2, after=after):
        seen += [item.item_id for item in page]
        after = page[-1].place
        # By number, the next page would leave two out.
        day.write(queue.take, BEN, page[0].item_id, NOW)
        day.write(queue.skip, BEN, page[0].item_id, "no audio", NOW)
    assert len(seen) == 9
    assert seen == in_one


def test_nothing_waits_for_ever(day: ReviewDay) -> None:
    old = day.audited("old.wav", ALL_YES | {"complaint": "no", "care": "NA"}, doubts={"complaint": "x"})
    day.fill(RISKS)
    day.batch("run-2")
    new = day.audited("new.wav", ALL_YES | {"verified": "no"}, doubts={"verified": "x"}, batch_id="run-2")
    day.fill(RISKS, "run-2", days=30)
    assert [item.call_id for item in listed(day)] == [old, new]


@pytest.mark.long
def test_two_people_at_once_get_two_calls(day: ReviewDay) -> None:
    for n in range(8):
        day.audited(f"{n}.wav")
    day.fill()
    start = Barrier(8)

    def take(n: int) -> str:
        start.wait()
        return str(day.write(queue.take_next, Actor(f"p{n}"), now=NOW).call_id)

    with ThreadPoolExecutor(8) as pool:
        taken = list(pool.map(take, range(8)))

    assert len(set(taken)) == 8
    assert day.write(queue.take_next, Actor("late"), now=NOW) is None


def test_of_two_who_take_one_item_exactly_one_gets_it(day: ReviewDay) -> None:
    day.audited("a.wav")
    day.fill()
    (item,) = listed(day)
    start = Barrier(6)

    def take(n: int) -> bool:
        start.wait()
        try:
            day.write(queue.take, Actor(f"p{n}"), item.item_id, NOW)
        except TooLate:
            return False
        return True

    with ThreadPoolExecutor(6) as pool:
        assert sum(pool.map(take, range(6))) == 1
    assert len(day.rows(ReviewEventRow, action="take")) == 1


def test_who_has_an_item_gets_the_same_again(day: ReviewDay) -> None:
    day.audited("a.wav"), day.audited("b.wav")
    day.fill()
    first = day.write(queue.take_next, ANA, now=NOW)
    assert day.write(queue.take_next, ANA, now=NOW).item_id == first.item_id
    assert day.write(queue.take, ANA, first.item_id, NOW).taken_by == "ana"


def test_a_released_item_is_anybodys(day: ReviewDay) -> None:
    day.audited("a.wav")
    day.fill()
    item = day.write(queue.take_next, ANA, now=NOW)
    with pytest.raises(NotForYou, match="ana has call"):
        day.write(queue.release, BEN, item.item_id, NOW)
    assert day.write(queue.release, ANA, item.item_id, NOW).state is ItemState.OPEN
    assert day.write(queue.take_next, BEN, now=NOW).taken_by == "ben"


def test_who_goes_home_does_not_keep_it(day: ReviewDay) -> None:
    day.audited("a.wav")
    day.fill()
    item = day.write(queue.take_next, ANA, now=NOW)
    soon, later = NOW + queue.LEASE - timedelta(minutes=1), NOW + queue.LEASE + timedelta(minutes=1)
    assert day.write(queue.take_next, BEN, now=soon) is None
    assert day.write(queue.take_next, BEN, now=later).item_id == item.item_id
    with pytest.raises(NotForYou, match="ben has call"):
        day.write(queue.release, ANA, item.item_id, later)


def test_nobody_gets_their_own_call(day: ReviewDay) -> None:
    day.audited("a.wav", agent="Lee")
    day.fill()
    lee = Actor("lee", frozenset({"Lee"}))
    (item,) = listed(day)
    assert listed(day, lee) == []
    assert day.write(queue.take_next, lee, now=NOW) is None
    with pytest.raises(NotForYou, match="is the agent of call"):
        day.write(queue.take, lee, item.item_id, NOW)
    assert day.write(queue.assign, ANA, [item.item_id], lee, NOW) == 0


def test_a_call_without_an_agent_is_anybodys(day: ReviewDay) -> None:
    day.audited("a.wav", agent=None)
    day.fill()
    assert day.write(queue.take_next, Actor("lee", frozenset({"Lee"})), now=NOW) is not None


def test_an_assigned_item_is_that_persons(day: ReviewDay) -> None:
    day.audited("a.wav")
    day.fill()
    (item,) = listed(day)
    assert day.write(queue.assign, ANA, [item.item_id], BEN, NOW) == 1
    assert day.write(queue.take_next, ANA, now=NOW) is None
    with pytest.raises(NotForYou, match="assigned to ben"):
        day.write(queue.take, ANA, item.item_id, NOW)
    assert [one.item_id for one in listed(day, BEN, mine=True)] == [item.item_id]
    assert day.write(queue.take_next, BEN, now=NOW).item_id == item.item_id


def test_an_item_is_skipped_with_a_reason(day: ReviewDay) -> None:
    day.audited("a.wav")
    day.fill()
    item = day.write(queue.take_next, ANA, now=NOW)
    with pytest.raises(InvalidInput, match="Say why"):
        day.write(queue.skip, ANA, item.item_id, "  ", NOW)
    skipped = day.write(queue.skip, ANA, item.item_id, "the audio is missing", NOW)
    assert (skipped.state, skipped.skip_reason) == (ItemState.SKIPPED, "the audio is missing")
    assert listed(day) == []
    assert [one.item_id for one in listed(day, states=[ItemState.SKIPPED])] == [item.item_id]
    with pytest.raises(TooLate, match="is skipped"):
        day.write(queue.take, BEN, item.item_id, NOW)


def test_counts_tell_what_is_to_be_done(day: ReviewDay) -> None:
    day.audited("a.wav", ALL_YES | {"verified": "no"})
    day.audited("b.wav")
    day.fill()
    day.write(queue.take_next, ANA, now=NOW)
    found = day.read(items.count_queue, NOW + timedelta(days=2))
    assert (found.open, found.taken, found.overdue) == (1, 1, 1)
    assert found.by_sample == {Sample.RANDOM: 2}  # an auto-fail among them, which is blind


def test_an_unknown_item_is_named(day: ReviewDay) -> None:
    with pytest.raises(InvalidInput, match="no item nope"):
        day.write(queue.take, ANA, "nope", NOW)


def test_items_of_the_random_sample_alone_are_blind_and_of_one_value(day: ReviewDay) -> None:
    day.audited("a.wav", confidence=0.1)
    day.audited("b.wav", confidence=0.99)
    day.fill(EVERYTHING)
    first, second = listed(day)
    assert (first.blind, second.blind) == (True, True)
    assert first.value == second.value
    assert first.questions == ("verified", "complaint", "care")  # silence is measured
    assert replace(first, **dict.fromkeys(("item_id", "call_id", "audit_id", "path"))) == replace(
        second, **dict.fromkeys(("item_id", "call_id", "audit_id", "path"))
    )


def test_a_card_number_in_the_reason_of_a_skip_is_not_kept(day: ReviewDay) -> None:
    day.audited("a.wav", ALL_YES | {"verified": "no"})
    day.fill(RISKS)
    item = day.write(queue.take_next, ANA, now=NOW)
    reason = "  They read 4539 5787 6362 1486 aloud, no more  "
    skipped = day.write(queue.skip, ANA, item.item_id, reason, NOW)
    assert "4539 5787 6362" not in skipped.skip_reason
    assert skipped.skip_reason.startswith("They read")
    assert skipped.skip_reason.endswith("aloud, no more")


def test_no_list_by_sample_tells_what_the_machine_answered_to_a_blind_item(day: ReviewDay) -> None:
    failed, passed = day.audited("a.wav", ALL_YES | {"verified": "no"}), day.audited("b.wav")
    day.fill(ReviewRules.model_validate({**EVERYTHING.model_dump(), "passes": {"pct": 100, "due_days": 7}}))
    telling = (Sample.AUTO_FAIL, Sample.PASSES, Sample.DOUBT, Sample.DISAGREEMENT)
    assert all(item.blind for item in listed(day))
    assert [listed(day, sample=one) for one in telling] == [[]] * 4
    assert {item.call_id for item in listed(day, sample=Sample.RANDOM)} == {failed, passed}
    assert [day.write(queue.take_next, ANA, sample=one, now=NOW) for one in telling] == [None] * 4


def test_what_is_not_blind_is_listed_by_each_of_its_samples(day: ReviewDay) -> None:
    day.audited("a.wav", ALL_YES | {"verified": "no"})
    day.fill(EVERYTHING.model_copy(update={"blind": False}))
    assert len(listed(day, sample=Sample.AUTO_FAIL)) == len(listed(day, sample=Sample.RANDOM)) == 1
    assert day.read(items.count_queue, NOW).by_sample == {Sample.RANDOM: 1, Sample.AUTO_FAIL: 1}
