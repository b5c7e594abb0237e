"""A batch: one run over one day. Opening, planning, closing."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, delete, false, func, select, union, update

from include.calls.call import CallState
from include.calls.files import DayFiles
from include.calls.ledger import Ledger
from include.calls.stage import Stage
from include.database import owed
from include.database.accounted import accounted_for, lies_among_those_of
from include.database.days import was_discovered
from include.database.engine import upsert
from include.database.finishing import stand_again
from include.database.keeping import freeze, thaw
from include.database.lanes import end_lanes
from include.database.locking import lock_calls_of
from include.database.models import BatchCallRow, BatchRow, CallRow, LaneRow, StageResultRow
from include.database.outbox import announce_run
from include.database.work import STATE, BatchKind, StageJob, passed
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
    lock_calls_of(connection, batch.batch_id)
    row = {**asdict(batch), "opened_at": datetime.now(UTC), "closed_at": None, "ledger": None}
    upsert(connection, BatchRow, [row], ["batch_id"])
    thaw(connection, batch.batch_id, batch.kind)
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
            accounted_for(batch.batch_id),
            CallRow.state == CallState.PENDING,
            CallRow.claimed_by != batch.batch_id,
        )
        .group_by(CallRow.claimed_by)
    )
    return {str(claimant): count for claimant, count in connection.execute(query)}


def holders(connection: Connection, batch: Batch) -> set[str]:
    """Other batches that have claimed calls that this one accounts for, be they open or audited again."""
    query = select(CallRow.claimed_by).join(BatchCallRow).where(accounted_for(batch.batch_id))
    others = query.where(CallRow.claimed_by != batch.batch_id).distinct()
    return {str(other) for other in connection.execute(others).scalars()}


def has_gpu_work(connection: Connection, batch: Batch) -> bool:
    """Whether a call of the batch that is to be audited has no transcript yet."""
    query = (
        select(CallRow.call_id)
        .join(BatchCallRow)
        .where(
            accounted_for(batch.batch_id),
            STATE == CallState.PENDING,
            has_claimed(batch),
            ~passed(Stage.STT),
        )
    )
    return connection.execute(query.limit(1)).first() is not None


def record_plan(connection: Connection, batch: Batch, shards: Iterable[Shard]) -> None:
    """Writes which shard and host each call belongs to, in place of what was planned and begun before."""
    lock_calls_of(connection, batch.batch_id)
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
        .where(
            lies_among_those_of(batch_id),
            StageResultRow.batch_id == batch_id,
            StageResultRow.stage == Stage.DISTRIBUTE,
            mine,
        )
    )
    of_lane = (LaneRow.batch_id == BatchCallRow.batch_id) & (LaneRow.shard == BatchCallRow.shard)
    begun = (
        select(LaneRow.host, BatchCallRow.call_id)
        .join(BatchCallRow, of_lane)
        .join(CallRow, CallRow.call_id == BatchCallRow.call_id)
        .where(accounted_for(batch_id), LaneRow.batch_id == batch_id, LaneRow.stage == Stage.DISTRIBUTE, mine)
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
    lock_calls_of(connection, batch.batch_id)
    if not _is_closed(connection, batch):
        thaw(connection, batch.batch_id, batch.kind)
    release(connection, batch)
    freeze(connection, batch.batch_id, batch.kind)
    ledger, now = ledger_of(connection, batch.batch_id), datetime.now(UTC)
    closed = ledger.closed and was_discovered(connection, batch.batch_id)
    values = {"ledger": asdict(ledger), "closed_at": now if closed else None}
    connection.execute(update(BatchRow).where(BatchRow.batch_id == batch.batch_id).values(values))
    announce_run(connection, batch.batch_id, ledger, now, more)
    return ledger, _still_pending(connection, batch)


def _is_closed(connection: Connection, batch: Batch) -> bool:
    query = select(BatchRow.closed_at).where(BatchRow.batch_id == batch.batch_id)
    return connection.execute(query).scalar_one() is not None


def failed_tries(connection: Connection, batch: Batch) -> int:
    """Calls that were audited before, and whose new audit came to nothing: the old one stands."""
    query = select(func.count()).select_from(BatchCallRow)
    tried = query.where(BatchCallRow.batch_id == batch.batch_id, BatchCallRow.failed_try.is_not(None))
    return int(connection.execute(tried).scalar_one())


def ledger_of(connection: Connection, batch_id: str, *where: ColumnElement[bool]) -> Ledger:
    """Counts a batch's calls by state."""
    query = (
        select(STATE, func.count())
        .select_from(CallRow)
        .join(BatchCallRow)
        .where(accounted_for(batch_id), *where)
        .group_by(STATE)
    )
    return Ledger.of(dict(connection.execute(query).all()))


def worked_on(connection: Connection, batch: Batch) -> Ledger:
    """Counts only the calls that the batch planned: it found the others in their final state."""
    return ledger_of(connection, batch.batch_id, BatchCallRow.shard.is_not(None))


def release(connection: Connection, batch: Batch) -> None:
    """Gives up the batch's claims, and what its tasks told of themselves: none of them works any more.

    Args:
        connection: In a transaction that has locked the batch's calls.
        batch: The batch.
    """
    mine = CallRow.claimed_by == batch.batch_id
    if batch.kind is BatchKind.RESCORE:
        stand_again(connection, batch.batch_id)
    connection.execute(update(CallRow).where(mine).values(claimed_by=None))
    end_lanes(connection, batch.batch_id)


def has_claimed(batch: Batch) -> ColumnElement[bool]:
    """Whether the batch has claimed a call that is looked up by its id.

    In a form that no index serves: claims that are a moment old are not counted yet, PostgreSQL takes them
    for few, and went through all of them once for each call of the batch. Of this form it expects every
    second call to be claimed.
    """
    return func.coalesce(CallRow.claimed_by == batch.batch_id, false())


def claimed_loads(connection: Connection, batch: Batch, *where: ColumnElement[bool]) -> list[CallLoad]:
    """The calls that the batch works on, as the planner wants them."""
    query = (
        select(CallRow.call_id, CallRow.duration_s)
        .join(BatchCallRow)
        .where(accounted_for(batch.batch_id), has_claimed(batch), *where)
        .order_by(CallRow.call_id)
    )
    return [CallLoad(row.call_id, row.duration_s or 0.0) for row in connection.execute(query)]


def _still_pending(connection: Connection, batch: Batch) -> list[str]:
    query = (
        select(CallRow.path)
        .join(BatchCallRow)
        .where(accounted_for(batch.batch_id), STATE == CallState.PENDING)
        .order_by(CallRow.path)
    )
    return list(connection.execute(query).scalars())
