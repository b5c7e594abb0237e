"""Reads the body of an answer piece by piece, up to a limit."""

from dataclasses import dataclass

import aiohttp

from include.outside.text import decoded

MIB = 1024 * 1024
# Of an error's body: enough for any explanation.
ERROR_BYTES = 64 * 1024
_PIECE_BYTES = 64 * 1024


@dataclass(frozen=True)
class Body:
    """The body of an answer, as far as it was read.

    Attributes:
        whole: Whether that is all; else the rest was left unread.
    """

    content: bytes
    whole: bool

    @property
    def text(self) -> str:
        """Decoded; what is no text becomes `\ufffd`."""
        return decoded(self.content)


async def read_body(response: aiohttp.ClientResponse, limit_bytes: int) -> Body:
    """Reads at most so many bytes, as they are after decompression; the connection of a longer body closes.

    Raises:
        aiohttp.ClientError, TimeoutError: The connection broke, or the body came too late.
    """
    pieces: list[bytes] = []
    left = limit_bytes
    while piece := await response.content.read(min(_PIECE_BYTES, left + 1)):
        pieces.append(piece[:left])
        left -= len(piece)
        if left < 0:
            response.close()
            break
    return Body(b"".join(pieces), whole=left >= 0)
