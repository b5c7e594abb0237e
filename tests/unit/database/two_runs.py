"""A day with two runs and a rescore at work, and what must hold of it whatever they do."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, func, select
from sqlalchemy.orm import aliased

from include.calls.call import Call, CallState
from include.calls.discovery_rules import Redo
from include.calls.stage import STAGES, Stage
from include.calls.transcript import Transcript
from include.database import batches, calls, planning, recovery, rescores, settling
from include.database.batches import Batch
from include.database.engine import Database
from include.database.models import (
    AuditRow,
    BatchCallRow,
    BatchRow,
    CallRow,
    OutboxRow,
    StageResultRow,
    TranscriptRow,
)
from include.database.outcomes import Failure, Outcome, save
from include.database.work import STATE, BatchKind, StageJob, has_result
from include.distribution.planner import Shard
from tests.unit.database.interleaving import Operation
from tests.unit.database.seeding import DAY, HOST, Day, recording, scorecard, success

A, B, C, HEARD, OLD, OLDER, AGAIN, ANEW, STUCK = (
    recording(f"{name}.wav") for name in ("a", "b", "c", "heard", "old", "older", "again", "anew", "stuck")
)
NEW, KNOWN = (A, B, C, HEARD), (OLD, OLDER, AGAIN, ANEW)
BEFORE, FIRST, SECOND = (
    Batch(name, DAY, "file:///calls", {"day": str(DAY)}) for name in ("run-0", "run-1", "run-2")
)
RESCORE = Batch("rescore", DAY, "stored", {}, BatchKind.RESCORE)


def make(day: Day) -> None:
    """The first run was lost in LLM2, of some calls as it did them again; the second is about to plan.

    The run before has ended, and its ledger did not close: of one call nobody knows what became of it.
    """
    day.discover(*KNOWN, STUCK, batch_id="run-0")
    day.plan(BEFORE)
    day.audit(BEFORE, *KNOWN, stages=STAGES[:-1])
    day.save(BEFORE, Stage.LLM2, [audited(call, "run-0") for call in KNOWN])
    ends(BEFORE)(day.database)
    with day.database.writing() as connection:
        batches.open_batch(connection, replace(RESCORE, scorecard_sha256=scorecard().sha256))
    rescores_all(day.database, {OLD.call_id, OLDER.call_id})
    known = [replace(call, state=CallState.AUDITED) for call in KNOWN]
    day.discover(*NEW, *known, batch_id="run-1")
    day.plan(FIRST, Redo.ALL, others_have_ended=False)
    day.audit(FIRST, A, B, AGAIN, ANEW, stages=STAGES[:-1])
    day.audit(FIRST, HEARD, stages=[Stage.DISTRIBUTE, Stage.DENOISE, Stage.IVR])
    day.discover(*NEW, *known, batch_id="run-2")


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


def failed(call: Call) -> Failure:
    """A call that LLM2 gives up."""
    return Failure(call.call_id, "answer_invalid", "no JSON", state=CallState.FAILED)


def saves(batch: Batch, stage: Stage, *outcomes: Outcome) -> Operation:
    """A lane saves in order of completion, which is not that of ids."""
    job = StageJob(batch.batch_id, 0, HOST, stage, kind=batch.kind)
    return lambda database: database.write(lambda c: save(c, job, outcomes))


def opens(batch: Batch) -> Operation:
    """A run begins, or begins again."""
    return lambda database: database.write(lambda c: batches.open_batch(c, batch))


def plans(batch: Batch, redo: Redo, *ended: Batch) -> Operation:
    """Claims, and then plans shards."""

    def plan(database: Database) -> None:
        void = [each.batch_id for each in ended]
        loads = database.write(lambda c: planning.loads_to_plan(c, batch, redo, Stage.DISTRIBUTE, void))
        shards = [Shard(0, HOST, tuple(load.call_id for load in loads), 1.0)] if loads else []
        database.write(lambda c: batches.record_plan(c, batch, shards))

    return plan


def discovers(batch: Batch, found: Sequence[Call], *copies: Call) -> Operation:
    """Finds recordings; some are seen to be copies of the first."""

    def discover(database: Database) -> None:
        known = database.read(lambda c: {call.path: call for call in calls.calls_of_day(c, DAY)})
        looked = [replace(call, state=known[call.path].state) for call in found]
        copied = {"state": CallState.DUPLICATE, "duplicate_of": found[0].call_id}
        looked += [replace(copy, **copied) for copy in copies]
        database.write(lambda c: calls.record_discovery(c, batch.batch_id, looked, known))

    return discover


def ends(batch: Batch) -> Operation:
    """Its books are closed."""
    return lambda database: database.write(lambda c: settling.end(c, batch))


def rescores_all(database: Database, wanted: set[str] | None = None) -> None:
    """Takes up audited calls, and plans them."""
    is_wanted = wanted.__contains__ if wanted else lambda _: True
    loads = database.write(lambda c: rescores.loads_to_rescore(c, RESCORE, is_wanted))
    shard = Shard(0, HOST, tuple(load.call_id for load in loads), 1.0)
    database.write(lambda c: batches.record_plan(c, RESCORE, [shard] if loads else []))


def moves(database: Database) -> None:
    """What a lost host left goes to another."""

    def move(connection: Connection) -> None:
        loads = recovery.stranded(connection, FIRST)
        shard = Shard(7, "gpu_b", tuple(load.call_id for load in loads), 1.0)
        recovery.move(connection, FIRST, [shard] if loads else [])

    database.write(move)


def check(connection: Connection, told: str) -> None:
    """What is open has an owner with something to do; what is closed is whole, and told once."""
    whole = set(connection.execute(_WHOLE).scalars())
    held = {tuple(row) for row in connection.execute(_HELD)}
    for row in connection.execute(_CALLS):
        what = told, tuple(row)
        match row.state, row.claimed_by:
            case CallState.PENDING, None:
                pass  # whoever plans takes it
            case CallState.PENDING, _:
                assert not row.done, what
            case CallState.AUDITED, claim:
                assert (row.done, row.path in whole) == (True, True), what
                assert claim is None or (row.path, claim) in held, what
            case CallState.DUPLICATE, _:
                assert row.path == C.path, what
            case state, claim:
                assert (state, claim) == (CallState.FAILED, None), what
    assert set(connection.execute(_EVENTS).scalars()) <= {1}, (told, "an event was queued twice")
    assert not connection.execute(_UNDERMINED).all(), (told, "what a result was built on was taken away")
    _check_books(connection, told)


def _check_books(connection: Connection, told: str) -> None:
    """A ledger says what the run's own rows say; those of a rescore change until it is closed."""
    counted: dict[str, dict[str, int]] = {}
    for batch_id, state, count in connection.execute(_COUNTED):
        counted.setdefault(batch_id, {})[state] = count
    for batch_id, kind, ledger, closed_at in connection.execute(_LEDGERS):
        if ledger is None or not (kind == BatchKind.AUDIT or closed_at):
            continue
        found = {state: count for state, count in ledger.items() if count}
        assert found == counted[batch_id], (told, batch_id, found, counted[batch_id])


_CALLS: Any = select(
    CallRow.path,
    CallRow.state,
    CallRow.claimed_by,
    has_result(Stage.LLM2).label("done"),
)
_WHOLE = select(CallRow.path).join(AuditRow).where(AuditRow.superseded_at.is_(None))
_HELD = select(CallRow.path, BatchCallRow.batch_id).join(BatchCallRow)
_HELD = _HELD.where(BatchCallRow.state == CallState.PENDING)
_RUN = OutboxRow.payload["data"]["batch_id"].as_string()
_EVENTS = select(func.count()).where(OutboxRow.call_id.is_not(None)).group_by(OutboxRow.call_id, _RUN)
_COUNTED = select(BatchCallRow.batch_id, STATE, func.count()).join(CallRow)
_COUNTED = _COUNTED.group_by(BatchCallRow.batch_id, STATE)
_LEDGERS = select(BatchRow.batch_id, BatchRow.kind, BatchRow.ledger, BatchRow.closed_at)
_LATER = aliased(StageResultRow)
_UNDERMINED = select(_LATER.call_id).where(
    _LATER.call_id == HEARD.call_id,  # what is done again is kept as if it were history
    _LATER.stage == Stage.LID,
    _LATER.superseded_at.is_(None),
    StageResultRow.call_id == _LATER.call_id,
    StageResultRow.stage == Stage.IVR,
    StageResultRow.superseded_at > _LATER.created_at,
)
