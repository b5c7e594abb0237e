"""How long a day's headers take in a store that answers late.

    python -m pytest -s -n0 tests/benchmarks/test_discovery.py

An object store answers a request after some ten milliseconds, wherever it is. 10,000 files, with one or two
requests for each, have to be known within a minute.
"""

import math
import time
from collections import Counter
from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest
from fsspec.implementations.memory import MemoryFile, MemoryFileSystem

from include.calls.call import CallState
from include.calls.day_folder import DayFolder
from include.calls.discovery import find_recordings
from tests.unit.calls.odd_files import by_ffmpeg, by_libsndfile
from tests.unit.calls.site import RULES

FILES = 10_000
LATENCY_S = 0.02
LONGEST_S = 60
_PAGE_FILES = 1000
_SECONDS = 45.0


class DistantStore(MemoryFileSystem):
    """Lists a thousand files with a request, reads a range with another, and takes its time for each."""

    cachable = False
    store: dict[str, Any] = {}  # noqa: RUF012 - of its own, not of all memory filesystems

    def __init__(self) -> None:
        super().__init__()
        self.requests: Counter[str] = Counter()

    def find(
        self, path: str, maxdepth: int | None = None, withdirs: bool = False, detail: bool = False, **_: Any
    ) -> dict[str, Any]:
        """Lists all below a folder."""
        for _page in range(math.ceil(len(self.store) / _PAGE_FILES)):
            self._answer("list")
        return {
            name: {"name": name, "size": len(file.getbuffer()), "type": "file"}
            for name, file in self.store.items()
        }

    def cat_file(self, path: str, start: int | None = None, end: int | None = None, **_: Any) -> bytes:
        """Reads a range."""
        self._answer("read")
        return bytes(self.store[path].getbuffer()[start:end])

    def open(self, path: str, *arguments: Any, **options: Any) -> Any:
        """Opens a file: nothing but a manifest should need it."""
        self._answer("open")
        return super().open(path, *arguments, **options)

    def info(self, path: str, **options: Any) -> Any:
        """Describes a file: its listing has done so."""
        self._answer("info")
        return super().info(path, **options)

    def _answer(self, request: str) -> None:
        self.requests[request] += 1
        time.sleep(LATENCY_S)


KINDS = {
    "wav": lambda: by_libsndfile("WAV", "PCM_16", seconds=_SECONDS),
    "u-law": lambda: by_libsndfile("WAV", "ULAW", seconds=_SECONDS),
    "flac": lambda: by_libsndfile("FLAC", "PCM_16", seconds=_SECONDS),
    "opus": lambda: by_libsndfile("OGG", "OPUS", seconds=_SECONDS),
    "mp3": lambda: by_ffmpeg("mp3", "mp3", 16_000, _SECONDS),
    "m4a": lambda: by_ffmpeg("mp4", "aac", 16_000, _SECONDS),
}


@pytest.fixture
def distant() -> Iterator[DistantStore]:
    """An empty one."""
    filesystem = DistantStore()
    filesystem.store.clear()
    yield filesystem
    filesystem.store.clear()


@pytest.mark.parametrize("kinds", [["wav"], ["opus"], ["mp3"], ["m4a"], list(KINDS)], ids="+".join)
def test_ten_thousand_headers_within_a_minute(distant: DistantStore, kinds: list[str]) -> None:
    files = [MemoryFile(distant, f"/{kind}", KINDS[kind]()) for kind in kinds]
    for number in range(FILES):
        distant.store[f"/day/{number:05}"] = files[number % len(files)]
    folder = DayFolder(date(2026, 11, 16), distant, "/day", "memory:///day")

    began_s, cpu_s = time.monotonic(), time.process_time()
    found = find_recordings(folder, RULES, {})
    took_s, cpu_s = time.monotonic() - began_s, time.process_time() - cpu_s

    reads = distant.requests["read"] / FILES
    print(f"\n{'+'.join(kinds):32} {took_s:5.1f} s  {cpu_s:5.1f} CPU-s  {reads:.2f} requests a file")
    assert {call.state for call in found.recordings} == {CallState.PENDING}
    assert all(call.duration_s == pytest.approx(_SECONDS, rel=0.05) for call in found.recordings)
    assert distant.requests == {"list": FILES / _PAGE_FILES, "read": distant.requests["read"]}
    assert reads <= 2
    assert took_s <= LONGEST_S
