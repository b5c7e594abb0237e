"""Which days a location holds, as a recorder lays them out."""

import re
from collections.abc import Iterator, Sequence
from datetime import date
from itertools import islice

from fsspec import AbstractFileSystem

from include.calls.recorders.describing import Times, described
from include.calls.recorders.paths import metadata_from_path
from include.calls.recorders.profile import HERE, Recorder

_TOKEN = re.compile(r"\[([^\]]*)\]|YYYY|MM|DD|M|D|\*|[^\[]")
_DIGITS = {
    "YYYY": r"(?P<year>\d{4})",
    "MM": r"(?P<month>\d\d)",
    "DD": r"(?P<day>\d\d)",
    "M": r"(?P<month>\d{1,2})",
    "D": r"(?P<day>\d{1,2})",
    "*": ".*",
}
# A location with everything in one place is judged by so many of its files.
_FILES_LOOKED_AT = 5000


def days_there(
    filesystem: AbstractFileSystem, root: str, recorder: Recorder, timezone: str, most: int
) -> list[date]:
    """The newest days of a location, newest first.

    Args:
        filesystem: fsspec's.
        root: The location on it.
        recorder: Whose folders.
        timezone: Of the site, for recorders without a folder per day.
        most: How many.
    """
    found: set[date] = set()
    for layout in recorder.days.folders or (HERE,):
        if layout == HERE:
            found |= _days_of_files(filesystem, root, recorder, timezone)
        else:
            found |= set(islice(_days_of_folders(filesystem, root, layout.split("/"), {}), most))
    return sorted(found, reverse=True)[:most]


def _days_of_folders(
    filesystem: AbstractFileSystem, root: str, parts: Sequence[str], found: dict[str, str]
) -> Iterator[date]:
    if not parts:
        yield from _date(found)
        return
    pattern = re.compile(_as_pattern(parts[0]))
    for name in sorted(folders_in(filesystem, root), reverse=True):
        match = pattern.fullmatch(name)
        if match:
            yield from _days_of_folders(filesystem, f"{root}/{name}", parts[1:], found | match.groupdict())


def folders_in(filesystem: AbstractFileSystem, root: str) -> list[str]:
    """Names of the folders in a folder; none when it is not there."""
    if not filesystem.isdir(root):
        return []
    entries = filesystem.ls(root, detail=True)
    names = [str(one["name"]).rstrip("/").rpartition("/")[2] for one in entries if one["type"] == "directory"]
    return [name for name in names if not name.startswith(".")]


def _as_pattern(layout: str) -> str:
    return "".join(
        _DIGITS.get(m.group(), re.escape(m.group(1) or m.group())) for m in _TOKEN.finditer(layout)
    )


def _date(found: dict[str, str]) -> Iterator[date]:
    try:
        yield date(int(found["year"]), int(found["month"]), int(found["day"]))
    except (KeyError, ValueError):
        return


def _days_of_files(filesystem: AbstractFileSystem, root: str, recorder: Recorder, timezone: str) -> set[date]:
    """The days that paths tell, of the last files by name."""
    depth = 1 if HERE in recorder.days.folders else None
    paths = sorted(filesystem.find(root, maxdepth=depth), reverse=True)[:_FILES_LOOKED_AT]
    times = Times(recorder.times_timezone(timezone), recorder.times.formats)
    days = set()
    for path in paths:
        reported = metadata_from_path(path.removeprefix(root).lstrip("/"), recorder)
        began = described(reported or {}, path, times).started_at
        if began:
            days.add(began.date())
    return days
