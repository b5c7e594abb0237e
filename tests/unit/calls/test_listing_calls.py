"""A day is listed once, however many recordings it has: a store is asked per page, not per file."""

from collections import Counter
from collections.abc import Iterator

import pytest
from fsspec.implementations.memory import MemoryFileSystem

from include.calls.call import CallState
from include.calls.surroundings import look_around
from tests.unit.calls.site import DAY, Site, recording

FILES = 10_000
# All that asks a store where files are, and what they are.
ASKING = ("find", "ls", "info", "exists", "isfile", "isdir", "glob", "du", "size", "created", "modified")


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Iterator[Counter[str]]:
    """How often a memory filesystem was asked, by method."""
    counts: Counter[str] = Counter()

    def counting(name: str):
        original = getattr(MemoryFileSystem, name)

        def method(self, *arguments, **options):
            counts[name] += 1
            return original(self, *arguments, **options)

        return method

    for name in ASKING:
        monkeypatch.setattr(MemoryFileSystem, name, counting(name))
    yield counts


@pytest.mark.long
def test_a_day_of_ten_thousand_files_is_listed_once(memory_site: Site, asked: Counter[str]) -> None:
    for number in range(FILES):
        memory_site.filesystem.pipe_file(f"{memory_site.root}/{number:05}.wav", b"")
    asked.clear()

    found = memory_site.find()

    assert len(found) == FILES
    assert {call.state for call in found.values()} == {CallState.QUARANTINED}, "each is empty"
    assert asked["find"] + asked["ls"] == 1
    assert asked.total() <= 5, asked


def test_recordings_that_are_known_are_not_asked_for_one_by_one(
    memory_site: Site, asked: Counter[str]
) -> None:
    for number in range(50):
        memory_site.put(f"{number}.wav", recording(seed=number))
    known = list(memory_site.find().values())
    asked.clear()

    assert len(memory_site.find(known)) == 50

    assert asked.total() <= 5, asked


def test_looking_for_a_day_that_is_not_there_takes_a_few_questions(
    memory_site: Site, asked: Counter[str]
) -> None:
    for number in range(1000):
        memory_site.filesystem.pipe_file(f"/calls/day-{number}/a.wav", b"")
    asked.clear()
    assert look_around(memory_site.filesystem, "/calls", DAY, "YYYY-MM-DD")
    assert asked["ls"] == 1
    assert asked.total() <= 5, asked
