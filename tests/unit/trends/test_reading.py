"""Weeks add up, groups are compared only where their calls allow it."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import insert

from include.database.engine import Database
from include.database.models import TrendAnswerRow, TrendScoreRow
from include.trends.criteria import Answers, answers_by_week, criteria, groups_of_criterion
from include.trends.dimensions import Dimension
from include.trends.reading import (
    FEWEST_CALLS,
    Chosen,
    Weeks,
    by_week,
    groups,
    newest_day,
    scorecards_counted,
)

MONDAY = date(2026, 11, 9)


def scores(day: date, name: str, *pcts: float, dimension: str = "agent", **changes: Any) -> dict[str, Any]:
    row = {"day": day, "scorecard_id": "service", "dimension": dimension, "name": name, "label": name.title()}
    row |= {"calls": len(pcts), "scored": len(pcts), "sum_pct": sum(pcts)}
    row |= {"sum_squares": sum(one**2 for one in pcts), "judged": len(pcts)}
    row |= {"passed": sum(one >= 75 for one in pcts), "auto_failed": 0, "needs_review": 0, "reviewed": 0}
    row["counted_at"] = datetime(2026, 11, 17, tzinfo=UTC)
    return row | changes


def store(database: Database, *rows: dict[str, Any], table: type = TrendScoreRow) -> None:
    with database.writing() as connection:
        connection.execute(insert(table), list(rows))


@given(day=st.dates(date(2020, 1, 1), date(2030, 1, 1)), weeks=st.integers(1, 60))
def test_weeks_are_whole_and_end_with_the_one_of_the_day(day: date, weeks: int) -> None:
    found = Weeks.until(day, weeks)
    assert (found.first.weekday(), found.last.weekday()) == (0, 6)
    assert found.last - timedelta(days=6) <= day <= found.last
    assert len(found.mondays) == weeks
    assert found.before.last == found.first - timedelta(days=1)
    assert len(found.before.mondays) == weeks


def test_days_add_up_to_their_week_and_an_empty_week_is_shown(database: Database) -> None:
    store(
        database,
        scores(MONDAY, "", 80.0, 90.0, dimension="all"),
        scores(MONDAY + timedelta(days=6), "", 70.0, dimension="all"),
        scores(MONDAY - timedelta(weeks=2), "", 50.0, dimension="all"),
    )
    with database.reading() as connection:
        found = by_week(connection, Chosen("service"), Weeks.until(MONDAY, 3))
    assert [(one.monday, one.now.calls) for one in found] == [
        (MONDAY - timedelta(weeks=2), 1),
        (MONDAY - timedelta(weeks=1), 0),
        (MONDAY, 3),
    ]
    now = found[-1].now
    assert now.mean is not None
    assert now.pass_rate is not None
    assert (now.mean.value, now.pass_rate.value) == pytest.approx((80.0, 2 / 3))
    assert found[1].now.mean is None
    assert (found[-1].sunday, found[-1].before) == (MONDAY + timedelta(days=6), found[1].now)


def test_nobody_is_ranked_by_few_calls(database: Database) -> None:
    enough = [60.0 + n for n in range(FEWEST_CALLS)]
    store(
        database,
        scores(MONDAY, "zoe", *enough),
        scores(MONDAY, "ana", *(one + 20 for one in enough)),
        scores(MONDAY, "new", 0.0),
        scores(MONDAY, "bob", *[1.0] * (FEWEST_CALLS - 1)),
    )
    with database.reading() as connection:
        ranked, few = groups(connection, Chosen("service", Dimension.AGENT), Weeks.until(MONDAY))
    assert [one.name for one in ranked] == ["zoe", "ana"]
    assert [one.label for one in few] == ["Bob", "New"]


def test_a_change_is_one_that_chance_would_not_make(database: Database) -> None:
    before = MONDAY - timedelta(weeks=1)
    store(
        database,
        scores(before, "fell", *[90.0, 91.0, 89.0] * 5),
        scores(MONDAY, "fell", *[60.0, 61.0, 59.0] * 5),
        scores(before, "wobbles", *[50.0, 90.0, 70.0] * 5),
        scores(MONDAY, "wobbles", *[55.0, 95.0, 70.0] * 5),
        scores(MONDAY, "begins", *[55.0, 95.0, 70.0] * 5),
    )
    with database.reading() as connection:
        ranked, _ = groups(connection, Chosen("service", Dimension.AGENT), Weeks.until(MONDAY, 1))
    assert {one.name: one.changed for one in ranked} == {"fell": True, "wobbles": False, "begins": False}


def test_a_week_is_compared_with_the_one_before_it_though_that_is_not_shown(database: Database) -> None:
    store(
        database,
        scores(MONDAY - timedelta(weeks=2), "", *[90.0, 91.0, 89.0] * 5, dimension="all"),
        scores(MONDAY - timedelta(weeks=1), "", *[60.0, 61.0, 59.0] * 5, dimension="all"),
        scores(MONDAY, "", *[60.0, 61.0, 59.5] * 5, dimension="all"),
    )
    with database.reading() as connection:
        fell, stayed = by_week(connection, Chosen("service"), Weeks.until(MONDAY, 2))
    assert fell.before.mean is not None
    assert (fell.changed, fell.before.mean.value, stayed.changed) == (True, 90.0, False)


def answers(name: str, counted: int, met: int, unknown: int = 0, **changes: Any) -> dict[str, Any]:
    row = {"day": MONDAY, "scorecard_id": "service", "dimension": "agent", "name": name}
    row |= {"criterion_id": "greeting", "counted": counted, "met": met, "unknown": unknown}
    return row | changes


def test_criteria_are_those_of_the_chosen_group_the_least_met_first(database: Database) -> None:
    store(
        database,
        answers("ana", 10, 9, 1),
        answers("ana", 10, 2, criterion_id="notice"),
        answers("ana", 0, 0, 3, criterion_id="refund"),
        answers("ben", 10, 0),
        table=TrendAnswerRow,
    )
    with database.reading() as connection:
        found = criteria(connection, Chosen("service", Dimension.AGENT, "ana"), Weeks.until(MONDAY))
    assert [(one.name, one.now) for one in found] == [
        ("notice", Answers(2, 8)),
        ("greeting", Answers(9, 1, 1)),
        ("refund", Answers(0, 0, 3)),
    ]
    assert [one.now.share.value if one.now.share else None for one in found] == [0.2, 0.9, None]


def test_a_criterion_by_week_is_the_groups_own_and_a_week_without_answers_is_shown(
    database: Database,
) -> None:
    before = MONDAY - timedelta(weeks=2)
    store(
        database,
        answers("ana", 20, 19, day=before),
        answers("ana", 9, 1),
        answers("ana", 11, 1, 2, day=MONDAY + timedelta(days=6)),
        answers("ana", 10, 10, criterion_id="notice"),
        answers("ben", 10, 10),
        table=TrendAnswerRow,
    )
    chosen = Chosen("service", Dimension.AGENT, "ana")
    with database.reading() as connection:
        found = answers_by_week(connection, chosen, "greeting", Weeks.until(MONDAY, 3))
    assert [(one.monday, one.now, one.changed) for one in found] == [
        (before, Answers(19, 1), False),
        (MONDAY - timedelta(weeks=1), Answers(), False),
        (MONDAY, Answers(2, 18, 2), False),
    ]


def test_groups_of_a_criterion_are_ranked_only_with_answers_enough(database: Database) -> None:
    week = timedelta(weeks=1)
    store(
        database,
        answers("ana", 50, 45),
        answers("ana", 50, 10, day=MONDAY - week),
        answers("ben", FEWEST_CALLS, 1),
        answers("new", FEWEST_CALLS - 1, 0),
        answers("bob", 0, 0, 40),
        answers("gone", 50, 50, day=MONDAY - week),
        answers("ana", 50, 0, criterion_id="notice"),
        answers("sales", 50, 0, dimension="queue"),
        table=TrendAnswerRow,
    )
    store(database, scores(MONDAY, "ana", 80.0, label="Ana Díaz"))
    with database.reading() as connection:
        chosen = Chosen("service", Dimension.AGENT)
        ranked, few = groups_of_criterion(connection, chosen, "greeting", Weeks.until(MONDAY, 1))
    assert [(one.label, one.now.met, one.before.met, one.changed) for one in ranked] == [
        ("ben", 1, 0, False),
        ("Ana Díaz", 45, 10, True),
    ]
    assert [one.name for one in few] == ["bob", "new"]


def test_scorecards_are_those_that_were_used_the_latest_first(database: Database) -> None:
    store(
        database,
        scores(MONDAY, "", 80.0, dimension="all"),
        scores(MONDAY + timedelta(days=1), "", 80.0, dimension="all", scorecard_id="sales"),
    )
    with database.reading() as connection:
        assert scorecards_counted(connection) == ["sales", "service"]
        assert newest_day(connection, "service") == MONDAY
        assert newest_day(connection, "none") is None
