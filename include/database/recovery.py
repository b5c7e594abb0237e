"""Calls that a lost, failing or slow host left behind: finding them, and moving them to others."""

from collections.abc import Sequence
from datetime import UTC, datetime

from sqlalchemy import Connection, func, insert, select

from include.calls.call import CallState
from include.calls.stage import Stage
from include.database.batches import Batch, assign, claimed_loads, lacked_stage
from include.database.engine import chunks
from include.database.models import BatchCallRow, CallRow, FailureRow
from include.database.outcomes import supersede
from include.database.work import has_result
from include.distribution.planner import CallLoad, Shard
from include.errors import CofiError

_NO_HOST = "none"


def stranded(connection: Connection, batch: Batch) -> list[CallLoad]:
    """Calls that the batch planned and whose GPU work is not done, though its GPU tasks have ended."""
    return claimed_loads(
        connection,
        batch,
        BatchCallRow.shard.is_not(None),
        CallRow.state == CallState.PENDING,
        ~has_result(Stage.STT),
    )


def next_shard(connection: Connection, batch: Batch) -> int:
    """The first number that no shard of the batch has."""
    query = select(func.max(BatchCallRow.shard)).where(BatchCallRow.batch_id == batch.batch_id)
    last = connection.execute(query).scalar_one()
    return 0 if last is None else last + 1


def move(connection: Connection, batch: Batch, shards: Sequence[Shard]) -> None:
    """Puts stranded calls into new shards. Their results stay, but their recordings must be sent again."""
    now = datetime.now(UTC)
    for some in chunks([call_id for shard in shards for call_id in shard.call_ids]):
        supersede(connection, some, [Stage.DISTRIBUTE], now)
    assign(connection, batch, shards)


def give_up(connection: Connection, batch: Batch, why: CofiError) -> None:
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
        for load in stranded(connection, batch)
    ]
    if rows:
        connection.execute(insert(FailureRow), rows)
