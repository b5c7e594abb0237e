"""Whoever answers calls blind sees the trends that there would be without them."""

from collections.abc import Collection
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, insert

from include.database.engine import Database
from include.database.models import AnswerRow, AuditRow, CallRow, TrendAnswerRow, TrendScoreRow
from include.trends.coaching import weak_criteria
from include.trends.counting import count_days
from include.trends.criteria import answers_by_week, criteria, groups_of_criterion
from include.trends.dimensions import Dimension
from include.trends.reading import Chosen, Weeks, by_week, groups
from tests.unit.search.conftest import DAY, add_call, call_row
from tests.unit.search.test_filters import answer, audit
from tests.unit.trends.test_counting import Judge, counted, judged

__all__ = ["add_call", "judged"]
WEEKS = Weeks.until(DAY, 2)
# In each of the two weeks, and in one of those before them.
DAYS_BEFORE = (0, 7, 15)
AGENTS, QUEUES, CRITERIA = ("17", "ana"), ("Billing", "Sales"), ("notice", "greeting")

calls = st.lists(
    st.fixed_dictionaries(
        {
            "days_before": st.sampled_from(DAYS_BEFORE),
            "agent_id": st.sampled_from(AGENTS),
            "queue": st.sampled_from([None, *QUEUES]),
            "pct": st.sampled_from([None, 0.0, 50.0, 100.0]),
            "standing": st.sampled_from(["counted", "undetermined", "not_applicable"]),
            "earned": st.sampled_from([0.0, 1.0]),
            "criterion_id": st.sampled_from(CRITERIA),
            "is_blind": st.booleans(),
        }
    ),
    max_size=8,
)


def seen(database: Database, without: Collection[str] = ()) -> list[Any]:
    """All that the pages of trends read."""
    found: list[Any] = []
    with database.reading() as connection:
        for dimension, names in ((Dimension.AGENT, AGENTS), (Dimension.QUEUE, QUEUES)):
            of_all = Chosen("service", dimension, without=without)
            found.append(groups(connection, of_all, WEEKS))
            found += [groups_of_criterion(connection, of_all, one, WEEKS) for one in CRITERIA]
            for name in (None, *names):
                chosen = Chosen("service", dimension, name, without)
                found.append(by_week(connection, chosen, WEEKS))
                answered = criteria(connection, chosen, WEEKS)
                found.append([one for one in answered if one.now.counted or one.now.unknown])
                found += [answers_by_week(connection, chosen, one, WEEKS) for one in CRITERIA]
        for agent in AGENTS:
            weak = weak_criteria(connection, "service", agent, WEEKS, without)
            found.append([one.without(without) for one in weak])
    return found


@pytest.mark.long
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(some=calls)
def test_what_is_kept_back_leaves_what_there_is_without_it(
    database: Database, judged: Judge, some: list[dict[str, Any]]
) -> None:
    blind = {f"c{n}" for n, one in enumerate(some) if one["is_blind"]}
    _store(database, {f"c{n}": one for n, one in enumerate(some) if not one["is_blind"]})
    alone = seen(database)
    _store(database, {f"c{n}": one for n, one in enumerate(some)})
    assert _answered(seen(database, blind)) == _answered(alone)


def test_a_week_of_one_call_is_empty_for_whoever_answers_it(database: Database, judged: Judge) -> None:
    judged("a", 61.25, counted(earned=1.0), agent="Ana", agent_id="17")
    database.write(lambda connection: count_days(connection, [DAY]))
    with database.reading() as connection:
        for_all, blind = Chosen("service"), Chosen("service", without={"a"})
        assert by_week(connection, for_all, WEEKS)[-1].now.mean is not None
        (week,) = [one for one in by_week(connection, blind, WEEKS) if one.monday <= DAY <= one.sunday]
        assert (week.now.calls, week.now.mean, week.now.pass_rate) == (0, None, None)
        assert groups(connection, Chosen("service", Dimension.AGENT, without={"a"}), WEEKS) == ([], [])


def _store(database: Database, calls: dict[str, dict[str, Any]]) -> None:
    with database.writing() as connection:
        for table in (AnswerRow, AuditRow, CallRow, TrendScoreRow, TrendAnswerRow):
            connection.execute(delete(table))
        for call_id, one in calls.items():
            day = DAY - timedelta(days=one["days_before"])
            named = {"agent": f"Agent {one['agent_id']}", "agent_id": one["agent_id"], "queue": one["queue"]}
            connection.execute(insert(CallRow), [call_row(call_id, day, **named)])
            passed = None if one["pct"] is None else one["pct"] >= 75
            connection.execute(insert(AuditRow), [audit(call_id, pct=one["pct"], passed=passed)])
            scored = counted(one["standing"], one["earned"])
            connection.execute(insert(AnswerRow), [answer(call_id, one["criterion_id"], "no") | scored])
        count_days(connection, [DAY - timedelta(days=n) for n in DAYS_BEFORE])


def _answered(found: list[Any]) -> list[Any]:
    """Without groups that have no answer to a criterion: it does not apply to any of their calls."""
    return [
        tuple(
            [one for one in part if getattr(one.now, "counted", 1) or getattr(one.now, "unknown", 1)]
            for part in each
        )
        if isinstance(each, tuple)
        else each
        for each in found
    ]
