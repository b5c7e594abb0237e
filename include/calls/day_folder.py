"""Where the recordings of a day lie, in any fsspec location, and which files are there."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from hashlib import file_digest, sha256
from typing import Any

import pendulum
from fsspec import AbstractFileSystem

from include.calls.call import Call


@dataclass(frozen=True)
class DayFolder:
    """Where the recordings of one day lie.

    Attributes:
        filesystem: fsspec's.
        root: The folder on it that paths of calls are below.
        uri: The same folder as `ObjectStoragePath` writes it.
        names: The folders below it that hold the day; `""` is itself, `.` only the files in it.
        nested: Whether folders in it belong to it.
    """

    day: date
    filesystem: AbstractFileSystem
    root: str
    uri: str
    names: tuple[str, ...] = ("",)
    nested: bool = True

    @property
    def parts(self) -> dict[str, "DayFolder"]:
        """Its folders by what the paths of their files begin with; `.` stands for nothing."""
        return {f"{name}/" if name.strip(".") else name: self._below(name) for name in self.names}

    def path_of(self, call: Call) -> str:
        """A call's recording on the filesystem."""
        return f"{self.root}/{call.path}"

    def paths_of(self, call: Call) -> list[str]:
        """All files of a call on the filesystem, in order of channel."""
        return [f"{self.root}/{part.path}" for part in call.parts] or [self.path_of(call)]

    def _below(self, name: str) -> "DayFolder":
        below = f"/{name}" if name.strip(".") else ""
        root, uri = f"{self.root.rstrip('/')}{below}", f"{self.uri}{below}"
        return replace(self, root=root, uri=uri, names=("",), nested=name != ".")


def day_folder_name(day: date, layout: str) -> str:
    """Names the folder of a day by a layout in pendulum's tokens: `YYYY-MM-DD`, `[calls]/YYYY/MM`."""
    return pendulum.date(day.year, day.month, day.day).format(layout).strip("/")


def listed(folder: DayFolder, manifest_name: str) -> dict[str, Mapping[str, Any]]:
    """What the store tells of each file below the day's folder, by path; no manifest, nothing hidden."""
    root, depth = folder.root.rstrip("/") + "/", None if folder.nested else 1
    below = {
        path.removeprefix(root): info
        for path, info in folder.filesystem.find(folder.root, maxdepth=depth, detail=True).items()
        if info["type"] == "file" or (info.get("islink") and folder.filesystem.isfile(path))
    }
    hidden = {path for path in below if any(part.startswith(".") for part in path.split("/"))}
    return {path: info for path, info in below.items() if path != manifest_name and path not in hidden}


def listed_day(folder: DayFolder, manifest_name: str) -> dict[str, Mapping[str, Any]]:
    """What `listed` tells of all folders of the day, by path below its root."""
    return {
        begin.strip(".") + path: info
        for begin, part in folder.parts.items()
        for path, info in listed(part, manifest_name).items()
    }


def modified_at(info: Mapping[str, Any]) -> datetime | None:
    """Reads local, sftp, s3, abfs and gs listings: fsspec has no common name for it."""
    for key in ("mtime", "LastModified", "last_modified", "updated"):
        value = info.get(key)
        if isinstance(value, int | float):
            return datetime.fromtimestamp(value, UTC)
        if isinstance(value, datetime):
            return value.astimezone(UTC)
        if isinstance(value, str):
            return datetime.fromisoformat(value).astimezone(UTC)
    return None


def sha256_of_file(filesystem: AbstractFileSystem, path: str) -> str:
    """Hashes a file in pieces."""
    with filesystem.open(path, "rb") as file:
        return file_digest(file, "sha256").hexdigest()


def sha256_of_files(filesystem: AbstractFileSystem, paths: Sequence[str]) -> str:
    """Hashes a file, or the hashes of several: what makes a call of two files another one."""
    hashes = [sha256_of_file(filesystem, path) for path in paths]
    return hashes[0] if len(hashes) == 1 else sha256("\n".join(hashes).encode()).hexdigest()
