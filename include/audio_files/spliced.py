"""Parts of a file, one after the other, as a file of their own."""

import io
from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate
from typing import BinaryIO


class SplicedFile(io.RawIOBase):
    """Reads bytes in memory and then spans of another file as if they were one file.

    Args:
        head: What comes first.
        file: Seekable; its own position is moved.
        spans: `(start, length)` of the parts of `file`, in bytes.
    """

    def __init__(self, head: bytes, file: BinaryIO, spans: Sequence[tuple[int, int]]) -> None:
        super().__init__()
        self._head = head
        self._file = file
        self._spans = [span for span in spans if span[1] > 0]
        # Where each part begins in this file; the head is the first.
        self._begins = [0, *accumulate([len(head), *(length for _, length in self._spans)])]
        self._at = 0

    @property
    def size(self) -> int:
        """In bytes."""
        return self._begins[-1]

    def readable(self) -> bool:
        """It is."""
        return True

    def seekable(self) -> bool:
        """It is."""
        return True

    def tell(self) -> int:
        """Where the next read begins."""
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        """Moves; a place before the beginning is refused as the operating system does."""
        at = offset + {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self.size}[whence]
        if at < 0:
            return -1
        self._at = at
        return at

    def read(self, size: int = -1, /) -> bytes:
        """Reads; less than was asked for only at the end."""
        wanted = max(0, self.size - self._at)
        left = wanted if size is None or size < 0 else min(size, wanted)
        pieces = []
        while left > 0 and (piece := self._piece(left)):
            pieces.append(piece)
            self._at += len(piece)
            left -= len(piece)
        return b"".join(pieces)

    def readinto(self, buffer: "bytearray | memoryview", /) -> int:  # type: ignore[override]
        """Reads into a buffer."""
        piece = self.read(len(buffer))
        buffer[: len(piece)] = piece
        return len(piece)

    def _piece(self, size: int) -> bytes:
        """The next bytes that lie together."""
        part = bisect_right(self._begins, self._at) - 1
        if part == 0:
            return self._head[self._at : self._at + size]
        start, length = self._spans[part - 1]
        within = self._at - self._begins[part]
        self._file.seek(start + within)
        return self._file.read(min(size, length - within))
