"""Which folders hold a day of a recorder, and which of their calls belong to it."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from fnmatch import fnmatchcase
from zoneinfo import ZoneInfo

from fsspec import AbstractFileSystem

from include.calls.day_folder import DayFolder, day_folder_name
from include.calls.recorders.checks import SITE
from include.calls.recorders.profile import HERE, Recorder


def folder_of_day(
    filesystem: AbstractFileSystem, root: str, uri: str, day: date, *, recorder: Recorder, timezone: str
) -> DayFolder:
    """Where a recorder lays a day.

    Args:
        filesystem: fsspec's.
        root: The location on it.
        uri: The same as `ObjectStoragePath` writes it.
        day: A day of the site.
        recorder: Whose layout.
        timezone: Of the site.

    Returns:
        A folder that need not exist; `names` are the folders of the day below it.
    """
    root, uri = root.rstrip("/"), uri.rstrip("/")
    if recorder.days.paths_below == "day":
        name = day_folder_name(day, recorder.days.folders[0])
        return DayFolder(day, filesystem, f"{root}/{name}", f"{uri}/{name}")
    whole = DayFolder(day, filesystem, root, uri)
    dates = folder_dates(recorder, day, timezone)
    layouts = recorder.days.folders or ("",)
    wanted = dict.fromkeys(
        layout if layout == HERE else day_folder_name(one, layout) for layout in layouts for one in dates
    )
    names = [name for pattern in wanted for name in _there(filesystem, root, pattern)]
    return replace(whole, names=tuple(dict.fromkeys(names)))


def folder_dates(recorder: Recorder, day: date, timezone: str) -> list[date]:
    """The dates of a recorder's folders that a day of the site touches, in order."""
    zone = ZoneInfo(timezone)
    theirs = zone if recorder.days.timezone == SITE else ZoneInfo(recorder.days.timezone)
    begins = datetime.combine(day, time(), zone)
    ends = datetime.combine(day + timedelta(days=1), time(), zone) - timedelta(microseconds=1)
    first, last = begins.astimezone(theirs).date(), ends.astimezone(theirs).date()
    return [first + timedelta(days=n) for n in range((last - first).days + 1)]


def day_of(
    recorder: Recorder,
    path: str,
    dates: Sequence[date],
    timezone: str,
    *,
    started_at: datetime | None,
    written_at: datetime | None,
) -> date | None:
    """The site's day that a recording belongs to; None when nothing tells.

    It is the day on which the call began. Where that is not known, or the recording lies in none of that
    day's folders, it is the folder's date; so each recording belongs to exactly one day that it is found on.

    Args:
        recorder: Whose folders.
        path: Of the recording below the location.
        dates: Of the folders that were looked at.
        timezone: Of the site.
        started_at: When the call began, if that is known.
        written_at: When the file was written: all that tells of some that lie in no folder of a day.
    """
    zone = ZoneInfo(timezone)
    began_on, written_on = (at.astimezone(zone).date() if at else None for at in (started_at, written_at))
    lies_on = next((one for one in dates if _lies_on(path, one, recorder.days.folders)), None)
    if lies_on is None:
        return began_on or written_on
    return began_on if began_on and lies_on in folder_dates(recorder, began_on, timezone) else lies_on


def _lies_on(path: str, one: date, layouts: Sequence[str]) -> bool:
    dated = (day_folder_name(one, layout) for layout in layouts if layout != HERE)
    return any(_lies_in(path, pattern) for pattern in dated)


def _lies_in(path: str, pattern: str) -> bool:
    parts = pattern.split("/")
    folders = path.split("/")[:-1]
    return len(folders) >= len(parts) and all(map(fnmatchcase, folders, parts))


def _there(filesystem: AbstractFileSystem, root: str, pattern: str) -> Iterator[str]:
    """The folders that a pattern means: one without `*` need not be there."""
    if "*" not in pattern:
        yield pattern
        return
    below = [""]
    for part in pattern.split("/"):
        if "*" not in part:
            below = [f"{name}/{part}" if name else part for name in below]
            continue
        below = [found for name in below for found in _named(filesystem, root, name, part)]
    yield from (name for name in below if filesystem.isdir(f"{root}/{name}"))


def _named(filesystem: AbstractFileSystem, root: str, name: str, part: str) -> Iterator[str]:
    where = f"{root}/{name}" if name else root
    if not filesystem.isdir(where):
        return
    for entry in sorted(filesystem.ls(where, detail=True), key=lambda one: str(one["name"])):
        own = str(entry["name"]).rstrip("/").rpartition("/")[2]
        if entry["type"] == "directory" and fnmatchcase(own, part) and not own.startswith("."):
            yield f"{name}/{own}" if name else own
