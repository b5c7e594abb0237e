"""A batch: one run over one day. Opening, planning, settling, closing."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, delete, func, select, union, update

from include.calls.call import CallState
from include.calls.discovery_rules import Redo
from include.calls.files import DayFiles
from include.calls.ledger import Ledger
from include.calls.stage import LLM_STAGES, STAGES, Stage
from include.database import owed
from include.database.days import was_discovered
from include.database.engine import chunks, upsert
from include.database.lanes import end_lanes
from include.database.models import BatchCallRow, BatchRow, CallRow, FailureRow, LaneRow, StageResultRow
from include.database.outbox import announce_run
from include.database.outcomes import finish, stand_again, supersede
from include.database.work import STATE, BatchKind, StageJob, has_result
from include.distribution.planner import CallLoad, Shard


@dataclass(frozen=True)
class Batch:
    """A run over a day; a rescore may go over several.

    Attributes:
        batch_id: Made of the DAG run's id.
        params: As the run was triggered, for the record.
        last_day: Of a rescore over more than one.
        scorecard_sha256: What its calls are judged by; None in batches that are opened without.
    """

    batch_id: str
    day: date
    location: str
    params: Mapping[str, Any]
    kind: BatchKind = BatchKind.AUDIT
    last_day: date | None = None
    scorecard_sha256: str | None = None


def open_batch(connection: Connection, batch: Batch) -> None:
    """Records a batch; one that is run again is open again."""
    row = {**asdict(batch), "opened_at": datetime.now(UTC), "closed_at": None, "ledger": None}
    upsert(connection, BatchRow, [row], ["batch_id"])
    owed.begin(connection, batch.batch_id, batch.day, batch.location)


def batch_of_run(connection: Connection, batch_id: str) -> Batch | None:
    """The batch of a run; None when it failed before it had one."""
    row = connection.execute(select(BatchRow.__table__).where(BatchRow.batch_id == batch_id)).first()
    if row is None:
        return None
    kind = BatchKind(row.kind)
    return Batch(row.batch_id, row.day, row.location, row.params, kind, row.last_day, row.scorecard_sha256)


def record_files(connection: Connection, batch_id: str, files: DayFiles) -> None:
    """Keeps what discovery counted beside recordings."""
    of_batch = update(BatchRow).where(BatchRow.batch_id == batch_id)
    connection.execute(of_batch.values(files=files.as_json()))


def claimants(connection: Connection, batch: Batch) -> dict[str, int]:
    """Other batches that work on calls that this one accounts for, and on how many."""
    query = (
        select(CallRow.claimed_by, func.count())
        .join(BatchCallRow)
        .where(
            BatchCallRow.batch_id == batch.batch_id,
            CallRow.state == CallState.PENDING,
            CallRow.claimed_by != batch.batch_id,
        )
        .group_by(CallRow.claimed_by)
    )
    return {str(claimant): count for claimant, count in connection.execute(query)}


def loads_to_plan(
    connection: Connection, batch: Batch, redo: Redo, first_stage: Stage, ended: Collection[str] = ()
) -> list[CallLoad]:
    """Claims those of the batch's calls that it works on, and clears what stands in their way.

    Failed calls become pending; with `Redo.ALL`, results from `first_stage` on become history. A call that
    another batch works on is left to it.

    Args:
        connection: In a transaction.
        batch: The batch.
        redo: Which calls are done again.
        first_stage: See `redo`.
        ended: Batches whose runs go on no more: their claims are void.
    """
    now = datetime.now(UTC)
    _claim(connection, batch, ended)
    loads = claimed_loads(connection, batch)
    for some in chunks([load.call_id for load in loads]):
        connection.execute(
            update(CallRow)
            .where(CallRow.call_id.in_(some), CallRow.state == CallState.FAILED)
            .values(state=CallState.PENDING, state_reason=None, changed_at=now)
        )
        if redo is Redo.ALL:
            supersede(connection, some, first_stage.following, now)
        # Where a recording lies is known of this batch only: hosts delete what is old. And LLM2 ends a call:
        # one that is open in spite of its result (a run was stopped between two tasks) could never end.
        supersede(connection, some, [Stage.DISTRIBUTE, Stage.LLM2], now)
    return loads


def has_gpu_work(connection: Connection, batch: Batch) -> bool:
    """Whether a call of the batch that is to be audited has no transcript yet."""
    query = (
        select(CallRow.call_id)
        .join(BatchCallRow)
        .where(
            BatchCallRow.batch_id == batch.batch_id,
            CallRow.state == CallState.PENDING,
            ~has_result(Stage.STT),
        )
    )
    return connection.execute(query.limit(1)).first() is not None


def record_plan(connection: Connection, batch: Batch, shards: Iterable[Shard]) -> None:
    """Writes which shard and host each call belongs to, in place of what was planned and begun before."""
    connection.execute(delete(LaneRow).where(LaneRow.batch_id == batch.batch_id))
    reopened = update(BatchRow).where(BatchRow.batch_id == batch.batch_id)
    connection.execute(reopened.values(closed_at=None, ledger=None))
    owed.reopen(connection, batch.batch_id, planned=True)
    connection.execute(
        update(BatchCallRow).where(BatchCallRow.batch_id == batch.batch_id).values(shard=None, host=None)
    )
    assign(connection, batch, shards)


def assign(connection: Connection, batch: Batch, shards: Iterable[Shard]) -> None:
    """Moves calls to shards and hosts; the others stay where they are."""
    rows = [
        {"batch_id": batch.batch_id, "call_id": call_id, "shard": shard.number, "host": shard.host}
        for shard in shards
        for call_id in shard.call_ids
    ]
    upsert(connection, BatchCallRow, rows, ["batch_id", "call_id"])


def settle(connection: Connection, batch: Batch) -> None:
    """Ends calls that are still pending though it is known why they stopped where they did.

    The reason is their own last failure in the stage that they lack, or else their host's. A call without a
    known reason stays pending: the ledger then does not close, and the run must say so.
    """
    reasons = _reasons(connection, batch)
    ended = []
    for call in _still_pending(connection, batch):
        stage = _lacked(connection, batch, call.call_id)
        reason = reasons.get((call.call_id, stage)) or reasons.get((call.host, stage))
        if stage and reason:
            ended.append((call.call_id, CallState.FAILED, f"{stage}: {reason}"))
    finish(connection, batch.batch_id, ended, datetime.now(UTC), batch.kind)


def stage_job(
    connection: Connection, batch_id: str, shard: int, stage: Stage, attempt: int = 1
) -> StageJob | None:
    """A stage's work on a shard; None when the shard has no calls, or none any more."""
    query = (
        select(BatchCallRow.host, BatchRow.kind)
        .join(BatchRow, BatchRow.batch_id == BatchCallRow.batch_id)
        .where(BatchCallRow.batch_id == batch_id, BatchCallRow.shard == shard)
        .limit(1)
    )
    row = connection.execute(query).first()
    return row and StageJob(batch_id, shard, str(row.host), stage, attempt, BatchKind(row.kind))


def held_on_hosts(connection: Connection, batch_id: str) -> dict[str, list[str]]:
    """Calls that the batch may have sent to each host, without those that another batch works on now.

    A task that was killed may have sent what it could not write down any more.
    """
    mine = (
        CallRow.claimed_by.is_(None) | (CallRow.claimed_by == batch_id) | (CallRow.state != CallState.PENDING)
    )
    written = (
        select(StageResultRow.host, StageResultRow.call_id)
        .join(CallRow, CallRow.call_id == StageResultRow.call_id)
        .where(StageResultRow.batch_id == batch_id, StageResultRow.stage == Stage.DISTRIBUTE, mine)
    )
    of_lane = (LaneRow.batch_id == BatchCallRow.batch_id) & (LaneRow.shard == BatchCallRow.shard)
    begun = (
        select(LaneRow.host, BatchCallRow.call_id)
        .join(BatchCallRow, of_lane)
        .join(CallRow, CallRow.call_id == BatchCallRow.call_id)
        .where(LaneRow.batch_id == batch_id, LaneRow.stage == Stage.DISTRIBUTE, mine)
    )
    held: dict[str, list[str]] = {}
    for host, call_id in sorted(connection.execute(union(written, begun))):
        held.setdefault(host, []).append(call_id)
    return held


def close(
    connection: Connection, batch: Batch, more: Mapping[str, Any] | None = None
) -> tuple[Ledger, list[str]]:
    """Counts the ledger, records and announces it, closes the batch if it closes, and gives up its claims.

    A batch whose discovery failed stays open: that no call is pending says nothing then.

    Args:
        connection: In a transaction.
        batch: The batch.
        more: What else the event of the run tells.

    Returns:
        The ledger, and the paths of calls that are unaccounted for.
    """
    ledger, now = ledger_of(connection, batch.batch_id), datetime.now(UTC)
    closed = ledger.closed and was_discovered(connection, batch.batch_id)
    values = {"ledger": asdict(ledger), "closed_at": now if closed else None}
    connection.execute(update(BatchRow).where(BatchRow.batch_id == batch.batch_id).values(values))
    announce_run(connection, batch.batch_id, ledger, now, more)
    release(connection, batch)
    return ledger, [row.path for row in _still_pending(connection, batch)]


def ledger_of(connection: Connection, batch_id: str, *where: ColumnElement[bool]) -> Ledger:
    """Counts a batch's calls by state."""
    query = (
        select(STATE, func.count())
        .select_from(CallRow)
        .join(BatchCallRow)
        .where(BatchCallRow.batch_id == batch_id, *where)
        .group_by(STATE)
    )
    return Ledger.of(dict(connection.execute(query).all()))


def worked_on(connection: Connection, batch: Batch) -> Ledger:
    """Counts only the calls that the batch planned: it found the others in their final state."""
    return ledger_of(connection, batch.batch_id, BatchCallRow.shard.is_not(None))


def release(connection: Connection, batch: Batch) -> None:
    """Gives up the batch's claims, and what its tasks told of themselves: none of them works any more."""
    if batch.kind is BatchKind.RESCORE:
        stand_again(connection, batch.batch_id)
    connection.execute(update(CallRow).where(CallRow.claimed_by == batch.batch_id).values(claimed_by=None))
    end_lanes(connection, batch.batch_id)


def claimed_loads(connection: Connection, batch: Batch, *where: ColumnElement[bool]) -> list[CallLoad]:
    """The calls that the batch works on, as the planner wants them."""
    query = (
        select(CallRow.call_id, CallRow.duration_s)
        .join(BatchCallRow)
        .where(BatchCallRow.batch_id == batch.batch_id, CallRow.claimed_by == batch.batch_id, *where)
        .order_by(CallRow.call_id)
    )
    return [CallLoad(row.call_id, row.duration_s or 0.0) for row in connection.execute(query)]


def _claim(connection: Connection, batch: Batch, ended: Collection[str]) -> None:
    """One statement, so that of two batches that want a call exactly one gets it."""
    of_batch = select(BatchCallRow.call_id).where(BatchCallRow.batch_id == batch.batch_id)
    free = CallRow.claimed_by.is_(None) | CallRow.claimed_by.in_([batch.batch_id, *ended])
    open_states = [CallState.PENDING, CallState.FAILED]
    connection.execute(
        update(CallRow)
        .where(CallRow.call_id.in_(of_batch), CallRow.state.in_(open_states), free)
        .values(claimed_by=batch.batch_id)
    )


def _still_pending(connection: Connection, batch: Batch) -> Sequence[Any]:
    query = (
        select(CallRow.call_id, CallRow.path, BatchCallRow.host)
        .join(BatchCallRow)
        .where(BatchCallRow.batch_id == batch.batch_id, STATE == CallState.PENDING)
        .order_by(CallRow.path)
    )
    return connection.execute(query).all()


def _reasons(connection: Connection, batch: Batch) -> dict[tuple[str, str | None], str]:
    """The last failure's message by (call id or host, stage)."""
    failures = connection.execute(
        select(FailureRow.call_id, FailureRow.host, FailureRow.stage, FailureRow.message)
        .where(FailureRow.batch_id == batch.batch_id)
        .order_by(FailureRow.id)
    )
    return {(row.call_id or row.host, row.stage): row.message for row in failures}


def _lacked(connection: Connection, batch: Batch, call_id: str) -> Stage | None:
    if batch.kind is BatchKind.AUDIT:
        return lacked_stage(connection, call_id)
    query = select(StageResultRow.stage).where(
        StageResultRow.call_id == call_id, StageResultRow.batch_id == batch.batch_id
    )
    done = set(connection.execute(query).scalars())
    return next((stage for stage in LLM_STAGES if stage not in done), None)


def lacked_stage(connection: Connection, call_id: str) -> Stage | None:
    """The first stage that a call has not passed; None when it has passed all."""
    query = select(StageResultRow.stage).where(
        StageResultRow.call_id == call_id, StageResultRow.superseded_at.is_(None)
    )
    done = set(connection.execute(query).scalars())
    # A call whose GPU work was done earlier is not distributed again.
    follow = LLM_STAGES if Stage.STT in done else STAGES
    return next((stage for stage in follow if stage not in done), None)
