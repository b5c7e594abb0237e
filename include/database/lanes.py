"""What the stage tasks tell of themselves while they run."""

from datetime import UTC, datetime

from sqlalchemy import Connection

from include.database.engine import upsert
from include.database.models import LaneRow
from include.database.work import StageJob


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
    told = ["host", "attempt", "waiting", "in_flight", "seen_at", "ended_at"]
    upsert(connection, LaneRow, [row], ["batch_id", "shard", "stage"], update=told)
