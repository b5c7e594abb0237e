"""A site whose recordings arrive in folders of days, and the nightly runs over them."""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from cofi import batch as tasks
from cofi.discovering import discover
from include.database.batches import Batch
from include.database.models import BatchCallRow, BatchDayRow, CallRow, OutboxRow
from tests.plugins.params import params
from tests.plugins.shard import run_report
from tests.unit.calls.site import recording
from tests.unit.database.seeding import Day

FRIDAY = date(2026, 11, 20)
SATURDAY, SUNDAY = FRIDAY + timedelta(days=1), FRIDAY + timedelta(days=2)


@dataclass
class Nights:
    """A site's folders and database, and the nightly runs over them."""

    day: Day
    location: Path
    living: set[str] = field(default_factory=set)
    seeds: int = 0

    def put(self, day: date, *names: str) -> None:
        """Recordings arrive in a day's folder, each with a content of its own."""
        (self.location / day.isoformat()).mkdir(parents=True, exist_ok=True)
        for name in names:
            self.seeds += 1
            (self.location / day.isoformat() / name).write_bytes(recording(3, seed=self.seeds))

    def discover(self, day: date, run_id: str | None = None, **changes: Any) -> tuple[dict, dict]:
        """The first tasks of a run: scheduled, unless told otherwise. What both answered."""
        run_type = changes.pop("run_type", "scheduled")
        wanted = params(self.location, **{"day": None, **changes})
        midnight = datetime(day.year, day.month, day.day, tzinfo=UTC)
        opened = tasks.open_batch(run_id or f"night-{day}", wanted, midnight, run_type)
        found = discover(opened, wanted, lambda other: other in self.living)
        return opened, {state: count for state, count in found.items() if count}

    def audit(self, opened: dict[str, Any]) -> None:
        """All that waits for the run is audited."""
        batch = self.batch(opened)
        waiting = self.day.plan(batch, others_have_ended=False)
        self.day.audit(batch, *waiting)

    def run(self, day: date, run_id: str | None = None, **changes: Any) -> dict[str, int]:
        """A whole run: discovered, audited, reported. Its ledger."""
        opened, _ = self.discover(day, run_id, **changes)
        self.audit(opened)
        return self.report(opened)

    def report(self, opened: dict[str, Any]) -> dict[str, int]:
        ledger = run_report(opened)
        return {state: count for state, count in ledger.items() if count}

    def batch(self, opened: dict[str, Any]) -> Batch:
        return tasks.batch_of(opened, {})

    def states(self, day: date) -> dict[str, str]:
        return {row["path"]: row["state"] for row in self.day.rows(CallRow, day=day)}

    def of_run(self, run_id: str) -> set[str]:
        return {row["call_id"] for row in self.day.rows(BatchCallRow, batch_id=run_id)}

    def state_of(self, day: date, run_id: str | None = None) -> tuple[str, str]:
        [row] = self.day.rows(BatchDayRow, batch_id=run_id or f"night-{day}", day=day)
        return row["state"], row["verdict"]

    def event_of(self, run_id: str) -> dict[str, Any]:
        """What its end was told as."""
        events = [row["payload"] for row in self.day.rows(OutboxRow, call_id=None)]
        [event] = [event for event in events if event["data"]["batch_id"] == run_id]
        return event | event["data"]
