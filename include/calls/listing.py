"""Which files lie in a day's folder: those to look at, those that are being written, those that are none.

What cannot be listed fails: fsspec takes a folder that it may not read for an empty one.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from fsspec import AbstractFileSystem
from fsspec.asyn import AsyncFileSystem
from fsspec.implementations.local import LocalFileSystem

from include.calls.day_folder import LONGEST_PATH_BYTES, is_too_long
from include.calls.listed_pages import Info, files_below
from include.calls.moments import possible
from include.calls.on_disk import DiskDict, DiskList
from include.errors import StoreFault

# Size and time of a file, as the store lists them.
Stamp = tuple[int, datetime | None]

# How programs name what they have not finished.
_UNFINISHED_ENDINGS = (
    *(".part", ".partial", ".filepart", ".tmp", ".temp", ".crdownload", ".download", ".opdownload", ".aria2"),
    *(
        ".!ut",
        ".!qb",
        ".!sync",
        ".bts",
        ".unfinished",
        ".uncompleted",
        ".recording",
        ".wip",
        ".ftptmp",
        ".xfer",
    ),
    *(
        "_partial",
        "_incomplete",
        "_inprogress",
        ".inprogress",
        ".in-progress",
        ".incomplete",
        ".writing",
        ".uploading",
        ".swp",
        "~",
    ),
)
# Files that systems leave in any folder.
_OF_SYSTEMS = frozenset({"thumbs.db", "ehthumbs.db", "desktop.ini", "_success", "$recycle.bin", "lost+found"})
_FOLDER_MARKER = "_$folder$"
# A time that lies further ahead is no clock that is wrong by some minutes, or by its zone.
_NONSENSE_AHEAD = timedelta(hours=24)


@dataclass(frozen=True)
class Ignored:
    """A file that is no recording, and why."""

    path: str
    reason: str


@dataclass(frozen=True, slots=True)
class ListedFile:
    """What is kept of what a store tells of a file: that is ten fields of each of a day's files.

    Attributes:
        size_bytes: As listed; of a link, of the link itself where the store says so.
        modified_at: When it was last written; None when the store does not say.
        is_link: Whether it is a link to a file.
    """

    size_bytes: int
    modified_at: datetime | None = None
    is_link: bool = False


@dataclass
class Listing:
    """The files below a day's folder, in order of their path there.

    Attributes:
        files: Those that are to be looked at.
        being_written: Those that are left for the next look.
        ignored: Those that are no recordings.
    """

    files: DiskDict[ListedFile] = field(default_factory=DiskDict)
    being_written: DiskList[str] = field(default_factory=DiskList)
    ignored: DiskList[Ignored] = field(default_factory=DiskList)


def listed(
    filesystem: AbstractFileSystem,
    root: str,
    *,
    nested: bool = True,
    min_age_s: float = 0,
    now: datetime | None = None,
    known: Callable[[str], Stamp | None] = lambda _: None,
) -> Listing:
    """Lists the files below a folder.

    A file is still being written when its name says so, or when it was last written less than `min_age_s`
    ago. "Now" is this machine's clock or the newest time in the listing, whichever is later: in a store whose
    clock is ahead, all files would else be young. A clock that is behind cannot be detected: raise
    `min_age_s` by that much.

    Args:
        filesystem: fsspec's.
        root: The folder on it; one that does not exist has no files.
        nested: Whether files in its folders are listed, too.
        min_age_s: Files that are younger are left; 0 for none.
        now: This machine's clock, unless a test says otherwise.
        known: Size and time of a file as it was found before: one that has not changed since is whole.

    Raises:
        StoreFault: The folder, or one below it, cannot be listed; the message names it.
    """
    listing, now = Listing(), now or datetime.now(UTC)
    latest = now
    for path, info in _below(filesystem, root, nested):
        reason = _no_recording(path, info) or _unstorable(path)
        if reason:
            listing.ignored.add(path, Ignored(path, reason))
        elif _is_unfinished(path):
            listing.being_written.add(path, path)
        else:
            file = ListedFile(info["size"], modified_at(info), bool(info.get("islink")))
            listing.files[path] = file
            latest = max(latest, _sensible(file, now) or now)
    _leave_young(listing, min_age_s, now, latest, known)
    return listing


def modified_at(info: Info) -> datetime | None:
    """Reads local, sftp, s3, abfs and gs listings: fsspec has no common name for it.

    A time that is none (a share may tell the year 30828, or 9999) is as good as no time, and stops no day.
    """
    told = (info.get(key) for key in ("mtime", "LastModified", "last_modified", "updated"))
    return next(filter(None, map(_moment, told)), None)


def _moment(told: object) -> datetime | None:
    with suppress(ValueError, OverflowError, OSError):
        if isinstance(told, int | float):
            return possible(datetime.fromtimestamp(told, UTC))
        if isinstance(told, datetime):
            return possible(told.astimezone(UTC))
        if isinstance(told, str):
            return possible(datetime.fromisoformat(told).astimezone(UTC))
    return None


def finished_name(path: str) -> str:
    """How a file that is being written will be called, as far as its name tells."""
    folder, slash, name = path.rpartition("/")
    name = name.removeprefix("~$")
    ending = next((ending for ending in _UNFINISHED_ENDINGS if name.lower().endswith(ending)), "")
    return folder + slash + (name[: len(name) - len(ending)] or name)


def _below(filesystem: AbstractFileSystem, root: str, nested: bool) -> Iterator[tuple[str, Info]]:
    prefix = root.rstrip("/") + "/"
    filesystem.invalidate_cache(root)
    for name, info in _found(filesystem, root.rstrip("/"), nested):
        path = name.removeprefix(prefix)
        if path and path != name:  # else it is the marker of the folder itself
            yield path, info


def _found(filesystem: AbstractFileSystem, root: str, nested: bool) -> Iterator[tuple[str, Info]]:
    try:
        if not nested:
            yield from _walked(filesystem, root, None)
            return
        if not _finds_at_once(filesystem):
            yield from _walked(filesystem, root, {_place(filesystem, root, filesystem.info(root))})
            return
        if (pages := files_below(filesystem, root)) is not None:
            yield from pages
            return
        found: dict[str, Info] = filesystem.find(root, detail=True)
    except StoreFault:
        raise
    except FileNotFoundError:
        return
    except Exception as error:  # each store's library has errors of its own
        raise _unlisted(root, error) from error
    yield from found.items()


def _finds_at_once(filesystem: AbstractFileSystem) -> bool:
    """Object stores list all that begins with a path, and say when they cannot.

    What fsspec has for the others walks from folder to folder, and passes those over that it cannot list.
    """
    kind = type(filesystem)
    if isinstance(filesystem, AsyncFileSystem):
        return kind._find is not AsyncFileSystem._find
    return kind.find is not AbstractFileSystem.find


def _walked(
    filesystem: AbstractFileSystem, folder: str, seen: set[object] | None
) -> Iterator[tuple[str, Info]]:
    """Files below a folder; links to folders are followed, but not in a circle.

    Args:
        filesystem: fsspec's.
        folder: On it.
        seen: The folders on the way here; None for the files in this one alone.
    """
    for info in _in_folder(filesystem, folder):
        name: str = info["name"]
        if name.rstrip("/") == folder:
            if name == folder and info.get("type") != "directory":
                yield name, info  # the folder is a file
            continue
        if info.get("type") == "directory" or (info.get("islink") and filesystem.isdir(name)):
            place = _place(filesystem, name, info)
            if seen is not None and place not in seen:
                yield from _walked(filesystem, name.rstrip("/"), {*seen, place})
        else:
            yield name, info


def _in_folder(filesystem: AbstractFileSystem, folder: str) -> Iterator[Info]:
    """What a folder holds; of a local one, whose list may be long, one after the other."""
    try:
        if type(filesystem) is LocalFileSystem and Path(folder).is_dir():
            with os.scandir(folder) as entries:
                for entry in entries:
                    with suppress(FileNotFoundError):  # it is gone since then
                        yield filesystem.info(entry)
        else:
            yield from filesystem.ls(folder, detail=True)
    except FileNotFoundError:
        return  # it is gone since its parent was listed
    except Exception as error:
        raise _unlisted(folder, error) from error


def _place(filesystem: AbstractFileSystem, name: str, info: Info) -> object:
    """What tells a folder from others, however a link calls it."""
    target = filesystem.info(name) if info.get("islink") else info
    return (target.get("ino"), target.get("created")) if target.get("ino") else name


def _unlisted(folder: str, error: Exception) -> StoreFault:
    return StoreFault(
        f"The folder {folder} cannot be listed ({error}), so that its recordings are not known: check its "
        "permissions, mount and connection, then clear this task."
    )


def _no_recording(path: str, info: Info) -> str | None:
    parts = path.split("/")
    if path.endswith("/") and not info["size"]:
        return "marks a folder in an object store"
    if path.endswith(_FOLDER_MARKER) and not info["size"]:
        return "marks a folder in an object store"
    if any(part.startswith(".") for part in parts):
        return "its name begins with a dot"
    if any(part.casefold() in _OF_SYSTEMS for part in parts):
        return "an operating system's or a program's own"
    if info.get("type", "file") not in {"file", "link"} and not info.get("islink"):
        return "a device, pipe or socket"
    return None


def _unstorable(path: str) -> str | None:
    return f"its path has more than {LONGEST_PATH_BYTES:,} bytes: shorten it" if is_too_long(path) else None


def _is_unfinished(path: str) -> bool:
    name = path.rpartition("/")[2].lower()
    return name.endswith(_UNFINISHED_ENDINGS) or name.startswith("~$")


def _sensible(file: ListedFile, now: datetime) -> datetime | None:
    """When a file was written, unless that is nonsense."""
    time = file.modified_at
    return time if time and time <= now + _NONSENSE_AHEAD else None


def _leave_young(
    listing: Listing,
    min_age_s: float,
    now: datetime,
    latest: datetime,
    known: Callable[[str], Stamp | None],
) -> None:
    """Takes files out that were written less than `min_age_s` before the latest."""
    for path, file in listing.files.items():
        time = _sensible(file, now)
        if time is None or (latest - time).total_seconds() >= min_age_s:
            continue
        if known(path) != (file.size_bytes, time):
            del listing.files[path]
            listing.being_written.add(path, path)
