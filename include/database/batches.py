"""A batch: one run over one day. Opening, planning, settling, closing."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, func, select, update

from include.calls.call import CallState
from include.calls.discovery import Redo
from include.calls.ledger import Ledger
from include.calls.stage import LLM_STAGES, STAGES, Stage
from include.database.engine import chunks, upsert
from include.database.models import BatchCallRow, BatchRow, CallRow, FailureRow, StageResultRow
from include.database.work import finish, has_result, supersede
from include.distribution.planner import CallLoad, Shard


@dataclass(frozen=True)
class Batch:
    """A run over a day.

    Attributes:
        batch_id: The DAG run's id.
        params: As the run was triggered, for the record.
    """

    batch_id: str
    day: date
    location: str
    params: Mapping[str, Any]


def open_batch(connection: Connection, batch: Batch) -> None:
    """Records a batch; one that is run again is open again."""
    row = {**asdict(batch), "opened_at": datetime.now(UTC), "closed_at": None, "ledger": None}
    upsert(connection, BatchRow, [row], ["batch_id"])


def loads_to_plan(connection: Connection, batch: Batch, redo: Redo, first_stage: Stage) -> list[CallLoad]:
    """Decides which of the batch's calls are worked on, and clears what stands in their way.

    Failed calls become pending; with `Redo.ALL`, results from `first_stage` on become history.
    """
    now = datetime.now(UTC)
    query = (
        select(CallRow.call_id, CallRow.duration_s)
        .join(BatchCallRow)
        .where(
            BatchCallRow.batch_id == batch.batch_id, CallRow.state.in_([CallState.PENDING, CallState.FAILED])
        )
        .order_by(CallRow.call_id)
    )
    loads = [CallLoad(row.call_id, row.duration_s or 0.0) for row in connection.execute(query)]
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
    """Writes which shard and host each call belongs to."""
    connection.execute(
        update(BatchCallRow).where(BatchCallRow.batch_id == batch.batch_id).values(shard=None, host=None)
    )
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
        stage = _lacked_stage(connection, call.call_id)
        reason = reasons.get((call.call_id, stage)) or reasons.get((call.host, stage))
        if stage and reason:
            ended.append((call.call_id, CallState.FAILED, f"{stage}: {reason}"))
    finish(connection, batch.batch_id, ended, datetime.now(UTC))


def close(connection: Connection, batch: Batch) -> tuple[Ledger, list[str]]:
    """Counts the ledger, records it, and closes the batch if it closes.

    Returns:
        The ledger, and the paths of calls that are unaccounted for.
    """
    ledger = _counted(connection, batch)
    values = {"ledger": asdict(ledger), "closed_at": datetime.now(UTC) if ledger.closed else None}
    connection.execute(update(BatchRow).where(BatchRow.batch_id == batch.batch_id).values(values))
    return ledger, [row.path for row in _still_pending(connection, batch)]


def worked_on(connection: Connection, batch: Batch) -> Ledger:
    """Counts only the calls that the batch planned: it found the others in their final state."""
    return _counted(connection, batch, BatchCallRow.shard.is_not(None))


def _counted(connection: Connection, batch: Batch, *where: ColumnElement[bool]) -> Ledger:
    query = (
        select(CallRow.state, func.count())
        .join(BatchCallRow)
        .where(BatchCallRow.batch_id == batch.batch_id, *where)
        .group_by(CallRow.state)
    )
    return Ledger.of(dict(connection.execute(query).all()))


def _still_pending(connection: Connection, batch: Batch) -> Sequence[Any]:
    query = (
        select(CallRow.call_id, CallRow.path, BatchCallRow.host)
        .join(BatchCallRow)
        .where(BatchCallRow.batch_id == batch.batch_id, CallRow.state == CallState.PENDING)
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


def _lacked_stage(connection: Connection, call_id: str) -> Stage | None:
    query = select(StageResultRow.stage).where(
        StageResultRow.call_id == call_id, StageResultRow.superseded_at.is_(None)
    )
    done = set(connection.execute(query).scalars())
    # A call whose GPU work was done earlier is not distributed again.
    follow = LLM_STAGES if Stage.STT in done else STAGES
    return next((stage for stage in follow if stage not in done), None)
