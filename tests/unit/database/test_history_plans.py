"""A run's calls are found among those of two months of runs without reading all of these.

By the costs that PostgreSQL comes with: it takes a run's calls for so many that it would rather read all.
"""

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

import pytest
from sqlalchemy import Connection, insert, text

from include.alerts.conditions import of_dead_letters
from include.calls.call import Call
from include.calls.discovery_rules import Redo
from include.calls.stage import Stage
from include.database import batches, days, deliveries, hosts, planning, recovery, settling
from include.database.batches import Batch
from include.database.copies import late_copies
from include.database.models import AuditRow, Base, BatchCallRow, BatchRow, CallRow, OutboxRow, StageResultRow
from include.database.progress import stage_progress
from include.database.spending import count_stopped
from include.database.work import StageJob, counts, pending_calls
from include.delivery import outcome
from include.delivery.work import measure_stages
from include.review.filling import fill
from include.review.machine import count_machine
from include.review.rules import ReviewRules
from include.trends.counting import count_days, days_of_run
from tests.history.statements import heard
from tests.unit.database.seeding import DAY, HOST, Day, recording, scorecard

FOUND = [recording(f"{number:04}.wav") for number in range(500)]
NOON = datetime(2026, 11, 17, 12, tzinfo=UTC)
OLDER_DAYS = [date(2026, month, number) for month in (9, 10) for number in range(1, 29)]
# The other tables have next to no rows.
HELD = {"calls", "batch_calls", "stage_results", "audits"}
JOB = StageJob("run-1", 0, HOST, Stage.DENOISE)
UPLOAD = StageJob("run-1", 0, HOST, Stage.DISTRIBUTE)

Asked = Callable[[Connection, Batch], object]
ASKED: dict[str, Asked] = {
    "other batches that work on them": batches.claimants,
    "other batches that hold them": batches.holders,
    "what has GPU work": batches.has_gpu_work,
    "what it works on": batches.claimed_loads,
    "the ledger": lambda c, batch: batches.ledger_of(c, batch.batch_id),
    "the ledger by day": lambda c, batch: days.ledgers_by_day(c, batch.batch_id),
    "late calls": lambda c, batch: days.late_calls(c, batch.batch_id),
    "its days": lambda c, batch: days_of_run(c, batch.batch_id),
    "audio left": lambda c, batch: hosts.audio_left(c, batch.batch_id),
    "progress": lambda c, batch: stage_progress(c, batch.batch_id),
    "what can be moved": lambda c, batch: recovery.movable(c, batch, [HOST], []),
    "what waits for money": lambda c, batch: count_stopped(c, batch.batch_id),
    "figures of its stages": lambda c, batch: measure_stages(c, batch.batch_id),
    "what hosts hold": lambda c, batch: batches.held_on_hosts(c, batch.batch_id),
    "what is reviewed": lambda c, batch: fill(c, batch.batch_id, ReviewRules()),
    "trends of its day": lambda c, batch: count_days(c, [batch.day]),
    "the machine's answers of its day": lambda c, batch: count_machine(c, [batch.day]),
    "its outcome": lambda c, batch: outcome.count_outcome(c, batch.batch_id),
    "a shard's counts": lambda c, _: counts(c, JOB),
    "a shard's calls": lambda c, _: pending_calls(c, JOB),
    "late copies": lambda c, _: late_copies(c, UPLOAD, {FOUND[0].call_id: "5" * 64}),
    "settling": settling.settle,
    "planning": lambda c, batch: planning.loads_to_plan(c, batch, Redo.ALL, Stage.DISTRIBUTE),
    "closing": batches.close,
}


def _copy(connection: Connection, table: type[Base], where: str, **changed: str) -> None:
    names = [column.name for column in table.__table__.columns if column.name != "id"]
    made = ", ".join(changed.get(name, name) for name in names)
    rows = f"SELECT {made} FROM {table.__tablename__} WHERE {where}"
    connection.execute(text(f"INSERT INTO {table.__tablename__} ({', '.join(names)}) {rows}"))


def _audit(call: Call) -> dict[str, Any]:
    return {
        **{"audit_id": call.call_id, "call_id": call.call_id, "batch_id": "run-1", "created_at": NOON},
        **{"scorecard_sha256": scorecard().sha256, "transcript_sha256": "t", "llm_identity": "l"},
        **{"pct": 80.0, "band": "good", "auto_failed": False, "needs_review": False},
        **{"review_reasons": [], "sections": []},
    }


@pytest.fixture
def run(day: Day) -> Batch:
    """A run of 500 calls, after 56 of as many, which the database knows of."""
    batch = day.planned(*FOUND)
    day.audit(batch, *FOUND, stages=[Stage.DISTRIBUTE])
    day.database.write(lambda connection: connection.execute(insert(AuditRow), [_audit(c) for c in FOUND]))
    of_run, of_day = "batch_id = 'run-1'", f"day = '{DAY}'"
    with day.database.writing() as connection:
        for older in OLDER_DAYS:
            batch_id, own_day = f"'audit-of-{older}'", f"'{older}'"
            call_id = f"'{older:%Y%m%d}' || substr(call_id, 9)"
            _copy(connection, BatchRow, of_run, batch_id=batch_id, day=own_day)
            _copy(connection, CallRow, of_day, call_id=call_id, day=own_day, claimed_by="NULL")
            own = {"batch_id": batch_id, "call_id": call_id}
            for table in (BatchCallRow, StageResultRow):
                _copy(connection, table, of_run, **own)
            _copy(connection, AuditRow, of_run, **own, audit_id=call_id)
        if connection.dialect.name == "postgresql":  # it does so by itself; nobody does that for SQLite
            connection.execute(text("ANALYZE"))
    return batch


@pytest.mark.long
def test_a_runs_calls_are_found_without_reading_those_of_all_runs(day: Day, run: Batch) -> None:
    scans = []
    for name, asked in ASKED.items():
        with day.database.reading() as connection:
            with heard(explained=True, by_choice=False) as found:
                asked(connection, run)
            connection.rollback()
        assert found.statements, name
        scans += [(name, table, sql) for table, sql in found.scans if table in HELD]
    assert not scans, "\n\n".join(f"{name}: all of {table} is read by\n{sql}" for name, table, sql in scans)


def test_dead_letters_are_found_among_all_events_by_an_index(day: Day) -> None:
    def event(number: int) -> dict[str, Any]:
        made = {"event_id": f"{number:05}", "event_type": "call.audited", "payload": {}, "created_at": NOON}
        return made | {"delivered_at": NOON, "attempts": 1, "receiver": "crm", "last_status": 200}

    with day.database.writing() as connection:
        connection.execute(insert(OutboxRow), [event(number) for number in range(5000)])
        if connection.dialect.name == "postgresql":
            connection.execute(text("ANALYZE webhook_outbox"))
    asked = (
        deliveries.dead_letters,
        lambda c: deliveries.gone_event(c, "crm"),
        lambda c: of_dead_letters(c, NOON),
    )
    with day.database.reading() as connection, heard(explained=True, by_choice=False) as found:
        for one in asked:
            one(connection)
    assert len(found.statements) == len(asked)
    assert not found.scans
