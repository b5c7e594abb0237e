"""A contact centre's bucket, and the nightly runs over it."""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from cofi import batch as tasks
from cofi.discovering import discover
from include.database.models import CallRow
from tests.integration.s3.object_store import ObjectStore
from tests.plugins.params import params
from tests.unit.database.seeding import Day

FRIDAY = date(2026, 11, 20)
# More than S3 tells in one answer.
KEYS = 1003


@dataclass
class Bucket:
    """A bucket with a contact centre's recordings, and the runs over it."""

    store: ObjectStore
    name: str
    day: Day
    prefix: str = "centre/calls"

    @property
    def location(self) -> str:
        return f"s3://{self.conn_id}@{self.name}/{self.prefix}"

    @property
    def conn_id(self) -> str:
        """Airflow keeps file systems by connection, as long as a process lives."""
        return f"recorder_{self.name.replace('-', '_')}"

    def put(self, day: date, contents: dict[str, bytes]) -> None:
        client = self.store.client()
        for path, content in contents.items():
            client.put_object(Bucket=self.name, Key=f"{self.prefix}/{day}/{path}", Body=content)

    def discover(self, day: date = FRIDAY, run_id: str | None = None, **changes: Any) -> tuple[dict, dict]:
        """The first tasks of a nightly run."""
        wanted = {**params(Path(), day=None), "location": self.location, **changes}
        midnight = datetime(day.year, day.month, day.day, tzinfo=UTC)
        opened = tasks.open_batch(run_id or f"night-{day}", wanted, midnight, "scheduled")
        found = discover(opened, wanted, lambda _: False)
        return opened, {state: calls for state, calls in found.items() if calls}

    def paths(self, day: date = FRIDAY) -> dict[str, str]:
        return {row["path"]: row["state"] for row in self.day.rows(CallRow, day=day)}
