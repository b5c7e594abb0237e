"""Where the recordings of a day lie, in any fsspec location."""

import re
from dataclasses import dataclass
from datetime import date
from hashlib import file_digest

import pendulum
from fsspec import AbstractFileSystem

from include.calls.call import Call

# Python tells bytes of a name that are not UTF-8 as such code points.
_ESCAPED_BYTE = re.compile(r"\\u(dc[89a-f][0-9a-f])")


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
        return f"{self.root.rstrip('/')}/{as_listed(call.path)}"


def day_folder_name(day: date, layout: str) -> str:
    """Names the folder of a day by a layout in pendulum's tokens: `YYYY-MM-DD`, `[calls]/YYYY/MM`."""
    return pendulum.date(day.year, day.month, day.day).format(layout).strip("/")


def as_text(path: str) -> str:
    r"""A path that a database and a log can hold: bytes that are not UTF-8 are written as `\udce9`."""
    return path.encode(errors="backslashreplace").decode()


def as_listed(text: str) -> str:
    """The path that `as_text` wrote."""
    return _ESCAPED_BYTE.sub(lambda byte: chr(int(byte[1], 16)), text)


def sha256_of_file(filesystem: AbstractFileSystem, path: str) -> str:
    """Hashes a file in pieces."""
    with filesystem.open(path, "rb") as file:
        return file_digest(file, "sha256").hexdigest()
