"""AU, AIFF, CAF and AVI files as recorders leave them: broken off, or never finished.

Each states in its header how much sound it holds. Libraries hear half of a file that was cut as if it were
all, and of a recorder that was killed only what it had written when it last wrote its header.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from include.audio_files.behind import Span, is_more_sound, read_at
from include.audio_files.spliced import SplicedFile

# Lengths that stand for none: recorders that stream write one at the end of what 32 or 64 bits can say.
_UNKNOWN_ABOVE_BYTES = 0x7FFF_0000
_UNKNOWN_ABOVE_LONG = 1 << 62
_MOST_CHUNKS = 1000
# Bytes of a sample by AU's number of its encoding; others have frames of several samples.
_AU_SAMPLE_BYTES = {1: 1, 2: 1, 3: 2, 4: 3, 5: 4, 6: 4, 7: 8, 27: 1}
_AIFF_SAMPLE_BYTES = {b"ulaw": 1, b"ULAW": 1, b"alaw": 1, b"ALAW": 1}
_AIFF_PLAIN = (b"", b"NONE", b"sowt", b"twos", b"raw ", b"in24", b"in32", b"fl32", b"FL32", b"fl64", b"FL64")


@dataclass(frozen=True)
class StatedSound:
    """Where a file holds its sound, by its header.

    Attributes:
        container: What errors call the file.
        start: Where the sound begins, in bytes.
        declared: How many bytes of it there are; None where the header states none.
        byte_rate: Bytes per second; 0 where the format has no such rate.
        header: What to write before all of the sound, so that libraries hear it; None where nothing helps.
        chunk: How a chunk behind the sound states its length, for `struct`; empty where there are no chunks.
    """

    container: str
    start: int
    declared: int | None
    byte_rate: float = 0.0
    header: bytes | None = None
    chunk: str = ""


def stated_sound(file: BinaryIO, size_bytes: int) -> StatedSound | None:
    """What the header of such a file states; None for files of other formats."""
    begin = read_at(file, 0, 24)
    if len(begin) < 24:
        return None
    if begin.startswith(b".snd"):
        return _au(begin)
    if begin.startswith(b"FORM") and begin[8:12] in (b"AIFF", b"AIFC"):
        return _aiff(file, size_bytes)
    if begin.startswith(b"caff"):
        return _caf(file, size_bytes)
    if begin.startswith(b"RIFF") and begin[8:12] == b"AVI ":
        return StatedSound("AVI", 8, _known(int.from_bytes(begin[4:8], "little")) or None)
    return None


def as_one(file: BinaryIO, size_bytes: int) -> SplicedFile | None:
    """A file whose header knows nothing of its last sound, as one whose header does; None for all others."""
    sound = stated_sound(file, size_bytes)
    held = size_bytes - sound.start if sound else 0
    if sound is None or sound.header is None or sound.declared is None or sound.declared >= held:
        return None
    behind = Span(sound.start + sound.declared, held - sound.declared)
    if _is_chunk(file, behind, sound.chunk):
        return None
    if not is_more_sound(file, behind, sound.declared, sound.byte_rate):
        return None
    return SplicedFile(sound.header, file, [(sound.start, held)])


def _known(length: int) -> int | None:
    return length if length < _UNKNOWN_ABOVE_BYTES else None


def _is_chunk(file: BinaryIO, behind: Span, length_format: str) -> bool:
    if not length_format:
        return False
    size = struct.calcsize(length_format)
    for at in (behind.start + behind.start % 2, behind.start):
        header = read_at(file, at, 4 + size)
        name = header[:4]
        if len(header) == 4 + size and name.isascii() and name.decode().isprintable():
            (length,) = struct.unpack(length_format, header[4:])
            if sum(map(str.isalpha, name.decode())) >= 2 and 0 <= length <= behind.length:
                return True
    return False


def _au(begin: bytes) -> StatedSound:
    start, length, encoding, rate_hz, channels = struct.unpack(">5I", begin[4:24])
    header = b".snd" + struct.pack(">5I", 24, 0xFFFF_FFFF, encoding, rate_hz, channels)
    byte_rate = _AU_SAMPLE_BYTES.get(encoding, 0) * rate_hz * channels
    return StatedSound("AU", max(24, start), _known(length), byte_rate, header)


def _aiff(file: BinaryIO, size_bytes: int) -> StatedSound | None:
    common_at, common = 0, b""
    for name, at, length in _chunks(file, size_bytes, 12, ">I"):
        if name == b"COMM":
            common_at, common = at, read_at(file, at, min(length, 64))
        elif name == b"SSND":
            (offset,) = struct.unpack(">I", read_at(file, at, 4).ljust(4, b"\0"))
            start = at + 8 + offset
            known = _known(length)
            declared = max(0, length - 8 - offset) if known is not None else None
            frame_bytes, byte_rate = _aiff_rates(common)
            held = size_bytes - start
            header = bytearray(read_at(file, 0, start))
            header[4:8] = struct.pack(">I", min(size_bytes - 8, 0xFFFF_FFFF))
            header[at - 4 : at] = struct.pack(">I", min(held + 8 + offset, 0xFFFF_FFFF))
            if frame_bytes and common_at:
                header[common_at + 2 : common_at + 6] = struct.pack(">I", held // frame_bytes)
            return StatedSound("AIFF", start, declared, byte_rate, bytes(header), ">I")
    return None


def _aiff_rates(common: bytes) -> tuple[int, float]:
    """Bytes of a frame and bytes per second; 0 for compressed sound."""
    if len(common) < 18:
        return 0, 0.0
    channels, _, bits = struct.unpack(">HIH", common[:8])
    exponent, mantissa = struct.unpack(">HQ", common[8:18])
    rate_hz = mantissa * 2.0 ** ((exponent & 0x7FFF) - 16_383 - 63) if exponent < 16_500 else 0.0
    codec = common[18:22]
    sample_bytes = _AIFF_SAMPLE_BYTES.get(codec, (bits + 7) // 8 if codec in _AIFF_PLAIN else 0)
    return sample_bytes * channels, sample_bytes * channels * rate_hz


def _caf(file: BinaryIO, size_bytes: int) -> StatedSound | None:
    byte_rate = 0.0
    for name, at, length in _chunks(file, size_bytes, 8, ">q"):
        if name == b"desc":
            rate_hz, _, _, packet_bytes, packet_frames = struct.unpack(
                ">d4s3I", read_at(file, at, 24).ljust(24, b"\0")
            )
            sane = packet_frames and 0 < rate_hz < 1e6
            byte_rate = packet_bytes / packet_frames * rate_hz if sane else 0.0
        elif name == b"data":
            declared = max(0, length - 4) if 0 <= length < _UNKNOWN_ABOVE_LONG else None
            header = read_at(file, 0, at - 8) + b"\xff" * 8 + read_at(file, at, 4)
            return StatedSound("CAF", at + 4, declared, byte_rate, header, ">q")
    return None


def _chunks(file: BinaryIO, size_bytes: int, at: int, length_format: str) -> Iterator[tuple[bytes, int, int]]:
    """Name, place and length of each chunk; those of AIFF are padded to an even length."""
    size = struct.calcsize(length_format)
    for _ in range(_MOST_CHUNKS):
        header = read_at(file, at, 4 + size)
        if len(header) < 4 + size:
            return
        (length,) = struct.unpack(length_format, header[4:])
        yield header[:4], at + 4 + size, length
        at += 4 + size + max(0, length) + (length % 2 if size == 4 else 0)
        if at >= size_bytes:
            return
