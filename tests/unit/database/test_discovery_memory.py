"""What discovery holds of each of a day's files: a night of 100,000 has to fit into a task beside others.

Python's own count of its memory, whose growth from one size to another is the same on any machine. The files
are listed as a local filesystem lists them, and are not there: of each, a header and a sample are told.
"""

import gc
import tracemalloc
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

import pytest
from fsspec.implementations.memory import MemoryFileSystem

from include.audio_files.header import Header
from include.calls import examining
from include.calls.call import Call, CallState
from include.calls.day_folder import DayFolder
from include.calls.discovery import find_recordings
from include.calls.duplicates import mark_duplicates
from include.database.batches import Batch, open_batch
from include.database.calls import calls_of_day, originals_of_other_days, record_discovery
from tests.unit.calls.site import RULES
from tests.unit.database.seeding import Day

FEW, MANY = 500, 2_500
DAYS = {FEW: date(2026, 11, 16), MANY: date(2026, 11, 17)}


class Listed(MemoryFileSystem):
    """A store with so many recordings, each with bytes of its own in its middle."""

    cachable = False

    def __init__(self, count: int) -> None:
        super().__init__()
        self.count = count

    def find(self, path: str, *_: Any, **__: Any) -> dict[str, Any]:
        """Lists all of them."""
        return {f"{path}/{number:06}.wav": _info(f"{path}/{number:06}.wav", number) for number in range(self.count)}

    def cat_file(self, path: str, start: int | None = None, end: int | None = None, **_: Any) -> bytes:
        """A sample."""
        return path.encode()


def _info(name: str, number: int) -> dict[str, Any]:
    """What fsspec tells of a local file."""
    written = datetime(2026, 11, 16, 20, tzinfo=UTC).timestamp() + number / 7
    return {
        **{"name": name, "size": 48_044 + number, "type": "file", "created": written, "islink": False},
        **{"mode": 0o100600, "uid": 1000, "gid": 1000, "mtime": written, "ino": 10**9 + number, "nlink": 1},
    }


@pytest.fixture
def look(day: Day, monkeypatch: pytest.MonkeyPatch) -> Callable[[int], int]:
    """Discovers a day of so many, and tells the peak of the memory it took, in bytes."""
    monkeypatch.setattr(examining, "header_of", lambda *_: Header(3.0, 8000, 1))

    def discover(count: int) -> None:
        which, path = DAYS[count], f"/calls/{DAYS[count]}"
        folder = DayFolder(which, Listed(count), path, f"memory://{path}")
        database = day.database
        known = database.read(lambda c: {call.path: call for call in calls_of_day(c, which)})
        calls = find_recordings(folder, RULES, known).recordings
        others = database.read(lambda c: originals_of_other_days(c, which, calls))
        found = mark_duplicates(calls, others, lambda call: None)
        assert [call.state for call in found] == [CallState.PENDING] * count
        database.write(lambda c: record_discovery(c, str(which), found, known))

    def peak_bytes(count: int) -> int:
        gc.collect()
        tracemalloc.start()
        discover(count)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return peak

    for count, which in DAYS.items():
        day.database.write(lambda c, which=which: open_batch(c, Batch(str(which), which, "memory:///calls", {})))
    return peak_bytes


def test_a_day_grows(look: Callable[[int], int]) -> None:
    look(FEW)
    few, many = look(FEW), look(MANY)
    print("known", (many-few)/(MANY-FEW))
    few, many = look(FEW), look(MANY)
    print("known", few, many, (many-few)/(MANY-FEW))
