"""What the machine answered, counted by day: the same as counting all answers, and never anybody's own."""

from include.database.models import MachineAnswerRow, MachineDayRow
from include.review import queue
from include.review.answering import Given, Verdict, answer, finish
from include.review.certifying import certify
from include.review.machine import all_uncounted, count_machine, newest_day, read_machine, uncounted
from tests.unit.review.seeding import ALL_YES, ANA, DAY, EVERYTHING, NOW, RISKS, ReviewDay, card

DAY_AFTER = DAY.replace(day=DAY.day + 1)


def _counts(day: ReviewDay) -> dict[tuple[str, str], int]:
    rows = day.rows(MachineAnswerRow)
    return {(row["criterion_id"], row["answer"]): row["calls"] for row in rows}


def test_calls_of_one_scorecard_that_a_rule_has_looked_at(day: ReviewDay) -> None:
    day.batch()
    day.audited("a.wav")
    day.audited("b.wav", ALL_YES | {"verified": "no"})
    day.audited("old.wav", scorecard=card("0"))
    day.fill(EVERYTHING)
    day.audited("late.wav")
    day.write(count_machine, [DAY], NOW)
    (new,) = day.rows(MachineDayRow, scorecard_sha256=card().sha256)
    assert (new["audits"], new["calls"]) == (3, 2)
    found = day.read(read_machine, DAY, DAY)
    assert (found.scorecard_sha256, found.audits, found.calls) == (card().sha256, 3, 2)
    counted = {(row.criterion_id, row.answer): row.calls for row in found.answers}
    assert counted["verified", "yes"] == counted["verified", "no"] == 1
    assert counted["care", "yes"] == 2


def test_counted_twice_it_is_the_same_and_days_are_summed(day: ReviewDay) -> None:
    day.batch()
    day.audited("a.wav")
    other = day.batch("run-2", DAY_AFTER)
    day.audited("b.wav", day=DAY_AFTER, batch_id=other)
    day.fill(EVERYTHING)
    day.fill(EVERYTHING, batch_id=other)
    assert day.read(all_uncounted) == [DAY, DAY_AFTER]
    assert day.read(newest_day) is None
    for _ in range(2):
        day.write(count_machine, [DAY_AFTER, DAY], NOW)
    assert day.read(all_uncounted) == day.read(uncounted, DAY, DAY_AFTER) == []
    assert day.read(newest_day) == DAY_AFTER
    assert day.read(read_machine, DAY, DAY_AFTER).calls == 2
    assert day.read(read_machine, DAY_AFTER, DAY_AFTER).calls == 1


def test_answers_of_people_change_nothing_of_it(day: ReviewDay) -> None:
    day.batch()
    day.audited("a.wav", ALL_YES | {"verified": "no"})
    day.fill(RISKS)
    day.write(count_machine, [DAY], NOW)
    before = _counts(day)
    item = day.write(queue.take_next, ANA, now=NOW)
    day.write(
        answer, ANA, item.item_id, Given("verified", Verdict.OVERRULE, "yes", reason="said_otherwise"), NOW
    )
    day.write(finish, ANA, item.item_id, NOW)
    day.write(count_machine, [DAY], NOW)
    assert _counts(day) == before
    assert before["verified", "no"] == 1


def test_a_day_that_nobody_has_counted_is_none(day: ReviewDay) -> None:
    day.batch()
    day.audited("a.wav")
    day.fill(EVERYTHING)
    found = day.read(certify, DAY)
    assert (found.scorecard, found.rates) == (None, ())
    assert day.read(uncounted, DAY, DAY_AFTER) == [DAY]
