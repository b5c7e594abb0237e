"""The page of a run while it is going on: its progress, what fails, and when it will end."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from sqlalchemy import Connection

from include.database import owed
from include.database.days import was_discovered
from include.database.owed import Run
from include.database.progress import WINDOW
from include.delivery.outcome import ReasonCount, count_reasons
from include.delivery.status import RunStatus, status_of
from include.delivery.wording import title
from include.delivery.work import FailedAttempts, count_failed_attempts


class Phase(StrEnum):
    """Where a run is; its value says so."""

    NOT_BEGUN = "has not begun"
    STOPPED = "is in trouble"
    OPENING = "opening"
    DISCOVERING = "looking for recordings"
    PLANNING = "planning its shards"
    WORKING = "auditing"
    CLOSING = "closing its books"
    OVER = "has ended"


@dataclass(frozen=True)
class LiveRun:
    """A run as it is at a moment.

    Attributes:
        run: What it owes; None when it never began, or began with a version that did not write that down.
        status: How far it is; None before its batch is opened.
        reasons: Why calls are not audited, by kind, what somebody has to act on first.
        attempts: Attempts that failed, also those that a retry mended, the most frequent first.
        seen_at: The moment.
    """

    phase: Phase
    run: Run | None
    status: RunStatus | None
    reasons: Sequence[ReasonCount]
    attempts: Sequence[FailedAttempts]
    seen_at: datetime

    @property
    def may_have_report(self) -> bool:
        """Whether a report that is there tells of this end of the run, not of an earlier one."""
        return self.run is None or self.phase is Phase.OVER

    @property
    def title(self) -> str:
        """What the run does, and to which days."""
        status = self.status
        return title(status.kind, status.day, status.last_day) if status else "A run"

    @property
    def trouble(self) -> str | None:
        """Why it failed, or what its first tasks failed of so far."""
        return (self.run.reason or self.run.trouble) if self.run else None

    @property
    def in_s(self) -> float | None:
        """Seconds until its expected end; None when that is not known."""
        ends_at = self.status and self.status.ends_at
        return max(0.0, (ends_at - self.seen_at).total_seconds()) if ends_at else None

    @property
    def not_known(self) -> str:
        """Why there is no expected end."""
        if self.phase is not Phase.WORKING or self.status is None or self.status.ends_at:
            return ""
        if not self.status.stages:
            return "its calls have no shards"
        places = [f"{one.stage} on {one.host}" for one in self.status.standing]
        more = f" and {len(places) - 2} more" if len(places) > 2 else ""
        within = f"in the last {WINDOW.total_seconds() / 60:.0f} minutes"
        if self.seen_at - self.status.opened_at < WINDOW:
            within = "yet"
        return f"no call has come out of {', '.join(places[:2])}{more} {within}"


def live_run(connection: Connection, batch_id: str) -> LiveRun:
    """How a run is now; also of one that nobody has heard of."""
    run, status = owed.run_of(connection, batch_id), status_of(connection, batch_id)
    opened = status is not None
    return LiveRun(
        _phase(connection, run, status),
        run,
        status,
        count_reasons(connection, batch_id) if opened else (),
        count_failed_attempts(connection, batch_id) if opened else (),
        datetime.now(UTC),
    )


def _phase(connection: Connection, run: Run | None, status: RunStatus | None) -> Phase:
    if run is None:
        return Phase.NOT_BEGUN
    if run.closed_at is not None:
        return Phase.OVER
    if run.trouble:
        return Phase.STOPPED
    if status is None:
        return Phase.OPENING
    if run.planned_at is not None:
        return Phase.WORKING if status.ledger.pending else Phase.CLOSING
    return Phase.PLANNING if was_discovered(connection, run.batch_id) else Phase.DISCOVERING
