"""Reading a recording's header: how long it is and how many channels it has, before anything is uploaded.

A store far away answers each request after some ten milliseconds: the beginning is asked for at once, and of
what else a format keeps its length in, as few pieces as can be.
"""

from bisect import bisect_right
from typing import TYPE_CHECKING, BinaryIO, cast

from fsspec import AbstractFileSystem

from include.audio_files.kinds import kind_of
from include.audio_files.pieced import PiecedFile
from include.audio_files.raw import RawAudio, describes_itself
from include.errors import InvalidInput, RecordingUnusable

if TYPE_CHECKING:
    from include.audio_files.header import Header

# Nearly all headers, and all of a short call.
_BEGIN_BYTES = 64 * 1024
# What is asked for after that, or all up to the end of the file when it is near: Ogg states its length in the
# last page, MP4 in a box that most write at the end, of 0.2 MiB for an hour.
_PIECE_BYTES = 256 * 1024
_END_BYTES = 1024 * 1024
_MOST_REQUESTS = 8


class HeaderUnreadable(OSError):
    """The header of a recording cannot be read at the moment, or lies in too many places."""


class PiecewiseFile(PiecedFile):
    """A file in a store, of which only those pieces are fetched that are read.

    Args:
        filesystem: fsspec's.
        path: On it, as it was listed.
        size_bytes: As it was listed.

    Attributes:
        requests: How many pieces were fetched.
        failure: Why the last one was not. The libraries take an error of the store for an end of the file.
    """

    def __init__(self, filesystem: AbstractFileSystem, path: str, size_bytes: int) -> None:
        super().__init__(size_bytes)
        self._filesystem, self._path = filesystem, path
        self._starts: list[int] = []
        self._pieces: list[bytes] = []
        self.requests = 0
        self.failure: OSError | None = None

    def _piece(self, size: int) -> bytes:
        number = bisect_right(self._starts, self._at) - 1
        if number >= 0:
            within = self._at - self._starts[number]
            piece = self._pieces[number][within : within + size]
            if piece:
                return piece
        return self._fetched()[:size]

    def _fetched(self) -> bytes:
        """The piece that begins here, up to the next one that is there."""
        number = bisect_right(self._starts, self._at)
        next_start = self._starts[number] if number < len(self._starts) else self.size_bytes
        size = _PIECE_BYTES if self.requests else _BEGIN_BYTES
        if self.requests and self.size_bytes - self._at <= _END_BYTES:
            size = _END_BYTES
        end = min(next_start, self._at + size)
        if self.requests >= _MOST_REQUESTS:
            self.failure = HeaderUnreadable("its header is scattered over too many places")
        if self.failure:
            return b""
        self.requests += 1
        try:
            piece: bytes = self._filesystem.cat_file(self._path, start=self._at, end=end)
        except Exception as error:  # each store's library has errors of its own
            self.failure = error if isinstance(error, OSError) else HeaderUnreadable(str(error))
            return b""
        if piece:
            self._starts.insert(number, self._at)
            self._pieces.insert(number, piece)
        return piece


def read_header(
    filesystem: AbstractFileSystem,
    path: str,
    size_bytes: int | None = None,
    raw: RawAudio | None = None,
) -> "Header":
    """Reads a recording's header.

    Args:
        filesystem: fsspec's.
        path: On it, as it was listed.
        size_bytes: As it was listed; without it, the store is asked.
        raw: What it holds if it has no header, where somebody has said so.

    Raises:
        InvalidInput: It is no recording; the message says what it is and the mend.
        OSError: The store does not give it.
    """
    # With numpy 0.3 s of CPU, which tasks that discover nothing do not pay.
    from include.audio_files.header import Header, read_header  # noqa: PLC0415

    size_bytes = filesystem.size(path) if size_bytes is None else size_bytes
    file = PiecewiseFile(filesystem, path, size_bytes)
    begin = file.read(_BEGIN_BYTES)
    if not file.failure and raw and not describes_itself(begin) and kind_of(begin) is None:
        return Header(raw.duration_s(size_bytes), raw.sample_rate_hz, raw.channels)
    try:
        return read_header(cast(BinaryIO, file), begin, size_bytes)
    except RecordingUnusable as error:
        raise InvalidInput(str(error)) from error
    finally:
        if file.failure:
            raise file.failure
