"""Calls that a lost, failing or slow host left behind: finding them, and moving them to others."""

from collections.abc import Collection, Sequence
from datetime import UTC, datetime

from sqlalchemy import ColumnElement, Connection, func, select

from include.calls.call import CallState
from include.calls.stage import Stage
from include.database.batches import Batch, assign, claimed_loads
from include.database.given import among
from include.database.hosts import is_begun, is_worked_on
from include.database.locking import lock_calls
from include.database.models import BatchCallRow, StageResultRow
from include.database.superseding import supersede
from include.database.work import STATE, passed
from include.distribution.planner import CallLoad, Shard


def stranded(connection: Connection, batch: Batch) -> list[CallLoad]:
    """Calls that the batch planned and that have no transcript; all GPU tasks have ended."""
    return _to_be_moved(connection, batch)


def movable(
    connection: Connection, batch: Batch, lost: Collection[str], slow: Collection[str]
) -> list[CallLoad]:
    """Calls without a transcript that other hosts can take over while GPU tasks go on.

    Args:
        connection: To read.
        batch: Whose calls.
        lost: Hosts that give up whatever no task works on.
        slow: Hosts that give up shards which are not begun.
    """
    of_lost = BatchCallRow.host.in_(lost) & ~is_worked_on()
    of_slow = BatchCallRow.host.in_(slow) & ~is_begun()
    return _to_be_moved(connection, batch, of_lost | of_slow)


def _to_be_moved(connection: Connection, batch: Batch, *where: ColumnElement[bool]) -> list[CallLoad]:
    return claimed_loads(
        connection,
        batch,
        BatchCallRow.shard.is_not(None),
        STATE == CallState.PENDING,
        ~passed(Stage.STT),
        *where,
    )


def next_shard(connection: Connection, batch: Batch, least: int) -> int:
    """The first number, from `least` on, that no shard of the batch has."""
    query = select(func.max(BatchCallRow.shard)).where(BatchCallRow.batch_id == batch.batch_id)
    last = connection.execute(query).scalar_one()
    return least if last is None else max(least, last + 1)


def move(connection: Connection, batch: Batch, shards: Sequence[Shard]) -> None:
    """Puts stranded calls into new shards. Their results stay, but their recordings must be sent again."""
    moved = [call_id for shard in shards for call_id in shard.call_ids]
    lock_calls(connection, moved)
    results = among(connection, StageResultRow.call_id, moved)
    supersede(connection, results, [Stage.DISTRIBUTE], datetime.now(UTC))
    assign(connection, batch, shards)
