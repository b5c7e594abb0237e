"""How the GPU hosts of a batch do: their speed, what they have left, and which of them are in trouble."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import ColumnElement, Connection, exists, func, select
from sqlalchemy.orm import aliased

from include.calls.call import CallState
from include.calls.stage import GPU_STAGES, ON_HOSTS, Stage
from include.database.accounted import accounted_for, lies_among_those_of
from include.database.models import BatchCallRow, CallRow, FailureRow, LaneRow, StageResultRow
from include.database.work import STATE, counts_here, passed

# Fewer results say little about a host's speed.
_ENOUGH_RESULTS = 16


def measured_speeds(connection: Connection, batch_id: str) -> dict[str, float]:
    """Audio seconds through the GPU stages per second, by host, while at least one task worked on it.

    Time in which a host had nothing to do, or Airflow started its next task, does not count; nor does what
    was done before the batch was planned anew. Hosts with few results are left out.
    """
    result = StageResultRow
    since = select(func.min(LaneRow.began_at)).where(LaneRow.batch_id == batch_id).scalar_subquery()
    query = (
        select(
            result.host,
            func.count().label("results"),
            func.sum(func.coalesce(CallRow.duration_s, 0)).label("audio_s"),
            func.max(result.created_at).label("last_at"),
        )
        .join(CallRow, CallRow.call_id == result.call_id)
        .where(
            lies_among_those_of(batch_id),
            result.batch_id == batch_id,
            result.stage.in_(GPU_STAGES),
            result.created_at >= since,
        )
        .group_by(result.host)
    )
    rows = {row.host: row for row in connection.execute(query) if row.results >= _ENOUGH_RESULTS}
    worked_s = _worked_s(connection, batch_id, {host: row.last_at for host, row in rows.items()})
    return {
        host: row.audio_s / len(GPU_STAGES) / worked_s[host]
        for host, row in rows.items()
        if worked_s.get(host) and row.audio_s
    }


def _worked_s(connection: Connection, batch_id: str, last_at: Mapping[str, datetime]) -> dict[str, float]:
    """How long at least one lane of each host ran.

    Args:
        connection: To read.
        batch_id: Which batch.
        last_at: When each host had its last result: a lane that runs tells of itself only now and then.
    """
    lane = LaneRow
    # By the batch alone: asked for hosts and stages too, SQLite looks through their lanes of all history.
    query = (
        select(lane.host, lane.stage, lane.began_at, lane.ended_at, lane.seen_at)
        .where(lane.batch_id == batch_id)
        .order_by(lane.began_at)
    )
    worked_s: dict[str, float] = {}
    until: dict[str, datetime] = {}
    for row in connection.execute(query):
        if row.stage not in GPU_STAGES or row.host not in last_at:
            continue
        ended_at = row.ended_at or max(row.seen_at, last_at[row.host])
        began_at = max(row.began_at, until.get(row.host, row.began_at))
        worked_s[row.host] = worked_s.get(row.host, 0.0) + max(0.0, (ended_at - began_at).total_seconds())
        until[row.host] = max(ended_at, began_at)
    return worked_s


def past_speeds(connection: Connection, hosts: Iterable[str]) -> dict[str, float]:
    """The speed of each host in the last batch that it worked on, as far as it is known."""
    speeds = {}
    for host in hosts:
        worked = select(LaneRow.batch_id).where(LaneRow.host == host, LaneRow.stage == Stage.STT)
        last = worked.order_by(LaneRow.began_at.desc()).limit(1)
        batch_id = connection.execute(last).scalar_one_or_none()
        speed = measured_speeds(connection, batch_id).get(host) if batch_id else None
        if speed:
            speeds[host] = speed
    return speeds


def planned_on(connection: Connection, batch_id: str) -> set[str]:
    """Hosts that have calls of the batch, done or not."""
    query = select(BatchCallRow.host).where(BatchCallRow.batch_id == batch_id, BatchCallRow.host.is_not(None))
    return {str(host) for host in connection.execute(query.distinct()).scalars()}


def audio_left(connection: Connection, batch_id: str, *where: ColumnElement[bool]) -> dict[str, float]:
    """Audio seconds that each host of the batch has still to bring through the GPU stages.

    A call of which a stage is done counts by the share of the stages that are left.

    Args:
        connection: To read.
        batch_id: Which batch.
        where: Of which calls; all by default.
    """
    audio_s = func.sum(func.coalesce(CallRow.duration_s, 0))
    of_hosts = (
        select(BatchCallRow.host, audio_s)
        .join(CallRow)
        .where(
            accounted_for(batch_id),
            BatchCallRow.host.is_not(None),
            CallRow.claimed_by == batch_id,
            STATE == CallState.PENDING,
            ~passed(Stage.STT),
            *where,
        )
        .group_by(BatchCallRow.host)
    )
    result = aliased(StageResultRow)
    stages_done = of_hosts.join(result, result.call_id == CallRow.call_id).where(
        result.stage.in_(GPU_STAGES), counts_here(result)
    )
    done_s = dict(connection.execute(stages_done).all())
    return {
        str(host): float(all_s) - float(done_s.get(host, 0.0)) / len(GPU_STAGES)
        for host, all_s in connection.execute(of_hosts)
    }


class Trouble(NamedTuple):
    """A host failed as a whole, and has done nothing since.

    Attributes:
        kind: Of its last failure.
        since: When it failed first.
    """

    kind: str
    since: datetime


def troubles(connection: Connection, batch_id: str) -> dict[str, Trouble]:
    """Hosts that have done nothing in the batch since they failed as a whole."""
    failures = (
        select(FailureRow.host, FailureRow.kind, FailureRow.failed_at)
        .where(FailureRow.batch_id == batch_id, FailureRow.call_id.is_(None), FailureRow.stage.in_(ON_HOSTS))
        .order_by(FailureRow.id)
    )
    results = (
        select(StageResultRow.host, func.max(StageResultRow.created_at))
        .where(StageResultRow.batch_id == batch_id, StageResultRow.stage.in_(ON_HOSTS))
        .group_by(StageResultRow.host)
    )
    last_at = dict(connection.execute(results).all())
    found: dict[str, Trouble] = {}
    for row in connection.execute(failures):
        if row.host not in last_at or last_at[row.host] < row.failed_at:
            since = found[row.host].since if row.host in found else row.failed_at
            found[row.host] = Trouble(row.kind, since)
    return found


def is_worked_on() -> ColumnElement[bool]:
    """Whether a task works on the call's shard on a host."""
    return _has_lane(LaneRow.stage.in_(ON_HOSTS), LaneRow.ended_at.is_(None))


def is_begun() -> ColumnElement[bool]:
    """Whether a GPU task has begun the call's shard, or it is on its way to the host."""
    return _has_lane(LaneRow.stage.in_(GPU_STAGES)) | is_worked_on()


def _has_lane(*where: ColumnElement[bool]) -> ColumnElement[bool]:
    return exists().where(
        LaneRow.batch_id == BatchCallRow.batch_id, LaneRow.shard == BatchCallRow.shard, *where
    )
