"""Parts of a file, one after the other, as a file of their own."""

from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate
from typing import BinaryIO

from include.audio_files.pieced import PiecedFile


class SplicedFile(PiecedFile):
    """Reads bytes in memory and then spans of another file as if they were one file.

    Args:
        head: What comes first.
        file: Seekable; its own position is moved.
        spans: `(start, length)` of the parts of `file`, in bytes.
    """

    def __init__(self, head: bytes, file: BinaryIO, spans: Sequence[tuple[int, int]]) -> None:
        self._head = head
        self._file = file
        self._spans = [span for span in spans if span[1] > 0]
        # Where each part begins in this file; the head is the first.
        self._begins = [0, *accumulate([len(head), *(length for _, length in self._spans)])]
        super().__init__(self._begins[-1])

    def _piece(self, size: int) -> bytes:
        part = bisect_right(self._begins, self._at) - 1
        if part == 0:
            return self._head[self._at : self._at + size]
        start, length = self._spans[part - 1]
        within = self._at - self._begins[part]
        self._file.seek(start + within)
        return self._file.read(min(size, length - within))
