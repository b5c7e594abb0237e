"""Every audit is looked at once; calls are drawn with the chance that is stored; people's answers stay."""

from collections import Counter
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from include.database.models import AuditRow, ReviewDrawRow, ReviewedScoreRow, ReviewFrameRow, ReviewItemRow
from include.review import items, queue
from include.review.answering import Given, Reason, Verdict, answer, finish
from include.review.drawing import draw, either, probability
from include.review.filling import Filled
from include.review.items import ItemState, QueueItem, Sample
from include.review.picking import pick
from include.review.rules import ReviewRules
from include.review.settling import official_score
from tests.unit.review.seeding import ALL_YES, ANA, BEN, DAY, EVERYTHING, NOW, RISKS, ReviewDay, card

FAILED = ALL_YES | {"verified": "no"}


@pytest.fixture
def day(day: ReviewDay) -> ReviewDay:
    day.batch()
    return day


def by_call(day: ReviewDay) -> dict[str, QueueItem]:
    states = list(ItemState)
    return {one.call_id: one for one in day.read(items.list_queue, ANA, states=states, limit=1000, now=NOW)}


def test_a_repetition_finds_nothing_new(day: ReviewDay) -> None:
    for n in range(5):
        day.audited(f"{n}.wav", FAILED if n < 2 else ALL_YES)
    first = day.fill()
    before = day.rows(ReviewDrawRow), day.rows(ReviewItemRow), day.rows(ReviewFrameRow)
    assert (first.considered, first.queued, first.drawn) == (5, 5, {"auto_fails": 2, "random": 5})
    assert day.fill() == Filled()
    assert (day.rows(ReviewDrawRow), day.rows(ReviewItemRow), day.rows(ReviewFrameRow)) == before
    assert all(row["considered_at"] for row in day.rows(AuditRow))


def test_calls_that_come_later_are_looked_at_later(day: ReviewDay) -> None:
    day.audited("a.wav", FAILED)
    day.fill(RISKS)
    late = day.audited("b.wav", FAILED)
    assert day.fill(RISKS).considered == 1
    assert late in by_call(day)


def test_each_doubt_has_its_sample_and_its_questions(day: ReviewDay) -> None:
    proven = day.audited("proven.wav", FAILED)
    unsure = day.audited("unsure.wav", ALL_YES | {"care": "CANNOT_DETERMINE"})
    differs = 'a second opinion differs: first "yes" (a), then "no" (b)'
    contradicted = day.audited("other.wav", ALL_YES, doubts={"complaint": differs})
    day.fill(RISKS)
    found = by_call(day)
    assert (found[proven].samples, found[proven].questions) == ((Sample.AUTO_FAIL,), ("verified",))
    assert (found[unsure].samples, found[unsure].questions) == ((Sample.DOUBT,), ("care",))
    assert (found[contradicted].samples, found[contradicted].questions) == (
        (Sample.DISAGREEMENT,),
        ("complaint",),
    )
    assert found[contradicted].reasons == (f"complaint: {differs}",)


def test_no_more_than_a_rule_allows_and_the_rest_is_told(day: ReviewDay) -> None:
    for n in range(4):
        day.audited(f"{n}.wav", ALL_YES | {"complaint": "no", "care": "NA"}, doubts={"complaint": "x"})
    worst = day.audited("worst.wav", FAILED, doubts={"verified": "x"})
    rules = ReviewRules.model_validate(
        {
            "auto_fails": None,
            "random": None,
            "passes": None,
            "needs_review": {"due_days": 1, "most_per_run": 2},
        }
    )
    found = day.fill(rules)
    assert (found.drawn, found.left_out) == ({"needs_review": 2}, {"needs_review": 3})
    assert worst in by_call(day)


def test_a_call_that_the_scorecard_does_not_fit_is_not_queued(day: ReviewDay) -> None:
    nothing = dict.fromkeys(ALL_YES, "NA")
    day.audited("voicemail.wav", nothing, scorecard=card(silence={"na_rule": "x"}))
    assert day.fill().queued == 0


def test_risk_and_chance_meet_in_one_item(day: ReviewDay) -> None:
    call_id = day.audited("a.wav", FAILED)
    day.fill()
    item = by_call(day)[call_id]
    assert item.samples == (Sample.AUTO_FAIL, Sample.RANDOM)
    assert item.blind
    assert item.questions == ("verified", "complaint", "care")
    (row,) = day.rows(ReviewItemRow)
    assert row["probability"] == 1.0


@pytest.mark.long
def test_an_agent_gives_the_calls_of_a_week_in_its_working_days(day: ReviewDay) -> None:
    rules = ReviewRules.model_validate(
        {"random": {"calls_per_agent_and_week": 2, "due_days": 7}, "passes": None}
    )
    for n in range(5):
        date = DAY + timedelta(days=n)
        batch_id = day.batch(f"day-{n}", date)
        for agent in ("Lee", "Kim", None):
            for k in range(4):
                day.audited(f"{agent}-{k}.wav", batch_id=batch_id, agent=agent, day=date)
        day.fill(rules, batch_id)
    drawn = Counter(row["stratum"] for row in day.rows(ReviewDrawRow))
    assert drawn == {"Lee": 2, "Kim": 2, "": 2}
    assert {row["probability"] for row in day.rows(ReviewDrawRow)} == {0.1}
    assert sum(row["calls"] for row in day.rows(ReviewFrameRow)) == 60


@pytest.mark.long
@settings(max_examples=60, deadline=None)
@given(wanted=st.floats(0.01, 12, allow_nan=False), calls=st.integers(1, 12), step=st.integers(0, 9))
def test_calls_are_drawn_as_often_as_the_chance_says(wanted: float, calls: int, step: int) -> None:
    ids = [str(n) for n in range(calls)]
    drawn = [draw("random", f"week {n}", ids, wanted=wanted, step=step) for n in range(600)]
    share = sum(len(one.call_ids) for one in drawn) / (600 * calls)
    assert share == pytest.approx(probability(wanted, calls), abs=0.06)
    assert {one.probability for one in drawn} == {probability(wanted, calls)}
    assert all(0 < one.probability <= 1 for one in drawn)


def test_the_chance_of_two_rules_is_that_of_either() -> None:
    assert either(0.1, 0.2) == pytest.approx(0.28)
    assert either(0.1, 0.0) == pytest.approx(0.1)


def test_calls_set_aside_for_calibration_are_in_nobodys_queue(day: ReviewDay) -> None:
    rules = ReviewRules.model_validate(
        {"random": None, "passes": None, "calibration": {"calls_per_week": 14}}
    )
    for n in range(6):
        day.audited(f"{n}.wav")
    assert day.fill(rules).drawn == {"calibration": 2}
    assert {one.state for one in by_call(day).values()} == {ItemState.SET_ASIDE}
    assert day.write(queue.take_next, ANA, now=NOW) is None


def reviewed(day: ReviewDay, call_id: str, **given: Any) -> None:
    item = day.write(queue.take, ANA, by_call(day)[call_id].item_id, NOW)
    for name in item.questions:
        said = given.get(name) or Given(name, Verdict.CONFIRM)
        day.write(answer, ANA, item.item_id, said, NOW)
    day.write(finish, ANA, item.item_id, NOW)


WRONG = Given("verified", Verdict.OVERRULE, "yes", Reason.NOT_SAID)


def rescored(day: ReviewDay, call_id: str, answers: dict[str, str], **more: Any) -> str:
    from include.database.models import BatchCallRow

    day.batch("again")
    day.insert(BatchCallRow, batch_id="again", call_id=call_id)
    return day.audit(call_id, answers, batch_id="again", **more)


def test_what_people_said_stands_for_the_next_audit_too(day: ReviewDay) -> None:
    call_id = day.audited("a.wav", FAILED)
    day.fill(RISKS)
    reviewed(day, call_id, verified=WRONG)
    audit_id = rescored(day, call_id, FAILED, scorecard=card("2"))
    assert day.fill(RISKS, "again").carried_over == 1
    assert day.read(official_score, audit_id).pct == 100.0
    assert by_call(day)[call_id].state is ItemState.DONE  # nothing is asked twice


def test_an_answer_to_another_question_does_not(day: ReviewDay) -> None:
    call_id = day.audited("a.wav", FAILED)
    day.fill(RISKS)
    reviewed(day, call_id, verified=WRONG)
    audit_id = rescored(day, call_id, FAILED, scorecard=card("2", verified={"text": "Verified twice?"}))
    assert day.fill(RISKS, "again").carried_over == 0
    assert day.read(official_score, audit_id).pct == 0.0
    assert by_call(day)[call_id].state is ItemState.OPEN
    assert [row["audit_id"] == audit_id for row in day.rows(ReviewedScoreRow)] == [False]


def test_chance_looks_once_whatever_is_rescored(day: ReviewDay) -> None:
    call_id = day.audited("a.wav")
    day.fill(EVERYTHING)
    rescored(day, call_id, FAILED, scorecard=card("2"))
    found = day.fill(EVERYTHING, "again")
    assert found.drawn == {"auto_fails": 1}
    item = by_call(day)[call_id]
    assert (item.samples, item.blind) == ((Sample.AUTO_FAIL, Sample.RANDOM), True)


def test_a_doubt_that_is_gone_asks_nothing_more(day: ReviewDay) -> None:
    call_id = day.audited("a.wav", FAILED)
    day.fill(RISKS)
    rescored(day, call_id, ALL_YES)
    day.fill(RISKS, "again")
    assert by_call(day)[call_id].state is ItemState.WITHDRAWN


def test_anybody_may_pick_a_call_and_it_is_no_random_one(day: ReviewDay) -> None:
    call_id = day.audited("a.wav")
    item = day.write(pick, BEN, call_id, NOW)
    assert (item.taken_by, item.samples, item.questions) == ("ben", (Sample.PICKED,), ())
    day.write(answer, BEN, item.item_id, Given("care", Verdict.OVERRULE, "no", Reason.NOT_SAID), NOW)
    assert day.write(finish, BEN, item.item_id, NOW).after.pct == 83.33
    assert day.write(pick, ANA, call_id, NOW).taken_by == "ana"
    (row,) = day.rows(ReviewItemRow)
    assert row["probability"] is None
