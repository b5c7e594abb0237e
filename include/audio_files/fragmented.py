"""Fragmented MP4 files that break off: libraries hear the fragments that are whole as if they were all.

Nothing in such a file states how long it is. That its last box is not there to its end tells that it was cut.
"""

from collections.abc import Iterator
from typing import BinaryIO

from include.audio_files.behind import read_at
from include.errors import RecordingUnusable

# A fragment of a second each, for a day, with two boxes and an index each.
_MOST_BOXES = 300_000
_FIRST = (b"ftyp", b"styp")


def refuse_cut(file: BinaryIO, size_bytes: int) -> None:
    """Refuses a fragmented MP4 whose last fragment is not whole; files of other formats pass.

    Args:
        file: Any file.
        size_bytes: Its size.

    Raises:
        RecordingUnusable: It breaks off.
    """
    if read_at(file, 4, 4) not in _FIRST:
        return
    fragments, last, end = 0, b"", 0
    for name, end in _boxes(file, size_bytes):  # noqa: B007 - those of the last are looked at
        fragments += name == b"moof"
        last = name
    if fragments and (end > size_bytes or last == b"moof"):
        raise RecordingUnusable(
            f"The MP4 file breaks off in its fragment {fragments}: what it was copied from may hold more, or "
            "its recorder was stopped. Copy it again."
        )


def _boxes(file: BinaryIO, size_bytes: int) -> Iterator[tuple[bytes, int]]:
    """Name and end of each box of the file, in bytes."""
    at = 0
    for _ in range(_MOST_BOXES):
        header = read_at(file, at, 16)
        if not header:
            return
        if len(header) < 8:
            yield b"", size_bytes + 1
            return
        length = int.from_bytes(header[:4])
        if length == 1:
            length = int.from_bytes(header[8:16])
        at = at + length if length >= 8 else size_bytes
        yield header[4:8], at
        if at >= size_bytes:
            return
