"""Which recording a manifest's row means: people and recorders write the same path in many ways."""

import re
import unicodedata
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from posixpath import normpath
from urllib.parse import unquote

from include.calls.call import CallMetadata
from include.calls.manifest import Manifest
from include.calls.on_disk import DiskDict, DiskList

_URI = re.compile(r"[a-z][a-z0-9+.\-]*://(?:[^/@]*@)?(.*)", re.IGNORECASE | re.DOTALL)
_DRIVE = re.compile(r"[a-z]:/|//", re.IGNORECASE)
# Bytes of names that are not UTF-8, as Python tells them.
_SURROGATES = re.compile("[\udc80-\udcff]")
# A folder's name with so many digits is a day's.
_DAY_DIGITS = 6


@dataclass
class Described:
    """What a manifest says of a day's files.

    Attributes:
        files: Metadata of those that are there, by path as listed.
        absent: Of those that are not, by the path that they would have.
        problems: A sentence for everything that was not read, or does not count.
    """

    files: DiskDict[CallMetadata] = field(default_factory=DiskDict)
    absent: DiskDict[CallMetadata] = field(default_factory=DiskDict)
    problems: DiskList[str] = field(default_factory=DiskList)


def describe(manifest: Manifest, listed: Iterable[str], root: str) -> Described:
    """Finds the recording of each row.

    A path may be written below the day's folder or in full, with the separators of Windows, as a URI, with
    accents composed or not, and in other case where no two files differ by that alone.

    Args:
        manifest: What was read.
        listed: Paths of the files below the day's folder.
        root: The day's folder on its filesystem.
    """
    files, described = _Files(listed, root), Described()
    described.problems.add_all(("", problem) for problem in manifest.problems)
    rows: DiskDict[int] = DiskDict()
    for row in manifest.rows:
        where = f"row {row.number} ({row.file.strip()})"
        inside = files.inside(row.file)
        found = files.meant_by([row.file, *inside])
        if len(found) > 1:
            candidates = " or ".join(found)
            described.problems.add(
                "", f"{where}: it may mean {candidates}: write it as the file is. It was not read"
            )
        elif not found and not inside:
            described.problems.add(
                "",
                f"{where}: it lies outside of the day's folder {root}: write its path below that. It was not "
                "read",
            )
        else:
            path = found[0] if found else inside[0]
            if before := rows.get(path):
                described.problems.add("", f"{where}: row {before} is of the same file; this row counts")
            rows[path] = row.number
            (described.files if found else described.absent)[path] = row.metadata
    return described


class _Files:
    """The files of a day by the names that they may be called by."""

    def __init__(self, listed: Iterable[str], root: str) -> None:
        self._root = "/" + root.strip("/")
        self._folders: DiskDict[None] = DiskDict()
        self._by_name: list[tuple[Callable[[str], str], DiskList[str]]] = [
            (key, DiskList()) for key in (str, _composed, _without_case)
        ]
        for path in listed:
            for key, paths in self._by_name:
                paths.add(key(path), path)
            if "/" in path:
                self._folders[path.split("/", 1)[0]] = None

    def meant_by(self, names: Iterable[str]) -> list[str]:
        """The files that one of these names may mean: by the strictest reading under which there is any."""
        names = list(names)
        for key, paths in self._by_name:
            for name in names:
                if found := paths.of(key(name)):
                    return sorted(found)
        return []

    def inside(self, cell: str) -> list[str]:
        """Paths below the day's folder that a cell may mean, likeliest first; none when it lies outside."""
        text = cell.strip().replace("\\", "/")
        uri = _URI.fullmatch(text)
        if uri:
            texts = dict.fromkeys(("/" + uri[1].lstrip("/"), "/" + unquote(uri[1]).lstrip("/")))
            return [path for text in texts for path in self._of_full(text)]
        if _DRIVE.match(text):
            return self._moved(text)
        if not text.startswith("/"):
            return self._below(f"{self._root}/{text}")
        if full := self._of_full(text):
            return full
        # The folder itself may be taken for the root.
        relative = self._below(f"{self._root}{text}")
        plausible = "/" not in text[1:] or text[1:].split("/", 1)[0] in self._folders
        return relative if plausible else []

    def _of_full(self, text: str) -> list[str]:
        return self._below(text) or self._moved(text)

    def _below(self, full: str) -> list[str]:
        path = normpath(full)
        return [path.removeprefix(f"{self._root}/")] if path.startswith(f"{self._root}/") else []

    def _moved(self, full: str) -> list[str]:
        """Where another machine sees the folder elsewhere: what follows the day's name, if it is there."""
        day = _day_of(self._root)
        _, found, rest = normpath(full).rpartition(f"/{day}/") if day else ("", "", "")
        return [rest] if found and self.meant_by([rest]) else []


def _day_of(root: str) -> str:
    """The end of the folder's path that names a day: 2026-11-16, or 2026/11/16."""
    parts = root.strip("/").split("/")
    for count in range(1, min(4, len(parts)) + 1):
        name = "/".join(parts[-count:])
        if sum(letter.isdigit() for letter in name) >= _DAY_DIGITS:
            return name
    return ""


def _composed(path: str) -> str:
    """Accents composed, and bytes that are not UTF-8 as Windows writes them in its manifests."""
    known = _SURROGATES.sub(lambda byte: bytes([ord(byte[0]) - 0xDC00]).decode("cp1252", "replace"), path)
    return unicodedata.normalize("NFC", known)


def _without_case(path: str) -> str:
    return "/".join(part.strip() for part in _composed(path).casefold().split("/"))
