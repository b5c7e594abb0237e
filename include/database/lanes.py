"""What the stage tasks tell of themselves while they run."""

from datetime import UTC, datetime, timedelta

from sqlalchemy import ColumnElement, Connection, and_, func, select, union_all, update

from include.calls.stage import ON_HOSTS
from include.database.engine import upsert
from include.database.models import LaneRow
from include.database.work import StageJob

# A lane tells of itself more often: one that is silent for so long was killed.
SILENT = timedelta(minutes=2)


def tell(connection: Connection, job: StageJob, waiting: int, in_flight: int, *, ended: bool = False) -> None:
    """Says how a lane is.

    Args:
        connection: In a transaction.
        job: Which lane.
        waiting: Calls that it had to do when it began.
        in_flight: Calls that it works on now.
        ended: It works no more.
    """
    now = datetime.now(UTC)
    row = {
        "batch_id": job.batch_id,
        "shard": job.shard,
        "stage": job.stage,
        "host": job.host,
        "attempt": job.attempt,
        "waiting": waiting,
        "in_flight": in_flight,
        "began_at": now,
        "seen_at": now,
        "ended_at": now if ended else None,
    }
    columns = ["host", "attempt", "waiting", "in_flight", "seen_at", "ended_at"]
    upsert(connection, LaneRow, [row], ["batch_id", "shard", "stage"], update=columns)


def at_work(now: datetime) -> ColumnElement[bool]:
    """Whether a lane works at this moment."""
    return and_(LaneRow.ended_at.is_(None), LaneRow.seen_at > now - SILENT)


def count_open(connection: Connection, batch_id: str) -> int:
    """How many of a batch's lanes have not reported that they ended."""
    query = select(func.count()).select_from(LaneRow)
    found = connection.execute(query.where(LaneRow.batch_id == batch_id, LaneRow.ended_at.is_(None)))
    return int(found.scalar_one())


def end_lanes(connection: Connection, batch_id: str) -> None:
    """Ends the lanes of a batch whose tasks have ended; one that was killed could not tell."""
    mine = update(LaneRow).where(LaneRow.batch_id == batch_id, LaneRow.ended_at.is_(None))
    connection.execute(mine.values(ended_at=LaneRow.seen_at, in_flight=0))


def had_company(connection: Connection, job: StageJob, since: datetime) -> bool:
    """Whether another lane has worked on the job's host since then."""
    lane = LaneRow
    of_host = select(lane.batch_id, lane.shard, lane.stage).where(lane.host == job.host)
    # By when they ended alone: asked for stages too, SQLite looks through the host's lanes of all history.
    at_that_time = union_all(of_host.where(at_work(datetime.now(UTC))), of_host.where(lane.ended_at > since))
    mine = (job.batch_id, job.shard, job.stage)
    return any(tuple(row) != mine and row.stage in ON_HOSTS for row in connection.execute(at_that_time))
