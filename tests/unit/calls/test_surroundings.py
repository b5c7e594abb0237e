"""A folder that is not there is told with what is there instead."""

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import fsspec
import pytest
from fsspec import AbstractFileSystem
from hypothesis import given
from hypothesis import strategies as st

from include.calls.day_folder import day_folder_name
from include.calls.surroundings import look_around

DAY = date(2026, 11, 20)
# Layouts of sites, and of others that a site could be mistaken for.
LAYOUTS = [
    "YYYY-MM-DD",
    "YYYY_MM_DD",
    "YYYYMMDD",
    "DD.MM.YYYY",
    "YYYY/MM/DD",
    "[calls]/YYYY-MM-DD",
    "YYYY/DDDD",
]


class Shelf:
    """A location on a filesystem, to lay folders of days on."""

    def __init__(self, filesystem: AbstractFileSystem, root: str) -> None:
        self.filesystem, self.root = filesystem, root

    def put(self, *paths: str) -> None:
        for path in paths:
            where = f"{self.root}/{path}"
            self.filesystem.makedirs(where.rpartition("/")[0], exist_ok=True)
            self.filesystem.pipe_file(where, b"a call")

    def told(self, layout: str = "YYYY-MM-DD") -> str | None:
        around = look_around(self.filesystem, self.root, DAY, layout)
        return around and around.describe("s3://calls")

    def fits(self, layout: str) -> bool:
        around = look_around(self.filesystem, self.root, DAY, layout)
        assert around
        return around.layout_fits


@pytest.fixture(params=["file", "memory"])
def shelf(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Shelf]:
    filesystem = fsspec.filesystem(request.param)
    root = str(tmp_path / "calls") if request.param == "file" else "/calls"
    yield Shelf(filesystem, root)
    if request.param == "memory":
        filesystem.store.clear()
        filesystem.pseudo_dirs[:] = [""]


def test_a_folder_that_is_there_leaves_nothing_to_tell(shelf: Shelf) -> None:
    shelf.put("2026-11-20/a.wav")
    assert shelf.told() is None


def test_a_folder_without_a_file_is_there(tmp_path: Path) -> None:
    (tmp_path / "2026-11-20").mkdir()
    assert look_around(fsspec.filesystem("file"), str(tmp_path), DAY, "YYYY-MM-DD") is None


def test_a_wrong_layout_is_told_with_the_names_that_are_there(shelf: Shelf) -> None:
    shelf.put("2026_11_16/a.wav", "2026_11_17/a.wav")
    assert shelf.told() == (
        "s3://calls has no folder 2026-11-20; found 2026_11_16, 2026_11_17: is [cofi] recordings_layout "
        "(YYYY-MM-DD) right?"
    )


def test_many_names_are_not_all_told(shelf: Shelf) -> None:
    shelf.put(*(f"day-{n:02}/a.wav" for n in range(12)))
    assert "found day-08, day-09, day-10, day-11 and 8 more: is" in shelf.told()


def test_other_days_of_the_layout_say_that_it_is_right(shelf: Shelf) -> None:
    shelf.put("2026-11-18/a.wav", "2026-11-19/a.wav", "backup/a.wav")
    assert shelf.told() == (
        "s3://calls has no folder 2026-11-20; the last there are 2026-11-18, 2026-11-19, backup: were the "
        "recordings copied?"
    )


def test_recordings_without_folders_are_told(shelf: Shelf) -> None:
    shelf.put("a.wav", "b.wav")
    assert shelf.told() == (
        "s3://calls has no folder 2026-11-20, but 2 files: recordings are looked for in a folder per day."
    )


def test_hidden_folders_are_nobodys(shelf: Shelf) -> None:
    shelf.put(".sync/a.wav")
    assert (
        shelf.told() == "s3://calls has no folder 2026-11-20, and nothing else: were the recordings copied?"
    )


def test_the_folder_above_is_told_where_that_is_missing(shelf: Shelf) -> None:
    shelf.put("2026/10/31/a.wav", "2026/11/19/a.wav")
    assert "no folder 2026/11/20; the last there are 19: were" in shelf.told("YYYY/MM/DD")
    assert "no folder 26; found 2026: is [cofi] recordings_layout (YY/MM/DD) right?" in shelf.told("YY/MM/DD")


def test_a_location_that_is_not_there_is_not_taken_for_an_empty_one(shelf: Shelf) -> None:
    with pytest.raises(FileNotFoundError):
        look_around(shelf.filesystem, f"{shelf.root}/nowhere", DAY, "YYYY-MM-DD")


def test_a_store_that_cannot_tell_is_not_taken_for_an_empty_one(shelf: Shelf, monkeypatch) -> None:
    shelf.put("2026-11-19/a.wav")

    def refused(*_: object, **__: object) -> None:
        raise PermissionError("denied")

    monkeypatch.setattr(type(shelf.filesystem), "info", refused)
    with pytest.raises(PermissionError):
        look_around(shelf.filesystem, shelf.root, DAY, "YYYY-MM-DD")


@pytest.mark.long
@given(
    st.sampled_from(LAYOUTS), st.sampled_from(LAYOUTS), st.sets(st.integers(-40, 40), min_size=1, max_size=5)
)
def test_whether_a_layout_fits_is_told_by_the_days_that_it_names(
    meant: str, written: str, offsets: set[int]
) -> None:
    """Any layout that the folders were made by fits; none that makes no name of theirs does."""
    memory = fsspec.filesystem("memory")
    shelf = Shelf(memory, "/shelf")
    try:
        days = [DAY + timedelta(days=offset) for offset in offsets - {0}] or [DAY - timedelta(days=1)]
        shelf.put(*(f"{day_folder_name(day, written)}/a.wav" for day in days))
        around = look_around(memory, "/shelf", DAY, meant)
        assert around, "the day itself was not put there"
        names = {day_folder_name(day, meant).split("/")[0] for day in days}
        if meant == written:
            assert around.layout_fits
        elif not names & {day_folder_name(day, written).split("/")[0] for day in days}:
            assert not around.layout_fits
    finally:
        memory.store.clear()
        memory.pseudo_dirs[:] = [""]
