"""How far the open runs are, or one run: what `cofi status` prints."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from sqlalchemy import Connection, select

from include.database import batches, hosts
from include.database.models import BatchRow
from include.database.progress import StageProgress, stage_progress

_COLUMNS = (
    f"{'stage':<11}{'host':<16}{'left':>8}{'done':>8}{'failed':>8}{'in flight':>11}{'calls/min':>11}  ends"
)


def told(connection: Connection, run_ids: Sequence[str]) -> str:
    """What there is to say of each run."""
    if not run_ids:
        return "No run is open."
    return "\n\n".join(_told_of(connection, run_id) for run_id in run_ids)


def _told_of(connection: Connection, run_id: str) -> str:
    """Day, ledger, hosts in trouble, and a line for each stage and host that has calls."""
    batch = connection.execute(select(BatchRow.day).where(BatchRow.batch_id == run_id)).one_or_none()
    if batch is None:
        return f"There is no run {run_id}; without one, all open runs are shown."
    troubles = sorted(hosts.troubles(connection, run_id).items())
    lines = [f"{run_id}: audit of {batch.day}", str(batches.ledger_of(connection, run_id))]
    lines += [f"{host} is in trouble ({trouble.kind}): its calls go to others" for host, trouble in troubles]
    lines += [_COLUMNS, *map(_line, stage_progress(connection, run_id))]
    return "\n".join(lines)


def _line(of: StageProgress) -> str:
    ends = f"{of.ends_at:%H:%M:%S} UTC" if of.ends_at else "–"
    counts = f"{of.left:>8,}{of.done:>8,}{of.failed:>8,}{of.in_flight:>11,}{of.per_minute:>11,.1f}"
    return f"{of.stage:<11}{of.host:<16}{counts}  {ends}"


def open_runs(connection: Connection) -> list[str]:
    """Those that have not counted their calls yet: one whose ledger did not close has ended as well."""
    query = select(BatchRow.batch_id, BatchRow.ledger).where(BatchRow.closed_at.is_(None))
    rows = connection.execute(query.order_by(BatchRow.opened_at))
    return [row.batch_id for row in rows if row.ledger is None]


def figures(connection: Connection, run_ids: Sequence[str]) -> list[dict[str, Any]]:
    """The same for programs; without runs that do not exist."""
    known = select(BatchRow.batch_id, BatchRow.day).where(BatchRow.batch_id.in_(run_ids))
    return [
        {
            "run": run_id,
            "day": day,
            "ledger": asdict(batches.ledger_of(connection, run_id)),
            "hosts_in_trouble": {
                host: trouble.kind for host, trouble in hosts.troubles(connection, run_id).items()
            },
            "stages": stage_progress(connection, run_id),
        }
        for run_id, day in connection.execute(known)
    ]
