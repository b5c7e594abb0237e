"""A file that is read piece by piece, wherever the pieces come from."""

import io


class PiecedFile(io.RawIOBase):
    """What libsndfile and FFmpeg need of a file; where it lies, its class says by `_piece`.

    Args:
        size_bytes: Of the whole file.
    """

    def __init__(self, size_bytes: int) -> None:
        super().__init__()
        self.size_bytes = size_bytes
        self._at = 0

    def _piece(self, size: int) -> bytes:
        """Bytes from `_at` on that lie together, at most `size`; none where they cannot be had."""
        raise NotImplementedError

    def readable(self) -> bool:
        """Always, as `io.RawIOBase` asks it."""
        return True

    def seekable(self) -> bool:
        """Always: a piece may be had from anywhere."""
        return True

    def tell(self) -> int:
        """Where the next read begins."""
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        """Moves; a place before the beginning is refused as the operating system does."""
        at = offset + {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self.size_bytes}[whence]
        if at < 0:
            return -1
        self._at = at
        return at

    def read(self, size: int = -1, /) -> bytes:
        """Reads; less than was asked for only at the end, or where the file fails."""
        end = self.size_bytes if size is None or size < 0 else min(self.size_bytes, self._at + size)
        read = []
        while self._at < end and (piece := self._piece(end - self._at)):
            read.append(piece)
            self._at += len(piece)
        return b"".join(read)

    def readinto(self, buffer: "bytearray | memoryview", /) -> int:  # type: ignore[override]
        """Reads into a buffer."""
        piece = self.read(len(buffer))
        buffer[: len(piece)] = piece
        return len(piece)
