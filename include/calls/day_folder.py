"""Where the recordings of a day lie, in any fsspec location, and which files are there."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from hashlib import file_digest
from typing import Any

import pendulum
from fsspec import AbstractFileSystem

from include.calls.call import Call


@dataclass(frozen=True)
class DayFolder:
    """Where the recordings of one day lie.

    Attributes:
        filesystem: fsspec's.
        root: The folder on it.
        uri: The same folder as `ObjectStoragePath` writes it.
    """

    day: date
    filesystem: AbstractFileSystem
    root: str
    uri: str

    def path_of(self, call: Call) -> str:
        """A call's recording on the filesystem."""
        return f"{self.root}/{call.path}"


def day_folder_name(day: date, layout: str) -> str:
    """Names the folder of a day by a layout in pendulum's tokens: `YYYY-MM-DD`, `[calls]/YYYY/MM`."""
    return pendulum.date(day.year, day.month, day.day).format(layout).strip("/")


def listed(folder: DayFolder, manifest_name: str) -> dict[str, Mapping[str, Any]]:
    """What the store tells of each file below the day's folder, by path; no manifest, nothing hidden."""
    root = folder.root.rstrip("/") + "/"
    below = {
        path.removeprefix(root): info
        for path, info in folder.filesystem.find(folder.root, detail=True).items()
        if info["type"] == "file" or (info.get("islink") and folder.filesystem.isfile(path))
    }
    hidden = {path for path in below if any(part.startswith(".") for part in path.split("/"))}
    # Object stores mark folders by empty objects.
    hidden |= {path for path, info in below.items() if not info["size"] and (not path or path.endswith("/"))}
    return {path: info for path, info in below.items() if path != manifest_name and path not in hidden}


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
    """Hashes a file in pieces.

    Raises:
        OSError: The store does not give it.
    """
    try:
        with filesystem.open(path, "rb") as file:
            return file_digest(file, "sha256").hexdigest()
    except OSError:
        raise
    except Exception as error:  # each store's library has errors of its own
        raise OSError(str(error)) from error
