"""A day is counted as its official scores and answers are, whoever gave them."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, insert, select

from include.database.engine import Database
from include.database.models import (
    AnswerRow,
    AuditRow,
    BatchRow,
    ReviewAnswerRow,
    ReviewedAnswerRow,
    ReviewedScoreRow,
    ScorecardRow,
    TrendAnswerRow,
    TrendScoreRow,
)
from include.trends import coaching
from include.trends.coaching import weak_criteria
from include.trends.counting import count_days, stale_days
from include.trends.criteria import Answers
from include.trends.reading import Weeks
from tests.unit.search.conftest import DAY, NOW, add_call
from tests.unit.search.test_filters import BATCH, SCORECARD, answer, audit

__all__ = ["add_call"]
COUNTED = datetime(2026, 11, 18, tzinfo=UTC)
Judge = Callable[..., None]


@pytest.fixture
def judged(database: Database, add_call: Callable[..., str]) -> Judge:
    """Stores a call of an agent with its audit and answers."""
    with database.writing() as connection:
        connection.execute(insert(BatchRow), [BATCH])
        connection.execute(insert(ScorecardRow), [SCORECARD])

    def store(call_id: str, pct: float | None, *answers: dict[str, Any], **of_call: Any) -> None:
        add_call(call_id, **of_call)
        score = {"pct": pct, "passed": None if pct is None else pct >= 75}
        with database.writing() as connection:
            connection.execute(insert(AuditRow), [audit(call_id, **score)])
            for one in answers:
                connection.execute(insert(AnswerRow), [{**answer(call_id, "notice", "no"), **one}])

    return store


def counted(standing: str = "counted", earned: float = 0.0, **changes: Any) -> dict[str, Any]:
    return {"standing": standing, "earned": earned, "potential": 1.0} | changes


def rows(database: Database, table: Any, **where: Any) -> list[dict[str, Any]]:
    with database.reading() as connection:
        query = select(table.__table__).filter_by(**where).order_by(table.name)
        return [dict(row._mapping) for row in connection.execute(query)]


@pytest.mark.long
def test_scores_are_summed_for_all_and_for_each_group(database: Database, judged: Judge) -> None:
    judged("a", 80.0, agent="Ana", agent_id="17", queue="Billing")
    judged("b", 60.0, agent="Ana", agent_id="17", queue="Sales")
    judged("c", None, agent="Ben")
    judged("d", 100.0, day=DAY + timedelta(days=1))
    with database.writing() as connection:
        count_days(connection, [DAY], COUNTED)

    (all_calls,) = rows(database, TrendScoreRow, dimension="all")
    assert {name: all_calls[name] for name in ("calls", "scored", "sum_pct", "sum_squares")} == {
        "calls": 3,
        "scored": 2,
        "sum_pct": 140.0,
        "sum_squares": 10_000.0,
    }
    assert (all_calls["judged"], all_calls["passed"], all_calls["counted_at"]) == (2, 1, COUNTED)
    agents = rows(database, TrendScoreRow, dimension="agent")
    assert [(one["name"], one["label"], one["calls"]) for one in agents] == [
        ("17", "Ana", 2),
        ("Ben", "Ben", 1),
    ]
    queues = rows(database, TrendScoreRow, dimension="queue")
    assert [(one["name"], one["sum_pct"]) for one in queues] == [("Billing", 80.0), ("Sales", 60.0)]


def test_counting_again_changes_nothing(database: Database, judged: Judge) -> None:
    judged("a", 80.0, counted(earned=1.0), agent="Ana")
    with database.writing() as connection:
        count_days(connection, [DAY, DAY], COUNTED)
    before = rows(database, TrendScoreRow), rows(database, TrendAnswerRow)
    with database.writing() as connection:
        count_days(connection, [DAY], COUNTED)
    assert (rows(database, TrendScoreRow), rows(database, TrendAnswerRow)) == before


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (counted(earned=1.0), (1, 1, 0)),
        (counted(earned=0.5), (1, 0, 0)),
        (counted(earned=0.0), (1, 0, 0)),
        (counted(potential=0.0, auto_fail="form"), (1, 0, 0)),
        (counted(potential=0.0), (0, 0, 0)),
        (counted("unsupported"), (0, 0, 1)),
        (counted("undetermined"), (0, 0, 1)),
        (counted("not_applicable"), (0, 0, 0)),
    ],
)
def test_an_answer_counts_as_its_score_does(
    database: Database, judged: Judge, given: dict[str, Any], expected: tuple[int, int, int]
) -> None:
    judged("a", 80.0, given)
    with database.writing() as connection:
        count_days(connection, [DAY])
    (row,) = rows(database, TrendAnswerRow, dimension="all")
    assert (row["counted"], row["met"], row["unknown"]) == expected


def reviewed(call_id: str, at: datetime) -> dict[str, Any]:
    score = {"audit_id": f"a-{call_id}", "call_id": call_id, "pct": 90.0, "band": "good", "passed": True}
    score |= {"auto_failed": False, "needs_review": False, "review_reasons": [], "sections": []}
    return score | {
        "not_auditable": None,
        "answered": 1,
        "changed": 1,
        "reviewers": ["ann"],
        "reviewed_at": at,
    }


def test_a_day_is_stale_by_its_own_count_not_by_its_neighbours(database: Database, judged: Judge) -> None:
    later, never = DAY + timedelta(days=1), DAY + timedelta(days=2)
    judged("a", 20.0)
    judged("b", 20.0, day=later)
    judged("c", 20.0, day=never)
    with database.writing() as connection:
        count_days(connection, [DAY], NOW - timedelta(hours=3))
        count_days(connection, [later], NOW)
        at = NOW - timedelta(hours=1)
        connection.execute(insert(ReviewedScoreRow), [reviewed(call_id, at) for call_id in "abc"])
        assert stale_days(connection, DAY, never) == [DAY, never]
        assert stale_days(connection, later, later) == []
        assert stale_days(connection, never, never) == [never]


def test_people_have_the_last_word(database: Database, judged: Judge) -> None:
    judged("a", 20.0, counted(earned=0.0), agent="Ana")
    theirs = {"audit_id": "a-a", "criterion_id": "notice", "given": None, "answer": "yes"}
    theirs |= {"standing": "counted", "earned": 1.0, "potential": 1.0, "auto_fail": "none"}
    with database.writing() as connection:
        connection.execute(insert(ReviewedScoreRow), [reviewed("a", NOW)])
        connection.execute(insert(ReviewedAnswerRow), [theirs])
        assert stale_days(connection, DAY, DAY) == [DAY]
        count_days(connection, [DAY], NOW - timedelta(hours=1))
        assert stale_days(connection, DAY, DAY) == [DAY]
        assert stale_days(connection, DAY + timedelta(days=1), date(2027, 1, 1)) == []
        count_days(connection, [DAY], COUNTED)
        assert stale_days(connection, DAY, DAY) == []

    (row,) = rows(database, TrendScoreRow, dimension="agent")
    assert (row["sum_pct"], row["passed"], row["reviewed"]) == (90.0, 1, 1)
    (answers,) = rows(database, TrendAnswerRow, dimension="agent")
    assert answers["met"] == 1


def test_coaching_shows_what_an_agent_meets_less_than_all_and_the_surest_calls(
    database: Database, judged: Judge
) -> None:
    evidence = [{"quote": "no notice", "start_ms": 4200}]
    for n in range(6):
        sure = counted(confidence=0.5 + n / 20, evidence=evidence)
        judged(f"ana{n}", 50.0, sure, agent="Ana")
        judged(f"ben{n}", 90.0, counted(earned=1.0), agent="Ben")
    judged("few", 10.0, counted(), agent="New")
    with database.writing() as connection:
        count_days(connection, [DAY])
        weeks = Weeks.until(DAY)
        (weak,) = weak_criteria(connection, "service", "Ana", weeks)
        assert weak_criteria(connection, "service", "Ben", weeks) == []
        assert weak_criteria(connection, "service", "New", weeks) == []
    assert [one.call_id for one in weak.examples] == ["ana5", "ana4", "ana3"]
    assert (weak.examples[0].quote, weak.examples[0].at_ms, weak.examples[0].by_person) == (
        "no notice",
        4200,
        False,
    )
    assert (weak.criterion_id, weak.own.now) == ("notice", Answers(0, 6))


def test_each_weak_criterion_has_examples_of_its_own_and_of_this_agent_alone(
    database: Database, judged: Judge
) -> None:
    for n in range(5):
        late = {"criterion_id": "closing", **counted(confidence=n / 10)}
        judged(f"ana{n}", 50.0, counted(confidence=0.9 - n / 10), late, agent="Ana", agent_id="17")
        judged(f"ben{n}", 50.0, counted(earned=float(n > 0)), late, agent="Ana", agent_id="18")
        judged(f"17-{n}", 50.0, counted(earned=1.0), late, agent="17", agent_id="19")
    with database.writing() as connection:
        count_days(connection, [DAY])
        weak = weak_criteria(connection, "service", "17", Weeks.until(DAY))
    assert {one.criterion_id: [call.call_id for call in one.examples] for one in weak} == {
        "closing": ["ana4", "ana3", "ana2"],
        "notice": ["ana0", "ana1", "ana2"],
    }


def test_coaching_never_shows_the_machines_evidence_for_an_answer_that_is_not_its_own(
    database: Database, judged: Judge, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(coaching, "_EXAMPLES", 9)
    proof = {"evidence": [{"quote": "hear the notice", "start_ms": 4200}], "justification": "It is given"}
    for n, said in enumerate(("yes", "yes", "no", "no", "no")):
        one = counted(earned=float(said == "yes"), answer=said, confidence=0.9 - n / 10, **proof)
        judged(f"ana{n}", 50.0, one, agent="Ana")
        judged(f"ben{n}", 90.0, counted(earned=1.0), agent="Ben")
    with database.writing() as connection:
        _stands(connection, "ana0", "no", "It comes after the price")
        _stands(connection, "ana1", "no", None)
        _stands(connection, "ana2", "no", "")
        count_days(connection, [DAY])
        (weak,) = weak_criteria(connection, "service", "Ana", Weeks.until(DAY))
    machine = ("hear the notice", 4200, "It is given")
    assert [
        (one.call_id, (one.quote, one.at_ms, one.justification), one.by_person, one.overruled)
        for one in weak.examples
    ] == [
        ("ana0", (None, None, "It comes after the price"), True, True),
        ("ana2", machine, True, False),
        ("ana1", (None, None, ""), False, True),
        ("ana3", machine, False, False),
        ("ana4", machine, False, False),
    ]


def _stands(connection: Connection, call_id: str, said: str, comment: str | None) -> None:
    """An answer given by a person; without a comment, one that follows from another criterion's."""
    its = {"audit_id": f"a-{call_id}", "criterion_id": "notice", "answer": said}
    given = None
    if comment is not None:
        row = {
            "call_id": call_id,
            "kind": "review",
            "verdict": "overrule",
            "machine_answer": "",
            "sample": "",
        }
        row |= {"blind": False, "reviewer": "ann", "answered_at": NOW, "reason": comment}
        (given,) = connection.execute(insert(ReviewAnswerRow).values(**its, **row)).inserted_primary_key or ()
    stands = {"given": given, "standing": "counted", "earned": 0.0, "potential": 1.0, "auto_fail": "none"}
    connection.execute(insert(ReviewedAnswerRow).values(**its, **stands))
