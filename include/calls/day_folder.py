"""Where the recordings of a day lie, in any fsspec location."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from hashlib import file_digest, sha256

import pendulum
from fsspec import AbstractFileSystem

from include.calls.call import Call

# Speech of a second or two; a store is asked once for it.
_SAMPLE_BYTES = 16 * 1024
# What an index of PostgreSQL can hold of a path.
LONGEST_PATH_BYTES = 2500
# Python tells bytes of a name that are not UTF-8 as such code points.
_ESCAPED_BYTE = re.compile(r"\\u(dc[89a-f][0-9a-f])")


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
        """The day's folders, by the prefix of their files' paths; `.` stands for no prefix."""
        return {f"{name}/" if name.strip(".") else name: self._below(name) for name in self.names}

    def path_of(self, call: Call) -> str:
        """A call's recording on the filesystem."""
        return self.place_of(call.path)

    def paths_of(self, call: Call) -> list[str]:
        """All files of a call on the filesystem, in order of channel."""
        return [self.place_of(part.path) for part in call.parts] or [self.path_of(call)]

    def place_of(self, path: str) -> str:
        """A file on the filesystem, by its path as calls have it."""
        return f"{self.root.rstrip('/')}/{as_listed(path)}"

    def _below(self, name: str) -> "DayFolder":
        below = f"/{name}" if name.strip(".") else ""
        root, uri = f"{self.root.rstrip('/')}{below}", f"{self.uri}{below}"
        return replace(self, root=root, uri=uri, names=("",), nested=name != ".")


def day_folder_name(day: date, layout: str) -> str:
    """Names the folder of a day by a layout in pendulum's tokens: `YYYY-MM-DD`, `[calls]/YYYY/MM`."""
    return pendulum.date(day.year, day.month, day.day).format(layout).strip("/")


def as_text(path: str) -> str:
    r"""A path that a database and a log can hold: bytes that are not UTF-8 are written as `\udce9`."""
    if path.isascii():
        return path  # and no copy of it for each call
    return path.encode(errors="backslashreplace").decode()


def is_too_long(path: str) -> bool:
    """Whether no database could look for a file of this path."""
    return len(as_text(path).encode()) > LONGEST_PATH_BYTES


def as_listed(text: str) -> str:
    """The path that `as_text` wrote."""
    return _ESCAPED_BYTE.sub(lambda byte: chr(int(byte[1], 16)), text)


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


def sha256_of_samples(filesystem: AbstractFileSystem, files: Sequence[tuple[str, int]]) -> str:
    """Hashes some bytes in the middle of each file, which no two recordings have in common.

    Args:
        filesystem: fsspec's.
        files: Path and size in bytes.

    Raises:
        OSError: The store does not give them.
    """
    digest = sha256()
    for path, size_bytes in files:
        start = max(0, (size_bytes - _SAMPLE_BYTES) // 2)
        try:
            digest.update(filesystem.cat_file(path, start=start, end=min(size_bytes, start + _SAMPLE_BYTES)))
        except OSError:
            raise
        except Exception as error:  # each store's library has errors of its own
            raise OSError(str(error)) from error
    return digest.hexdigest()


def sha256_of_files(filesystem: AbstractFileSystem, paths: Sequence[str]) -> str:
    """Hashes a file, or the hashes of several: what makes a call of two files another one.

    Raises:
        OSError: The store does not give one.
    """
    hashes = [sha256_of_file(filesystem, path) for path in paths]
    return hashes[0] if len(hashes) == 1 else sha256("\n".join(hashes).encode()).hexdigest()
