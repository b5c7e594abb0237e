"""What is asked of the database once in a while asks as often for a thousand calls as for ten."""

from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import replace

import pytest
from sqlalchemy import event

from include.calls.call import CallState
from include.calls.discovery_rules import Redo
from include.calls.stage import STAGES, Stage
from include.database import batches, calls, hosts, planning, recovery, settling
from include.database.batches import Batch
from include.database.outcomes import Failure, save
from include.database.progress import stage_progress
from include.database.work import StageJob
from include.distribution.planner import Shard
from tests.unit.database.seeding import DAY, HOST, Day, recording, success

FEW, MANY = 10, 1_000
FOUND = [recording(f"{number:04}.wav") for number in range(MANY)]


@contextmanager
def counted(day: Day):
    statements: list[str] = []

    def count(_c, _cursor, statement, *_rest) -> None:
        statements.append(statement)

    engine = day.database._engine
    event.listen(engine, "before_cursor_execute", count)
    try:
        yield statements
    finally:
        event.remove(engine, "before_cursor_execute", count)


def discover_known(day: Day, found: list) -> None:
    known = day.database.read(lambda c: {call.path: call for call in calls.calls_of_day(c, DAY)})
    same = list(known.values())
    day.database.write(lambda c: calls.record_discovery(c, "run-1", same, known))


def discover_changed(day: Day, found: list) -> None:
    known = day.database.read(lambda c: {call.path: call for call in calls.calls_of_day(c, DAY)})
    changed = [replace(c, state=CallState.SKIPPED, state_reason="short") for c in known.values()]
    day.database.write(lambda c: calls.record_discovery(c, "run-1", changed, known))


def originals(day: Day, found: list) -> None:
    sampled = [replace(call, sample_sha256=call.call_id) for call in found]
    day.database.read(lambda c: calls.originals_of_other_days(c, DAY, sampled))


def plan(day: Day, found: list) -> None:
    def planned(connection) -> None:
        loads = planning.loads_to_plan(connection, batch(day), Redo.ALL, Stage.DISTRIBUTE)
        batches.has_gpu_work(connection, batch(day))
        batches.record_plan(connection, batch(day), [Shard(0, HOST, tuple(x.call_id for x in loads), 1.0)])

    day.database.write(planned)


def watch(day: Day, found: list) -> None:
    with day.database.reading() as connection:
        hosts.troubles(connection, "run-1")
        hosts.measured_speeds(connection, "run-1")
        hosts.audio_left(connection, "run-1")
        hosts.audio_left(connection, "run-1", ~hosts.is_begun())
        recovery.movable(connection, batch(day), [HOST], [])
        stage_progress(connection, "run-1")


def settle(day: Day, found: list) -> None:
    lost = [Failure(c.call_id, "host_lost", f"{c.path} was lost") for c in found]
    day.save(batch(day), Stage.STT, lost)
    day.database.write(lambda c: settling.settle(c, batch(day)))


def close(day: Day, found: list) -> None:
    day.database.write(lambda c: batches.close(c, batch(day)))


def save_all(day: Day, found: list) -> None:
    job = StageJob("run-1", 0, HOST, Stage.DISTRIBUTE)
    received = [success(c, sha256=c.call_id[-20:].ljust(64, "0")) for c in found]
    day.database.write(lambda c: save(c, job, received))


def batch(_: Day) -> Batch:
    return Batch("run-1", DAY, "file:///calls", {})


@pytest.mark.parametrize(
    "operation",
    [discover_known, discover_changed, originals, plan, watch, settle, close, save_all],
)
@pytest.mark.long
def test_a_thousand_calls_cost_as_many_statements_as_ten(day: Day, operation: Callable) -> None:
    counts = {}
    for calls_of_day in (FEW, MANY):
        day.clear()
        found = FOUND[:calls_of_day]
        run = day.planned(*found)
        day.audit(run, *found, stages=STAGES[:2])
        with counted(day) as statements:
            operation(day, found)
        counts[calls_of_day] = len(statements)
    assert counts[FEW] == counts[MANY] <= 60, counts


def test_a_batchs_claims_are_asked_of_each_call_and_not_looked_up_by_their_index(day: Day) -> None:
    """Claims that are a moment old are in no statistics: PostgreSQL went through all for each call."""
    batch_of_day = day.planned(*FOUND[:FEW])
    plans: list[str] = []

    def explain(connection, cursor, statement, parameters, *_rest) -> None:
        if statement.startswith("SELECT") and "batch_calls" in statement and "claimed_by" in statement:
            how = "EXPLAIN QUERY PLAN " if connection.dialect.name == "sqlite" else "EXPLAIN "
            rows = cursor.connection.execute(how + statement, parameters).fetchall()
            plans.append("\n".join(str(row) for row in rows))

    engine = day.database._engine
    event.listen(engine, "before_cursor_execute", explain)
    with day.database.writing() as connection:
        batches.claimed_loads(connection, batch_of_day)
        batches.has_gpu_work(connection, batch_of_day)
        settling.settle(connection, batch_of_day)
    event.remove(engine, "before_cursor_execute", explain)
    assert len(plans) == 4
    assert not [plan for plan in plans if "ix_calls_claimed_by" in plan]
