"""The certified day counts what was drawn by chance and answered blind, and nothing else."""

from typing import Any

import pytest

from include.database.models import BatchCallRow, ReviewItemRow
from include.review import queue
from include.review.answering import Given, Verdict, answer, finish
from include.review.certifying import CertifiedDays, certify
from include.review.machine import count_machine
from include.review.people import Actor
from include.review.picking import pick
from tests.unit.review.seeding import ALL_YES, ANA, DAY, EVERYTHING, NOW, RISKS, ReviewDay, card

FAILED = ALL_YES | {"verified": "no"}
DAY_AFTER = DAY.replace(day=DAY.day + 1)


@pytest.fixture
def day(day: ReviewDay) -> ReviewDay:
    day.batch()
    return day


def say(day: ReviewDay, item: Any, **truth: str) -> None:
    for name in item.questions:
        said = Given(name, answer=truth.get(name, "yes"), blind=item.blind)
        day.write(answer, ANA, item.item_id, said, NOW)
    day.write(finish, ANA, item.item_id, NOW)


def certified(day: ReviewDay, least: int = 5, **more: Any) -> CertifiedDays:
    day.write(count_machine, [DAY, DAY_AFTER], NOW)
    found = day.read(certify, DAY, least=least, **more)
    assert isinstance(found, CertifiedDays)
    return found


@pytest.mark.long
def test_people_correct_the_machines_rate(day: ReviewDay) -> None:
    for n in range(10):
        day.audited(f"{n:02}.wav", FAILED if n < 4 else ALL_YES)
    day.fill(EVERYTHING)
    wrong = {item["call_id"] for item in day.rows(ReviewItemRow)[:2]}
    for _ in range(10):
        item = day.write(queue.take_next, ANA, now=NOW)
        machine = "no" if item.pct == 0 else "yes"
        truth = ("yes" if machine == "no" else "no") if item.call_id in wrong else machine
        say(day, item, verified=truth)

    found = certified(day)

    assert (found.calls, found.outside, found.drawn, found.answered) == (10, 0, 10, 10)
    assert not found.provisional
    verified = found.rates[0].estimate
    people = sum(row["answer"] == "yes" for row in _answers(day, "verified"))
    assert verified.rate == pytest.approx(people / 10)
    assert verified.machine_rate == 0.6
    assert verified.interval and verified.interval.high - verified.interval.low < 0.01  # all are answered
    assert found.rates[3].estimate.unknown.startswith("too few: 0 of 5")  # silence is measured, not asked


def _answers(day: ReviewDay, criterion_id: str) -> list[dict[str, Any]]:
    from include.database.models import ReviewAnswerRow

    return day.rows(ReviewAnswerRow, criterion_id=criterion_id)


@pytest.mark.long
def test_what_is_not_blind_and_what_was_picked_or_risky_stays_out(day: ReviewDay) -> None:
    for n in range(6):
        day.audited(f"{n}.wav", FAILED)
    picked = day.audited("picked.wav")
    day.fill(RISKS)
    for _ in range(6):
        item = day.write(queue.take_next, ANA, now=NOW)
        day.write(answer, ANA, item.item_id, Given("verified", Verdict.CONFIRM), NOW)
        day.write(finish, ANA, item.item_id, NOW)
    item = day.write(pick, ANA, picked, NOW)
    day.write(answer, ANA, item.item_id, Given("verified", Verdict.CONFIRM), NOW)
    day.write(finish, ANA, item.item_id, NOW)
    found = certified(day)
    assert (found.calls, found.drawn, found.rates[0].estimate.answered) == (7, 0, 0)


@pytest.mark.long
def test_an_answer_that_saw_the_machines_is_told_and_does_not_count(day: ReviewDay) -> None:
    for n in range(6):
        day.audited(f"{n}.wav")
    day.fill(EVERYTHING.model_copy(update={"blind": False}))
    for _ in range(6):
        item = day.write(queue.take_next, ANA, now=NOW)
        for name in item.questions:
            day.write(answer, ANA, item.item_id, Given(name, Verdict.CONFIRM), NOW)
        day.write(finish, ANA, item.item_id, NOW)
    found = certified(day)
    assert (found.answered, found.not_blind, found.rates[0].estimate.answered) == (6, 6, 0)


def test_who_thinks_again_after_the_machines_answer_is_shown_counts_as_they_answered_blind(
    day: ReviewDay,
) -> None:
    day.audited("a.wav", FAILED)
    day.fill(EVERYTHING)
    item = day.write(queue.take_next, ANA, now=NOW)
    day.write(answer, ANA, item.item_id, Given("verified", answer="yes", blind=True), NOW)
    say(day, item, verified="no")
    assert [row["answer"] for row in _answers(day, "verified")] == ["yes", "no"]
    found = certified(day, least=1)
    assert (found.not_blind, found.rates[0].estimate.answered, found.rates[0].estimate.rate) == (0, 1, 1.0)


def test_what_still_waits_makes_it_provisional_and_what_was_skipped_is_told(day: ReviewDay) -> None:
    for n in range(3):
        day.audited(f"{n}.wav")
    day.fill(EVERYTHING)
    say(day, day.write(queue.take_next, ANA, now=NOW))
    item = day.write(queue.take_next, ANA, now=NOW)
    day.write(queue.skip, ANA, item.item_id, "no audio", NOW)
    found = certified(day)
    assert (found.drawn, found.answered, found.skipped, found.provisional) == (3, 1, 1, True)


def test_calls_that_no_rule_has_looked_at_are_outside(day: ReviewDay) -> None:
    day.audited("a.wav")
    day.fill(EVERYTHING)
    day.audited("late.wav")
    assert (certified(day).calls, certified(day).outside) == (1, 1)


def test_a_day_without_calls_is_none(day: ReviewDay) -> None:
    assert (certified(day).scorecard, certified(day).rates) == (None, ())


@pytest.mark.long
def test_what_nobody_can_tell_is_told_and_left_out(day: ReviewDay) -> None:
    for n in range(6):
        day.audited(f"{n}.wav")
    day.fill(EVERYTHING)
    for n in range(6):
        say(day, day.write(queue.take_next, ANA, now=NOW), care="CANNOT_DETERMINE" if n == 0 else "yes")
    care = certified(day).rates[2]
    assert (care.unanswerable, care.estimate.answered) == (1, 5)


@pytest.mark.long
def test_a_week_is_one_sample_and_a_rescore_keeps_it(day: ReviewDay) -> None:
    other = day.batch("run-2", DAY_AFTER)
    calls = [day.audited(f"{n}.wav") for n in range(3)]
    for n in range(3):
        day.audited(f"{n}.wav", day=DAY_AFTER, batch_id=other)
    day.fill(EVERYTHING)
    day.fill(EVERYTHING, other)
    for _ in range(6):
        say(day, day.write(queue.take_next, ANA, now=NOW))
    day.batch("again")
    for call_id in calls:
        day.insert(BatchCallRow, batch_id="again", call_id=call_id)
        day.audit(call_id, FAILED, batch_id="again")
    day.fill(EVERYTHING, "again")
    found = certified(day, last=DAY_AFTER)
    assert (found.calls, found.rates[0].estimate.answered) == (6, 6)
    assert found.rates[0].estimate.rate == 1.0
    assert found.rates[0].estimate.machine_rate == 0.5


@pytest.mark.long
def test_criteria_that_listens_help_most_are_named(day: ReviewDay) -> None:
    for n in range(40):
        day.audited(f"{n:02}.wav", agent=f"a{n}")
    day.fill(EVERYTHING)
    for n in range(12):
        item = day.write(queue.take_next, Actor("ana"), now=NOW)
        say(day, item, verified="no" if n % 2 else "yes")
    found = certified(day, least=10)
    assert found.listen_to[0] == "verified"
    assert found.rates[0].more_answers > found.rates[1].more_answers


@pytest.mark.long
def test_another_version_is_asked_the_same_or_not(day: ReviewDay) -> None:
    calls = [day.audited(f"{n}.wav") for n in range(5)]
    day.fill(EVERYTHING)
    for _ in range(5):
        say(day, day.write(queue.take_next, ANA, now=NOW))
    day.batch("again")
    new = card("2", verified={"text": "Verified by two questions?"})
    for call_id in calls:
        day.insert(BatchCallRow, batch_id="again", call_id=call_id)
        day.audit(call_id, ALL_YES, batch_id="again", scorecard=new)
    day.fill(EVERYTHING, "again")
    found = certified(day)
    assert [one.estimate.answered for one in found.rates] == [0, 5, 5, 0]
