"""What discovery holds of a day: a night of 100,000 calls has to fit into a task beside others.

Python's own count of its memory at its peak, which is the same on any machine.
"""

from collections.abc import Callable
from datetime import date
from functools import partial
from pathlib import Path

import pytest
from fsspec.implementations.local import LocalFileSystem

from include.audio_files.header import Header
from include.calls import discovery, examining, on_disk
from include.calls.call import CallState
from include.calls.day_folder import DayFolder
from include.calls.discovery import find_recordings
from include.calls.duplicates import mark_duplicates
from include.calls.on_disk import DiskDict, at_once
from include.database import calls
from include.database.batches import Batch, open_batch
from include.database.calls import calls_of_day, originals_of_other_days, record_discovery
from tests.memory import peak_bytes
from tests.unit.calls.site import RULES
from tests.unit.database.seeding import Day

pytestmark = pytest.mark.long

ONE, FEW, MANY = 1, 150, 600
DAYS = {ONE: date(2026, 11, 15), FEW: date(2026, 11, 16), MANY: date(2026, 11, 17)}
# Of each piece of work at once; what they take does not grow with the day.
AT_ONCE = 25
# Of a day four times as large: 3.6 times as much when calls were held in lists, 1.03 to 1.17 since, and once
# 1.31 beside other tests: what refers to itself is counted until it is looked for.
MOST_TIMES = 1.6


@pytest.fixture
def look(day: Day, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[int], int]:
    """Discovers a day of so many, and tells the peak of the memory it took, in bytes."""
    monkeypatch.setattr(examining, "header_of", lambda *_: Header(3.0, 8000, 1))
    for module, name in (
        (discovery, "_WAITING"),
        (calls, "_ROWS_AT_ONCE"),
        (on_disk, "_ROWS_AT_ONCE"),
        (on_disk, "_IN_MEMORY"),
    ):
        monkeypatch.setattr(module, name, AT_ONCE)

    def discover(count: int) -> None:
        which = DAYS[count]
        folder = DayFolder(which, LocalFileSystem(), f"{tmp_path}/{which}", f"file://{tmp_path}/{which}")
        database = day.database
        known = database.read(lambda c: DiskDict((call.path, call) for call in calls_of_day(c, which)))
        listed = find_recordings(folder, RULES, known).recordings
        others = (
            one
            for some in at_once(listed, AT_ONCE)
            for one in database.read(partial(originals_of_other_days, day=which, calls=some))
        )
        found = mark_duplicates(listed, others, lambda call: None)
        assert len(listed) == count
        for some in at_once(found, AT_ONCE):
            assert {call.state for call in some} == {CallState.PENDING}
            database.write(partial(record_discovery, batch_id=str(which), calls=some, known=known))

    for count, which in DAYS.items():
        (tmp_path / str(which)).mkdir()
        for number in range(count):
            (tmp_path / str(which) / f"{number:06}.wav").write_text(f"{which} {number}")
        batch = Batch(str(which), which, f"file://{tmp_path}", {})
        day.database.write(lambda c, batch=batch: open_batch(c, batch))
    discover(ONE)  # what is imported and compiled once
    return lambda count: peak_bytes(partial(discover, count))


def test_the_memory_of_a_day_does_not_grow_with_its_calls(look: Callable[[int], int]) -> None:
    for what in ("new", "known"):
        few, many = look(FEW), look(MANY)
        print(f"\n{what}: {few:,} bytes for {FEW}, {many:,} bytes for {MANY} calls")
        assert many < MOST_TIMES * few, what
