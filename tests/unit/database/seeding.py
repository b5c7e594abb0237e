"""Days of calls in cofi's database, brought there by the functions that cofi itself uses."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cache
from typing import Any

from sqlalchemy import Connection, select

from include.calls.call import Call, CallState, call_id_for
from include.calls.days import DayState, JudgedDay, Verdict
from include.calls.discovery_rules import Redo
from include.calls.stage import Stage
from include.database import batches, calls, days, planning, scorecards
from include.database.batches import Batch
from include.database.engine import Database
from include.database.models import Base, CallRow
from include.database.outcomes import Outcome, Success, save
from include.database.work import PendingCall, StageJob, pending_calls
from include.distribution.planner import Shard
from include.scorecards.loading import SHIPPED_SCORECARD, load_scorecard
from include.scorecards.schema import Scorecard

DAY = date(2026, 11, 16)
HOST, LLM = "gpu_a", "llm.example"


@cache
def scorecard() -> Scorecard:
    """The one that comes with cofi."""
    return load_scorecard(SHIPPED_SCORECARD)


def recording(path: str = "a.wav", day: date = DAY, **changes: Any) -> Call:
    """A call as discovery describes it."""
    description: dict[str, Any] = {
        "uri": f"file:///calls/{day}/{path}",
        "size_bytes": 48_044,
        "modified_at": datetime(2026, 11, 16, 20, 30, tzinfo=UTC),
        "duration_s": 3.0,
        "sample_rate_hz": 8000,
        "channels": 1,
    }
    return Call(call_id_for(day, path), day, path, **description | changes)


def success(call: Call | str, **changes: Any) -> Success:
    """A stage's result for a call."""
    call_id = call if isinstance(call, str) else call.call_id
    description: dict[str, Any] = {
        "worker": HOST,
        "engine": "engine 1",
        "seconds": 1.5,
        "result": {"made_by": "test"},
    }
    return Success(call_id, **description | changes)


def delete_all(connection: Connection) -> None:
    """Deletes all rows. As text: SQLAlchemy would compile a statement for each table, for each test."""
    for table in reversed(Base.metadata.sorted_tables):
        connection.exec_driver_sql(f"DELETE FROM {table.name}")


@dataclass
class Day:
    """What tests do to a database, and what they read of it."""

    database: Database

    def open(self, batch_id: str = "run-1", day: date = DAY) -> Batch:
        """Opens a batch."""
        batch = Batch(batch_id, day, "file:///calls", {"day": str(day)}, scorecard_sha256=scorecard().sha256)
        with self.database.writing() as connection:
            scorecards.record(connection, scorecard())
            batches.open_batch(connection, batch)
        return batch

    def discover(self, *found: Call, batch_id: str = "run-1", day: date = DAY) -> Batch:
        """Opens a batch that finds these calls."""
        batch = self.open(batch_id, day)
        with self.database.writing() as connection:
            known = {call.path: call for call in calls.calls_of_day(connection, day)}
            calls.record_discovery(connection, batch_id, found, known)
            looked_at = JudgedDay(day, DayState.OK, Verdict.OK, len(found))
            days.record_day(connection, batch_id, looked_at)
        return batch

    def plan(
        self,
        batch: Batch,
        redo: Redo = Redo.SKIP,
        first_stage: Stage = Stage.DISTRIBUTE,
        host: str = HOST,
        others_have_ended: bool = True,
    ) -> list[str]:
        """Puts all that is to be done into shard 0 of one host; ids of the calls."""
        with self.database.writing() as connection:
            others = batches.holders(connection, batch) if others_have_ended else ()
            loads = planning.loads_to_plan(connection, batch, redo, first_stage, list(others))
            call_ids = [load.call_id for load in loads]
            if call_ids:
                batches.record_plan(connection, batch, [Shard(0, host, tuple(call_ids), 1.0)])
        return call_ids

    def planned(self, *found: Call, batch_id: str = "run-1") -> Batch:
        """Opens a batch, and plans it."""
        batch = self.discover(*found, batch_id=batch_id)
        self.plan(batch)
        return batch

    def save(self, batch: Batch, stage: Stage, outcomes: Sequence[Outcome], attempt: int = 1) -> None:
        """Writes what came of a stage."""
        with self.database.writing() as connection:
            save(connection, StageJob(batch.batch_id, 0, HOST, stage, attempt), outcomes)

    def audit(self, batch: Batch, *found: Call | str, stages: Iterable[Stage] = tuple(Stage)) -> None:
        """Brings calls through stages; LLM2 ends them."""
        for stage in stages:
            state = CallState.AUDITED if stage is Stage.LLM2 else None
            self.save(batch, stage, [success(call, state=state) for call in found])

    def clear(self) -> None:
        """Deletes all rows."""
        self.database.write(delete_all)

    def pending(self, batch: Batch, stage: Stage) -> list[PendingCall]:
        """What a stage has to do in shard 0."""
        with self.database.reading() as connection:
            return pending_calls(connection, StageJob(batch.batch_id, 0, HOST, stage))

    def rows(self, table: type[Base], **where: object) -> list[dict[str, Any]]:
        """Rows of a table in order of writing, or of their keys."""
        columns = table.__table__
        order = columns.c.id if "id" in columns.c else columns.primary_key.columns.values()[0]
        query = select(columns).filter_by(**where).order_by(order)
        with self.database.reading() as connection:
            return [dict(row) for row in connection.execute(query).mappings()]

    def state_of(self, call: Call) -> tuple[str, str | None]:
        """Where a call stands, and why."""
        (row,) = self.rows(CallRow, call_id=call.call_id)
        return row["state"], row["state_reason"]
