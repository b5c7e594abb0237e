"""How far the open runs are, or one run: what `cofi status` prints, and what a run's page shows meanwhile."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, select

from include import site_time
from include.calls.ledger import Ledger
from include.calls.stage import Stage
from include.database import batches, hosts
from include.database.hosts import Trouble
from include.database.models import BatchRow
from include.database.progress import StageProgress, stage_progress
from include.database.work import BatchKind

_COLUMNS = (
    f"{'stage':<11}{'host':<16}{'left':>8}{'done':>8}{'failed':>8}{'in flight':>11}{'calls/min':>11}  ends"
)


@dataclass(frozen=True)
class RunStatus:
    """How far a run is.

    Attributes:
        last_day: Of a rescore over a range.
        troubles: Of hosts that have done nothing since they failed as a whole.
        stages: A line for each stage and host that has calls.
    """

    run_id: str
    kind: BatchKind
    day: date
    last_day: date | None
    opened_at: datetime
    ledger: Ledger
    troubles: Mapping[str, Trouble]
    stages: Sequence[StageProgress]

    @property
    def ended(self) -> int:
        """Calls in a final state."""
        return self.ledger.discovered - self.ledger.pending

    @property
    def audited_per_minute(self) -> float:
        """At the pace of the last minutes."""
        return sum(one.per_minute for one in self.stages if one.stage is Stage.LLM2)

    @property
    def standing(self) -> Sequence[StageProgress]:
        """Lines with calls left of which none has moved in the last minutes."""
        return [one for one in self.stages if one.left and one.ends_at is None]

    @property
    def ends_at(self) -> datetime | None:
        """When the last line ends at its pace; None when one has none, or nothing is left."""
        ends = [one.ends_at for one in self.stages if one.ends_at is not None]
        return max(ends) if ends and not self.standing else None


def status_of(connection: Connection, run_id: str) -> RunStatus | None:
    """How far a run is; None when it has not been opened."""
    columns = (BatchRow.kind, BatchRow.day, BatchRow.last_day, BatchRow.opened_at)
    row = connection.execute(select(*columns).where(BatchRow.batch_id == run_id)).one_or_none()
    if row is None:
        return None
    return RunStatus(
        run_id,
        BatchKind(row.kind),
        row.day,
        row.last_day,
        row.opened_at,
        batches.ledger_of(connection, run_id),
        hosts.troubles(connection, run_id),
        stage_progress(connection, run_id),
    )


def status_text(connection: Connection, run_ids: Sequence[str], timezone: str = "UTC") -> str:
    """The status of each run as text, its times by the clock of a time zone."""
    if not run_ids:
        return "No run is open."
    return "\n\n".join(_run_text(run_id, status_of(connection, run_id), timezone) for run_id in run_ids)


def _run_text(run_id: str, status: RunStatus | None, timezone: str) -> str:
    """Day, ledger, hosts in trouble, and a line for each stage and host that has calls."""
    if status is None:
        return f"There is no run {run_id}; without one, all open runs are shown."
    lines = [f"{run_id}: audit of {status.day}", str(status.ledger)]
    lines += [
        f"{host} is in trouble ({trouble.kind}): its calls go to others"
        for host, trouble in sorted(status.troubles.items())
    ]
    lines += [_COLUMNS, *(_line(stage, timezone) for stage in status.stages)]
    return "\n".join(lines)


def _line(of: StageProgress, timezone: str) -> str:
    ends = site_time.second_of_day(of.ends_at, timezone) if of.ends_at else "–"
    counts = f"{of.left:>8,}{of.done:>8,}{of.failed:>8,}{of.in_flight:>11,}{of.per_minute:>11,.1f}"
    return f"{of.stage:<11}{of.host:<16}{counts}  {ends}"


def open_runs(connection: Connection) -> list[str]:
    """Runs that have not counted their calls yet: a run whose ledger did not close has ended as well."""
    query = select(BatchRow.batch_id, BatchRow.ledger).where(BatchRow.closed_at.is_(None))
    rows = connection.execute(query.order_by(BatchRow.opened_at))
    return [row.batch_id for row in rows if row.ledger is None]


def figures(connection: Connection, run_ids: Sequence[str]) -> list[dict[str, Any]]:
    """The status of each run as values for JSON; runs that do not exist are left out."""
    known = (status_of(connection, run_id) for run_id in run_ids)
    return [
        {
            "run": status.run_id,
            "day": status.day,
            "ledger": asdict(status.ledger),
            "hosts_in_trouble": {host: trouble.kind for host, trouble in status.troubles.items()},
            "stages": status.stages,
        }
        for status in known
        if status
    ]
