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
from include.calls import discovery, examining
from include.calls.call import CallState
from include.calls.day_folder import DayFolder
from include.calls.discovery import find_recordings
from include.calls.duplicates import mark_duplicates
from include.database import calls
from include.database.batches import Batch, open_batch
from include.database.calls import calls_of_day, originals_of_other_days, record_discovery
from tests.unit.calls.site import RULES
from tests.unit.database.seeding import Day

pytestmark = pytest.mark.long

ONE, FEW, MANY = 1, 200, 1_000
DAYS = {ONE: date(2026, 11, 15), FEW: date(2026, 11, 16), MANY: date(2026, 11, 17)}
# Of each piece of work at once; what they take does not grow with the day.
AT_ONCE = 50
# A call and what is needed to look for its copies, once; of a day that is known, what was known as well. They
# were 4,100 and 5,400 when a day's listing and rows were held whole.
NEW_BYTES, KNOWN_BYTES = 2_000, 2_700


class Listed(MemoryFileSystem):
    """A store with so many recordings, each with bytes of its own in its middle."""

    cachable = False

    def __init__(self, count: int) -> None:
        super().__init__()
        self.count = count

    def find(self, path: str, *_: Any, **__: Any) -> dict[str, Any]:
        """Lists all of them."""
        names = [f"{path}/{number:06}.wav" for number in range(self.count)]
        return {name: _info(name, number) for number, name in enumerate(names)}

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
    monkeypatch.setattr(discovery, "_WAITING", AT_ONCE, raising=False)
    monkeypatch.setattr(calls, "_ROWS_AT_ONCE", AT_ONCE, raising=False)

    def discover(count: int) -> None:
        which, path = DAYS[count], f"/calls/{DAYS[count]}"
        folder = DayFolder(which, Listed(count), path, f"memory://{path}")
        database = day.database
        known = database.read(lambda c: {call.path: call for call in calls_of_day(c, which)})
        listed = find_recordings(folder, RULES, known).recordings
        others = database.read(lambda c: originals_of_other_days(c, which, listed))
        found = mark_duplicates(listed, others, lambda call: None)
        assert [call.state for call in found] == [CallState.PENDING] * count
        database.write(lambda c: record_discovery(c, str(which), found, known))

    def peak_bytes(count: int) -> int:
        gc.collect()
        gc.freeze()  # how much other tests have left in this process decides nothing
        tracemalloc.start()
        discover(count)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        gc.unfreeze()
        return peak

    for which in DAYS.values():
        batch = Batch(str(which), which, "memory:///calls", {})
        day.database.write(lambda c, batch=batch: open_batch(c, batch))
    discover(ONE)  # what is imported and compiled once
    return peak_bytes


def test_a_days_memory_grows_by_a_bounded_number_of_bytes_with_each_call(look: Callable[[int], int]) -> None:
    for most, what in ((NEW_BYTES, "new"), (KNOWN_BYTES, "known")):
        few, many = look(FEW), look(MANY)
        bytes_a_call = (many - few) / (MANY - FEW)
        print(f"\n{what}: {bytes_a_call:,.0f} bytes a call")
        assert bytes_a_call < most, what
