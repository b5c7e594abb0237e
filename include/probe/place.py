"""A location that is looked at."""

from dataclasses import dataclass, field
from datetime import date
from typing import IO, Any, cast

import fsspec
from fsspec import AbstractFileSystem

from include.calls.day_folder import DayFolder, as_listed
from include.calls.recorders.days import folder_of_day
from include.calls.recorders.profile import Recorder
from include.errors import InvalidInput


@dataclass(frozen=True)
class Place:
    """Where somebody's recordings lie.

    Attributes:
        location: As it was given.
        filesystem: fsspec's.
        root: The location on it.
        timezone: Of the site.
        manifest_name: See `[cofi] manifest_name`.
    """

    location: str
    filesystem: AbstractFileSystem = field(repr=False)
    root: str
    timezone: str = "UTC"
    manifest_name: str = "manifest.csv"

    def folder(self, recorder: Recorder, day: date) -> DayFolder:
        """Where a recorder lays a day."""
        return folder_of_day(
            self.filesystem, self.root, self.uri, day, recorder=recorder, timezone=self.timezone
        )

    @property
    def uri(self) -> str:
        """The location without credentials and options."""
        return self.location.rstrip("/")

    def open(self, uri: str) -> IO[bytes]:
        """Opens a recording by the URI that its call has."""
        path = as_listed(uri.removeprefix(self.uri))
        return cast(IO[bytes], self.filesystem.open(f"{self.root}{path}", "rb"))


def place_of(location: str, timezone: str, options: dict[str, Any] | None = None) -> Place:
    """Opens a location.

    Args:
        location: A folder, or `s3://bucket/folder` and its like; an Airflow connection in it is left out.
        timezone: Of the site.
        options: What fsspec needs to open it.

    Raises:
        InvalidInput: It cannot be opened, or is not there.
    """
    scheme, _, rest = location.rpartition("://")
    bare = f"{scheme}://{rest.rpartition('@')[2]}" if scheme and "@" in rest.split("/")[0] else location
    try:
        filesystem, root = fsspec.url_to_fs(bare, **(options or {}))
        there = filesystem.exists(root)
    except ImportError as error:
        raise InvalidInput(f"{bare}: {error}") from error
    except Exception as error:  # each store's library has errors of its own
        cause = f"{type(error).__name__}: {error}"
        raise InvalidInput(
            f"{bare} cannot be opened ({cause}): check its name and your credentials."
        ) from error
    if not there:
        raise InvalidInput(f"There is no folder {bare}: correct the location.")
    return Place(location if scheme else f"file://{root}", filesystem, root.rstrip("/"), timezone)
