"""What lies behind the sound that a header tells of: more of it, or something that was appended."""

from typing import BinaryIO, NamedTuple

# What lies behind the audio and is no chunk is audio when it is longer than this: else it is a torn last
# buffer, or rubbish.
_REST_S = 0.5
_SAMPLE_BYTES = 4096
_USUAL_BYTE_RATE = 8_000
# Tags that are appended to files of any format.
_MOST_TAGS, _ID3V1_BYTES = 8, 128
_TAGS = (b"TAG", b"ID3", b"APETAGEX", b"LYRICSBEGIN")


class Span(NamedTuple):
    """A part of a file, in bytes."""

    start: int
    length: int


def is_more_sound(file: BinaryIO, behind: Span, declared_bytes: int, byte_rate: float) -> bool:
    """Whether what lies behind a file's sound is more of it, which the header knows nothing of.

    Args:
        file: Seekable.
        behind: Where; no chunk of the file's own format begins there.
        declared_bytes: How much sound the header tells of: where it tells of none, all that follows is it.
        byte_rate: Bytes of sound per second; 0 where that is not known.
    """
    begin = read_at(file, behind.start, _SAMPLE_BYTES)
    if begin.startswith(_TAGS):
        return False
    if not declared_bytes:
        return bool(begin)
    if behind.length < _REST_S * (byte_rate or _USUAL_BYTE_RATE) or _is_text(begin):
        return False
    # A disk or a copy may fill its last block up with zeros, and a call may be silent for a while.
    places = (behind.start + behind.length * quarter // 4 for quarter in range(4))
    return any(read_at(file, at, _SAMPLE_BYTES).strip(b"\0") for at in places)


def tag_bytes(begin: bytes) -> int:
    """Length of the ID3v2 tag that a file begins with, 0 without one; its bytes hold 7 bits each."""
    if len(begin) < 10 or begin[:3] != b"ID3":
        return 0
    return 10 + sum(byte << shift for byte, shift in zip(begin[6:10], (21, 14, 7, 0), strict=True))


def behind_tags(file: BinaryIO, at: int) -> int:
    """Where what begins at a place goes on behind the tags there, which something appended."""
    for _ in range(_MOST_TAGS):
        begin = read_at(file, at, 10)
        length = _ID3V1_BYTES if begin.startswith(b"TAG") else tag_bytes(begin)
        if not length:
            break
        at += length
    return at


def read_at(file: BinaryIO, at: int, size: int) -> bytes:
    """Bytes from a place on; fewer at the end."""
    file.seek(at)
    return file.read(size)


def _is_text(piece: bytes) -> bool:
    return all(32 <= byte < 127 or byte in b"\t\r\n" for byte in piece)
