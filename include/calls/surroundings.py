"""What lies where the folder of a day is missing, so that a wrong folder layout can be recognised."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from fsspec import AbstractFileSystem

from include.calls.day_folder import day_folder_name

_NAMED = 4
# Two years around the day name all months and years that a nested layout can have beside it.
_DAYS_AROUND = 366


@dataclass(frozen=True)
class Surroundings:
    """What lies where a day's folder is not.

    Attributes:
        missing: The name that is not there, below the location: of the day's folder, or of one above it.
        layout: How folders of days are called, as the site has set it.
        names: Of the folders beside it, in order.
        files: How many files lie there.
        layout_fits: The layout calls another day like one of `names`; or there are none to compare with.
        said_in: Where the layout is set.
    """

    missing: str
    layout: str
    names: tuple[str, ...] = ()
    files: int = 0
    layout_fits: bool = True
    said_in: str = "[cofi] recordings_layout"

    def describe(self, location: str) -> str:
        """A sentence that says what is there instead, with the mend where it can be guessed."""
        what = f"{location} has no folder {self.missing}"
        if not self.names and self.files:
            return f"{what}, but {self.files:,} files: recordings are looked for in a folder per day."
        if not self.names:
            return f"{what}, and nothing else: were the recordings copied?"
        if not self.layout_fits:
            return f"{what}; found {self._some()}: is {self.said_in} ({self.layout}) right?"
        return f"{what}; the last there are {self._some()}: were the recordings copied?"

    def _some(self) -> str:
        more = f" and {len(self.names) - _NAMED:,} more" if len(self.names) > _NAMED else ""
        return ", ".join(self.names[-_NAMED:]) + more


def look_around(
    filesystem: AbstractFileSystem,
    location: str,
    day: date,
    layout: str,
    said_in: str = "[cofi] recordings_layout",
) -> Surroundings | None:
    """Looks what is there instead of a day's folder.

    An object store has no folders: a key below the prefix makes one.

    Args:
        filesystem: fsspec's.
        location: The folder on it that holds the folders of days.
        day: The day.
        layout: How they are called.
        said_in: Where that is set.

    Returns:
        None when the day's folder is there.

    Raises:
        FileNotFoundError: There is no such location either.
        Exception: What the store's library raises when it cannot tell.
    """
    location = location.rstrip("/") or "/"
    parts = day_folder_name(day, layout).split("/")
    filesystem.invalidate_cache()
    if is_there(filesystem, _below(location, parts)):
        return None
    depth = next(n for n in range(len(parts)) if not is_there(filesystem, _below(location, parts[: n + 1])))
    names, files = folders_and_files(filesystem, _below(location, parts[:depth]))
    usual = {name.split("/")[depth] for name in _other_days(day, layout)}
    return Surroundings(
        missing="/".join(parts[: depth + 1]),
        layout=layout,
        names=names,
        files=files,
        layout_fits=not names or not usual.isdisjoint(names),
        said_in=said_in,
    )


def is_there(filesystem: AbstractFileSystem, path: str) -> bool:
    """Unlike fsspec's own `exists`, this takes no failure for an answer."""
    try:
        filesystem.info(path)
    except (FileNotFoundError, NotADirectoryError):
        return False
    return True


def folders_and_files(filesystem: AbstractFileSystem, folder: str) -> tuple[tuple[str, ...], int]:
    """The names of the folders in a folder, in order, and how many files are in it."""
    infos = filesystem.ls(folder, detail=True)
    below = [info for info in infos if info["name"].rstrip("/") != folder.rstrip("/")]
    folders = [info["name"].rstrip("/").rpartition("/")[2] for info in below if info["type"] == "directory"]
    seen = sorted(name for name in folders if not name.startswith("."))
    return tuple(seen), sum(info["type"] == "file" for info in below)


def _below(location: str, parts: list[str]) -> str:
    return "/".join([location.rstrip("/"), *parts]) or "/"


def _other_days(day: date, layout: str) -> Iterator[str]:
    for offset in range(-_DAYS_AROUND, _DAYS_AROUND + 1):
        yield day_folder_name(day + timedelta(days=offset), layout)
