"""Whatever comes between two statements of whatever else: each call ends, and nobody waits in a circle."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import func, select

from include.calls.call import Call, CallState
from include.calls.discovery_rules import Redo
from include.calls.stage import STAGES, Stage
from include.calls.transcript import Transcript
from include.database import batches, calls, planning, recovery, rescores, settling
from include.database.batches import Batch
from include.database.engine import Database
from include.database.models import (
    AuditRow,
    Base,
    BatchCallRow,
    BatchDayRow,
    BatchRow,
    CallRow,
    FailureRow,
    LaneRow,
    OutboxRow,
    ScorecardRow,
    StageResultRow,
    TranscriptRow,
)
from include.database.outcomes import Failure, Outcome, save
from include.database.work import BatchKind, StageJob, has_result
from include.distribution.planner import Shard
from tests.unit.database.interleaving import Interleaving, Operation, Ran
from tests.unit.database.seeding import DAY, HOST, Day, recording, scorecard, success

A, B, C, OLD, OLDER = (recording(f"{name}.wav") for name in ("a", "b", "c", "old", "older"))
FOUND = (A, B, C, OLD, OLDER)
FIRST, SECOND = (Batch(name, DAY, "file:///calls", {"day": str(DAY)}) for name in ("run-1", "run-2"))
RESCORE = Batch("rescore", DAY, "stored", {}, BatchKind.RESCORE)
# Those that the operations write, in order of their keys.
WRITTEN = {BatchCallRow, BatchDayRow, BatchRow, CallRow, FailureRow, LaneRow, OutboxRow, ScorecardRow}
WRITTEN |= {AuditRow, StageResultRow, TranscriptRow}
TABLES = [t.name for t in Base.metadata.sorted_tables if t in {row.__table__ for row in WRITTEN}]


def audited(call: Call, batch_id: str) -> Outcome:
    """What LLM2 saves of a call."""
    transcript = Transcript(call_id=call.call_id, language="en", turns=[])
    heard = {"sha256": transcript.sha256, "language": "en", "transcript": transcript.model_dump(mode="json")}
    audit = {
        "audit_id": f"{batch_id}-{call.path}",
        "call_id": call.call_id,
        "batch_id": batch_id,
        "scorecard_sha256": scorecard().sha256,
        "transcript_sha256": transcript.sha256,
        "llm_identity": "asked",
        "needs_review": False,
        "review_reasons": [],
        "sections": [],
        "created_at": datetime.now(UTC),
    }
    rows = [
        (TranscriptRow, {"call_id": call.call_id, **heard, "created_at": datetime.now(UTC)}),
        (AuditRow, audit),
    ]
    return success(call, state=CallState.AUDITED, rows=rows)


def saves(batch: Batch, stage: Stage, *outcomes: Outcome) -> Operation:
    """A lane saves in order of completion, which is not that of ids."""
    job = StageJob(batch.batch_id, 0, HOST, stage, kind=batch.kind)
    return lambda database: database.write(lambda c: save(c, job, outcomes))


def plans(batch: Batch, redo: Redo, *ended: Batch) -> Operation:
    def plan(database: Database) -> None:
        void = [each.batch_id for each in ended]
        loads = database.write(lambda c: planning.loads_to_plan(c, batch, redo, Stage.DISTRIBUTE, void))
        shards = [Shard(0, HOST, tuple(load.call_id for load in loads), 1.0)] if loads else []
        database.write(lambda c: batches.record_plan(c, batch, shards))

    return plan


def discovers(batch: Batch, found: Sequence[Call]) -> Operation:
    def discover(database: Database) -> None:
        known = database.read(lambda c: {call.path: call for call in calls.calls_of_day(c, DAY)})
        looked = [replace(call, state=known[call.path].state) for call in found]
        database.write(lambda c: calls.record_discovery(c, batch.batch_id, looked, known))

    return discover


def ends(batch: Batch) -> Operation:
    def end(connection: Any) -> None:
        settling.settle(connection, batch)
        if batch.kind is not BatchKind.AUDIT:
            rescores.end_strays(connection, batch)
        batches.close(connection, batch)

    return lambda database: database.write(end)


def rescores_all(database: Database) -> None:
    loads = database.write(lambda c: rescores.loads_to_rescore(c, RESCORE, lambda _: True))
    shard = Shard(0, HOST, tuple(load.call_id for load in loads), 1.0)
    database.write(lambda c: batches.record_plan(c, RESCORE, [shard] if loads else []))


def moves(database: Database) -> None:
    def move(connection: Any) -> None:
        loads = recovery.stranded(connection, FIRST)
        shard = Shard(7, "gpu_b", tuple(load.call_id for load in loads), 1.0)
        recovery.move(connection, FIRST, [shard] if loads else [])

    database.write(move)


def failed(call: Call) -> Failure:
    return Failure(call.call_id, "answer_invalid", "no JSON", state=CallState.FAILED)


OPERATIONS: dict[str, Operation] = {
    "late audits": saves(FIRST, Stage.LLM2, audited(B, "run-1"), audited(A, "run-1")),
    "late failures": saves(FIRST, Stage.LLM2, failed(B), failed(A)),
    "late uploads": saves(FIRST, Stage.DISTRIBUTE, success(C, sha256="2" * 64), success(B, sha256="1" * 64)),
    "end of the first run": ends(FIRST),
    "move": moves,
    "plan": plans(SECOND, Redo.SKIP, FIRST),
    "plan anew": plans(SECOND, Redo.ALL, FIRST),
    "discovery": discovers(SECOND, FOUND),
    "rescore": rescores_all,
    "rescored": saves(RESCORE, Stage.LLM2, audited(OLDER, "rescore"), audited(OLD, "rescore")),
    "rescore fails": saves(RESCORE, Stage.LLM2, failed(OLDER), failed(OLD)),
    "end of the rescore": ends(RESCORE),
}


RETRIED = {"rescore", "rescored", "rescore fails", "end of the rescore"}


@dataclass
class World:
    """A day with two runs: the first was lost in LLM2, the second is about to plan; a rescore is at work."""

    day: Day

    def make(self) -> None:
        self.day.discover(OLD, OLDER, batch_id="run-0")
        nightly = Batch("run-0", DAY, "", {})
        self.day.plan(nightly)
        self.day.audit(nightly, OLD, OLDER, stages=STAGES[:-1])
        self.day.save(nightly, Stage.LLM2, [audited(OLD, "run-0"), audited(OLDER, "run-0")])
        known = [replace(call, state=CallState.AUDITED) for call in (OLD, OLDER)]
        self.day.discover(A, B, C, *known, batch_id="run-1")
        self.day.plan(FIRST)
        self.day.audit(FIRST, A, B, stages=STAGES[:-1])
        self.day.discover(A, B, C, *known, batch_id="run-2")
        with self.day.database.writing() as connection:
            batches.open_batch(connection, replace(RESCORE, scorecard_sha256=scorecard().sha256))
        rescores_all(self.day.database)

    @property
    def url(self) -> str:
        return self.day.database._engine.url.render_as_string(hide_password=False)

    def keep(self) -> None:
        """Copies the tables as they are now."""
        with self.day.database.writing() as connection:
            for name in TABLES:
                connection.exec_driver_sql(f"CREATE TABLE kept_{name} AS SELECT * FROM {name}")

    def restore(self) -> None:
        """Brings them back."""
        filled = "; ".join(f"INSERT INTO {name} SELECT * FROM kept_{name}" for name in TABLES)
        emptied = "; ".join(f"DELETE FROM {name}" for name in reversed(TABLES))
        with self.day.database.writing() as connection:
            connection.exec_driver_sql(f"{emptied}; {filled}")

    def forget(self) -> None:
        with self.day.database.writing() as connection:
            for name in TABLES:
                connection.exec_driver_sql(f"DROP TABLE kept_{name}")

    def check(self, what: str) -> None:
        """What is open has an owner with something to do; what is closed is whole, and told once."""
        with self.day.database.reading() as connection:
            columns = (CallRow.path, CallRow.state, CallRow.claimed_by, has_result(Stage.LLM2).label("done"))
            states = connection.execute(select(*columns)).all()
            whole = connection.execute(
                select(CallRow.path).join(AuditRow).where(AuditRow.superseded_at.is_(None))
            ).scalars()
            whole = set(whole)
            again = select(CallRow.path, BatchCallRow.batch_id).join(BatchCallRow)
            again = again.where(BatchCallRow.state == CallState.PENDING)
            held = {tuple(row) for row in connection.execute(again)}
            run = OutboxRow.payload["data"]["batch_id"].as_string()
            events = connection.execute(
                select(func.count()).where(OutboxRow.call_id.is_not(None)).group_by(OutboxRow.call_id, run)
            ).scalars()
            assert set(events) <= {1}, (what, "an event was queued twice")
        for row in states:
            told = (what, tuple(row))
            match row.state, row.claimed_by:
                case CallState.PENDING, None:
                    pass  # whoever plans takes it
                case CallState.PENDING, _:
                    assert not row.done, told
                case CallState.AUDITED, claim:
                    assert (row.done, row.path in whole) == (True, True), told
                    assert claim is None or (row.path, claim) in held, told
                case state, claim:
                    assert (state, claim) == (CallState.FAILED, None), told

    def alone(self, interleaving: Interleaving, what: str) -> Ran:
        """What an operation does by itself."""
        self.restore()
        ran = interleaving.alone(OPERATIONS[what])
        assert ran.error is None
        self.check(what)
        return ran

    def meet(
        self, interleaving: Interleaving, pair: tuple[str, str], place: int, solo: Mapping[str, Ran]
    ) -> bool:
        """Two operations; whether the second waited for the first."""
        self.restore()
        met = interleaving.at(place, *(OPERATIONS[what] for what in pair))
        for what, ran in zip(pair, (met.first, met.second), strict=True):
            assert ran.error is None, (pair, place, what)
            begun = [each.transactions[-1] for each in (ran, solo[what])]
            # A rescore takes its calls in the order of the run that it repeats: it may meet another halfway,
            # and is tried again.
            assert begun[0] == begun[1] or RETRIED & set(pair), (pair, place, f"{what} was tried again")
        self.check(f"{pair[1]} before statement {place} of {pair[0]}")
        return met.waited


@pytest.fixture
def world(day: Day) -> Iterator[World]:
    made = World(day)
    if made.url.startswith("sqlite"):
        pytest.skip("SQLite has one writer at a time: nothing comes between two statements")
    made.make()
    made.keep()
    yield made
    made.forget()


@pytest.mark.parametrize("first", OPERATIONS)
def test_whatever_comes_between_two_statements_each_call_ends(world: World, first: str) -> None:
    interleaving = Interleaving(world.url)
    solo = {what: world.alone(interleaving, what) for what in OPERATIONS}
    places = solo[first].transactions
    for second in OPERATIONS:
        place = 0
        while place < len(places):
            waited = world.meet(interleaving, (first, second), place, solo)
            this = places[place]
            place += 1
            # What waits has seen nothing of this transaction, wherever else in it it comes.
            while waited and place < len(places) and places[place] == this:
                place += 1
    interleaving.close()
