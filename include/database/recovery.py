"""Calls that a lost, failing or slow host left behind: finding them, and moving them to others."""

from collections.abc import Sequence
from datetime import UTC, datetime

from sqlalchemy import ColumnElement, Connection, exists, func, insert, select

from include.calls.call import CallState
from include.calls.stage import Stage
from include.database.batches import Batch, assign, claimed_loads, lacked_stage
from include.database.engine import chunks
from include.database.hosts import ON_HOSTS, troubles
from include.database.models import BatchCallRow, CallRow, FailureRow, LaneRow
from include.database.outcomes import supersede
from include.database.work import has_result
from include.distribution.planner import CallLoad, Shard
from include.errors import CofiError

_NO_HOST = "none"


def stranded(connection: Connection, batch: Batch, *, early: bool = False) -> list[CallLoad]:
    """Calls that the batch planned, and whose GPU work will not be done where they are.

    Args:
        connection: To read.
        batch: Whose calls.
        early: Other GPU tasks are still at work: only calls of hosts in trouble, but for shards that a task
            works on. Otherwise all GPU tasks have ended, and whatever is not done will not be.
    """
    of_early = [BatchCallRow.host.in_(troubles(connection, batch.batch_id)), ~_is_worked_on()]
    return claimed_loads(
        connection,
        batch,
        BatchCallRow.shard.is_not(None),
        CallRow.state == CallState.PENDING,
        ~has_result(Stage.STT),
        *(of_early if early else []),
    )


def _is_worked_on() -> ColumnElement[bool]:
    """Whether a task works on the call's shard, which may have a host again."""
    return exists().where(
        LaneRow.batch_id == BatchCallRow.batch_id,
        LaneRow.shard == BatchCallRow.shard,
        LaneRow.stage.in_(ON_HOSTS),
        LaneRow.ended_at.is_(None),
    )


def next_shard(connection: Connection, batch: Batch, least: int) -> int:
    """The first number, from `least` on, that no shard of the batch has."""
    query = select(func.max(BatchCallRow.shard)).where(BatchCallRow.batch_id == batch.batch_id)
    last = connection.execute(query).scalar_one()
    return least if last is None else max(least, last + 1)


def move(connection: Connection, batch: Batch, shards: Sequence[Shard]) -> None:
    """Puts stranded calls into new shards. Their results stay, but their recordings must be sent again."""
    now = datetime.now(UTC)
    for some in chunks([call_id for shard in shards for call_id in shard.call_ids]):
        supersede(connection, some, [Stage.DISTRIBUTE], now)
    assign(connection, batch, shards)


def give_up(connection: Connection, batch: Batch, loads: Sequence[CallLoad], why: CofiError) -> None:
    """Records why stranded calls were not moved: it is the reason with which they end."""
    now = datetime.now(UTC)
    rows = [
        {
            "batch_id": batch.batch_id,
            "call_id": load.call_id,
            "stage": lacked_stage(connection, load.call_id),
            "host": _NO_HOST,
            "attempt": 1,
            "kind": why.kind,
            "message": str(why),
            "failed_at": now,
        }
        for load in loads
    ]
    connection.execute(insert(FailureRow), rows)
