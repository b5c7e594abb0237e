"""How the GPU hosts of a batch do: their speed, what they have left, and which of them are in trouble."""

from collections.abc import Iterable

from sqlalchemy import Connection, func, select

from include.calls.call import CallState
from include.calls.stage import GPU_STAGES, Stage
from include.database.models import BatchCallRow, CallRow, FailureRow, StageResultRow
from include.database.work import has_result

# Fewer results say little about a host's speed.
_ENOUGH_RESULTS = 8


def measured_speeds(connection: Connection, batch_id: str) -> dict[str, float]:
    """Audio seconds through the GPU stages per second of wall clock, by host.

    Between a host's first and last result in the batch: time in which it had nothing to do yet, or any more,
    does not count. Hosts with few results are left out.
    """
    result = StageResultRow
    query = (
        select(
            result.host,
            func.count().label("results"),
            func.sum(func.coalesce(CallRow.duration_s, 0)).label("audio_s"),
            func.min(result.created_at).label("first_at"),
            func.max(result.created_at).label("last_at"),
        )
        .join(CallRow, CallRow.call_id == result.call_id)
        .where(result.batch_id == batch_id, result.stage.in_(GPU_STAGES))
        .group_by(result.host)
    )
    speeds = {}
    for row in connection.execute(query):
        took_s = (row.last_at - row.first_at).total_seconds()
        if row.results >= _ENOUGH_RESULTS and took_s > 0 and row.audio_s:
            speeds[row.host] = row.audio_s / len(GPU_STAGES) / took_s
    return speeds


def past_speeds(connection: Connection, hosts: Iterable[str]) -> dict[str, float]:
    """The speed of each host in the last batch that it worked on, as far as it is known."""
    speeds = {}
    for host in hosts:
        last = (
            select(StageResultRow.batch_id)
            .where(StageResultRow.host == host, StageResultRow.stage == Stage.STT)
            .order_by(StageResultRow.id.desc())
            .limit(1)
        )
        batch_id = connection.execute(last).scalar_one_or_none()
        speed = measured_speeds(connection, batch_id).get(host) if batch_id else None
        if speed:
            speeds[host] = speed
    return speeds


def planned_on(connection: Connection, batch_id: str) -> set[str]:
    """Hosts that have calls of the batch, done or not."""
    query = select(BatchCallRow.host).where(BatchCallRow.batch_id == batch_id, BatchCallRow.host.is_not(None))
    return {str(host) for host in connection.execute(query.distinct()).scalars()}


def audio_left(connection: Connection, batch_id: str) -> dict[str, float]:
    """Audio seconds that each host of the batch has still to bring through the GPU stages."""
    query = (
        select(BatchCallRow.host, func.sum(func.coalesce(CallRow.duration_s, 0)))
        .join(CallRow)
        .where(
            BatchCallRow.batch_id == batch_id,
            BatchCallRow.host.is_not(None),
            CallRow.claimed_by == batch_id,
            CallRow.state == CallState.PENDING,
            ~has_result(Stage.STT),
        )
        .group_by(BatchCallRow.host)
    )
    return {str(host): float(audio_s) for host, audio_s in connection.execute(query)}


def troubles(connection: Connection, batch_id: str) -> dict[str, str]:
    """Hosts that have done nothing in the batch since they failed as a whole, and the kind of failure."""
    failures = (
        select(FailureRow.host, FailureRow.kind, FailureRow.failed_at)
        .where(FailureRow.batch_id == batch_id, FailureRow.call_id.is_(None), FailureRow.stage.in_(_ON_HOSTS))
        .order_by(FailureRow.id)
    )
    results = (
        select(StageResultRow.host, func.max(StageResultRow.created_at))
        .where(StageResultRow.batch_id == batch_id, StageResultRow.stage.in_(_ON_HOSTS))
        .group_by(StageResultRow.host)
    )
    last_at = dict(connection.execute(results).all())
    failed = {row.host: row for row in connection.execute(failures)}
    return {
        host: row.kind for host, row in failed.items() if host not in last_at or last_at[host] < row.failed_at
    }


_ON_HOSTS = [Stage.DISTRIBUTE, *GPU_STAGES]
