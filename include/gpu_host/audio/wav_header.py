"""What a WAV, RF64 or Wave64 header promises: libsndfile reads a file that breaks off as a shorter one."""

import struct
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from include.errors import RecordingUnusable

# Recorders that stream write no length, or one at the end of what 31 or 32 bits can say (0x7FFFF000,
# 0x80000000, 0xFFFFFFFF, …), into the header.
_UNKNOWN_ABOVE_BYTES = 0x7FFF_0000
# A real file has some dozen chunks.
_MAX_CHUNKS = 10_000
# GUIDs of Wave64 begin with the names of the chunks that they stand for.
_WAVE64 = b"riff\x2e\x91\xcf\x11"
_FORMAT_BYTES = 16


@dataclass
class _Audio:
    """The chunks that matter: bytes per second, bytes of audio promised and there."""

    byte_rate: int = 0
    promised_bytes: int = 0
    held_bytes: int = 0


def refuse_truncated(path: Path, tolerated_s: float) -> None:
    """Refuses a WAV file that is shorter than its header says.

    Args:
        path: Any file; what is no WAV passes.
        tolerated_s: This much may be missing.

    Raises:
        RecordingUnusable: It breaks off.
    """
    with path.open("rb") as file:
        audio = _read(file, path.stat().st_size)
    missing_bytes = audio.promised_bytes - audio.held_bytes
    # A rate that makes no sense tolerates nothing; a tenth is always too much.
    tolerated_bytes = min(tolerated_s * audio.byte_rate, audio.promised_bytes / 10)
    if missing_bytes > tolerated_bytes:
        raise RecordingUnusable(
            f"The WAV file breaks off: its header promises {audio.promised_bytes} bytes of audio "
            f"and {audio.held_bytes} are there. Copy it again."
        )


def _read(file: BinaryIO, size_bytes: int) -> _Audio:
    begin = file.read(12)
    if begin[:4] in (b"RIFF", b"RF64") and begin[8:] == b"WAVE":
        return _riff(file, size_bytes)
    if begin[:8] == _WAVE64:
        return _wave64(file, size_bytes)
    return _Audio()


def _riff(file: BinaryIO, size_bytes: int) -> _Audio:
    audio, long_bytes = _Audio(), None
    for _ in range(_MAX_CHUNKS):
        header = file.read(8)
        if len(header) < 8:
            break
        name, length = struct.unpack("<4sI", header)
        at = file.tell()
        if name == b"data":
            audio.held_bytes = size_bytes - at
            known = length if length < _UNKNOWN_ABOVE_BYTES else long_bytes
            audio.promised_bytes = known or 0
            break
        if name == b"fmt ":
            audio.byte_rate = _byte_rate(file.read(_FORMAT_BYTES))
        if name == b"ds64":
            # Lengths of the file and of the audio, which RF64 keeps here for lack of room there.
            long_bytes = int.from_bytes(file.read(16)[8:], "little")
        file.seek(at + length + length % 2)
    else:
        # FFmpeg would go through all of them: two minutes for the largest upload.
        raise RecordingUnusable(
            f"The WAV file holds no audio in its first {_MAX_CHUNKS} chunks: copy it again."
        )
    return audio


def _wave64(file: BinaryIO, size_bytes: int) -> _Audio:
    """Names of chunks have 16 bytes, lengths count the header of 24, and each begins at a multiple of 8."""
    audio = _Audio()
    at = 40
    for _ in range(_MAX_CHUNKS):
        if at + 24 > size_bytes:
            break
        file.seek(at)
        header = file.read(24)
        length = int.from_bytes(header[16:], "little")
        if length < 24:
            break
        if header[:4] == b"data":
            audio.held_bytes, audio.promised_bytes = size_bytes - at - 24, length - 24
            break
        if header[:4] == b"fmt ":
            audio.byte_rate = _byte_rate(file.read(_FORMAT_BYTES))
        at += length + -length % 8
    return audio


def _byte_rate(format_chunk: bytes) -> int:
    return int.from_bytes(format_chunk[8:12], "little")
