"""WAV, RF64 and Wave64 files as recorders leave them: broken off, never finished, or written on.

A recorder that was killed leaves a wrong length in its header: 0, or that of an earlier moment. All its audio
lies behind it, and libraries read none or a part of it without a word. Others go on in the same file, with a
second chunk of audio or a whole second file, of which libraries read the first.
"""

import struct
from dataclasses import dataclass, field, replace
from typing import BinaryIO

from include.audio_files.behind import Span, behind_tags, is_more_sound
from include.audio_files.behind import read_at as _at
from include.audio_files.spliced import SplicedFile
from include.errors import RecordingUnusable

# Recorders that stream write no length, or one at the end of what 31 or 32 bits can say (0x7FFFF000,
# 0x80000000, 0xFFFFFFFF, …), into the header.
_UNKNOWN_ABOVE_BYTES = 0x7FFF_0000
# A real file has some dozen chunks.
_MAX_CHUNKS = 10_000
# GUIDs of Wave64 begin with the names of the chunks that they stand for.
_WAVE64 = b"riff\x2e\x91\xcf\x11"
_FORMAT_BYTES = 16
# Lengths of 64 bits that stand for none.
_UNKNOWN_ABOVE_LONG = 1 << 62
# Chunks whose name is a word, though their length may be torn.
_KNOWN_CHUNKS = frozenset(
    {b"data", b"fmt ", b"LIST", b"fact", b"bext", b"cue ", b"id3 ", b"ID3 ", b"iXML", b"RIFF"}
)
# Format tags of G.722; FFmpeg takes the first for G.726. It has 16 kHz; some write the 8 kHz of RTP's clock.
_G722_TAGS, _G722_OF_FFMPEG, _G722_HZ, _G722_BYTES_PER_S = (0x0065, 0x028F), 0x028F, 16_000, 8_000


@dataclass
class _Audio:
    """The chunks that matter.

    Attributes:
        format: Content of the chunk `fmt `.
        spans: Where audio lies.
        declared: Lengths that the chunks of audio declare; None where one declares none.
        promised_bytes: Of audio, by the header of the last chunk of it.
        held_bytes: Of what was promised there, what the file holds.
    """

    format: bytes = b""
    spans: list[Span] = field(default_factory=list)
    declared: list[int | None] = field(default_factory=list)
    promised_bytes: int = 0
    held_bytes: int = 0

    @property
    def byte_rate(self) -> int:
        """Bytes of audio per second."""
        return int.from_bytes(self.format[8:12], "little")


def refuse_truncated(file: BinaryIO, size_bytes: int, tolerated_s: float) -> None:
    """Refuses a WAV file that is shorter than its header says.

    Args:
        file: Any file; what is no WAV passes.
        size_bytes: Its size.
        tolerated_s: This much may be missing.

    Raises:
        RecordingUnusable: It breaks off, or its chunks make no sense.
    """
    audio = _read(file, size_bytes)
    missing_bytes = audio.promised_bytes - audio.held_bytes
    # A rate that makes no sense tolerates nothing; a tenth is always too much.
    tolerated_bytes = min(tolerated_s * audio.byte_rate, audio.promised_bytes / 10)
    if missing_bytes > tolerated_bytes:
        raise RecordingUnusable(
            f"The WAV file breaks off: its header promises {audio.promised_bytes} bytes of audio "
            f"and {audio.held_bytes} are there. Copy it again."
        )


def as_one(file: BinaryIO, size_bytes: int) -> SplicedFile | None:
    """A WAV file whose header does not say where all of its audio is, as one whose header does.

    Args:
        file: Any file, seekable.
        size_bytes: Its size.

    Returns:
        What to read in its place; None when the file can be read as it is, or is no WAV.

    Raises:
        RecordingUnusable: It holds audio of two formats, or its chunks make no sense.
    """
    if not _is_riff(_at(file, 0, 12)):
        return None
    audio = _riff(file, size_bytes)
    length = sum(span.length for span in audio.spans)
    format_chunk = _as_ffmpeg_names_it(audio.format)
    as_it_is = audio.declared == [span.length for span in audio.spans] and len(audio.spans) == 1
    breaks_off = audio.held_bytes < audio.promised_bytes
    if not length or len(audio.format) < _FORMAT_BYTES or length >= _UNKNOWN_ABOVE_BYTES:
        return None
    if (as_it_is or (breaks_off and len(audio.spans) == 1)) and format_chunk == audio.format:
        return None
    return SplicedFile(_header(format_chunk, length), file, audio.spans)


def _header(format_chunk: bytes, length: int) -> bytes:
    padded = format_chunk + b"\0" * (len(format_chunk) % 2)
    chunks = b"WAVEfmt " + struct.pack("<I", len(format_chunk)) + padded + b"data" + struct.pack("<I", length)
    return b"RIFF" + struct.pack("<I", len(chunks) + length) + chunks


def _as_ffmpeg_names_it(format_chunk: bytes) -> bytes:
    """G.722 by the tag and the rate that FFmpeg decodes it by; other formats as they are."""
    if len(format_chunk) < _FORMAT_BYTES:
        return format_chunk
    tag, channels, _, byte_rate = struct.unpack("<HHII", format_chunk[:12])
    if tag not in _G722_TAGS or byte_rate not in {0, _G722_BYTES_PER_S * channels}:
        return format_chunk
    begin = struct.pack("<HHII", _G722_OF_FFMPEG, channels, _G722_HZ, _G722_BYTES_PER_S * channels)
    return begin + format_chunk[12:]


def _read(file: BinaryIO, size_bytes: int) -> _Audio:
    begin = _at(file, 0, 12)
    if _is_riff(begin):
        return _riff(file, size_bytes)
    if begin[:8] == _WAVE64:
        return _wave64(file, size_bytes)
    return _Audio()


def _is_riff(begin: bytes) -> bool:
    return begin[:4] in (b"RIFF", b"RF64") and begin[8:12] == b"WAVE"


def _riff(file: BinaryIO, size_bytes: int) -> _Audio:
    audio, long_bytes, at = _Audio(), None, 12
    for _ in range(_MAX_CHUNKS):
        header = _at(file, at, 8)
        if len(header) < 8:
            return audio
        name, length = struct.unpack("<4sI", header)
        begin, end = at + 8, at + 8 + length
        if name == b"data":
            known = length if length < _UNKNOWN_ABOVE_BYTES else long_bytes
            end = _take_audio(audio, file, size_bytes, begin, known)
        elif name == b"fmt ":
            _take_format(audio, _at(file, begin, min(length, 1 << 16)))
        elif name == b"ds64":
            # Lengths of the file and of the audio, which RF64 keeps here for lack of room there.
            stated = int.from_bytes(_at(file, begin, 16)[8:], "little")
            long_bytes = stated if stated < _UNKNOWN_ABOVE_LONG else None
        elif name == b"RIFF" and audio.spans and _at(file, begin, 4) == b"WAVE":
            end = begin + 4  # a second recording behind the first: its chunks are looked at one by one
        if end >= size_bytes:
            return audio
        if name == b"data":
            end = behind_tags(file, end)
        at = _next_chunk(file, end, size_bytes) or end + length % 2
    if not audio.spans:
        # FFmpeg would go through all of them: two minutes for the largest upload.
        raise RecordingUnusable(
            f"The WAV file holds no audio in its first {_MAX_CHUNKS} chunks: copy it again."
        )
    return audio


def _take_format(audio: _Audio, format_chunk: bytes) -> None:
    if audio.spans and format_chunk[:_FORMAT_BYTES] != audio.format[:_FORMAT_BYTES]:
        raise RecordingUnusable(
            "The WAV file holds two recordings of different formats, one after the other: split it into "
            "files of their own."
        )
    audio.format = audio.format or format_chunk


def _take_audio(audio: _Audio, file: BinaryIO, size_bytes: int, begin: int, declared: int | None) -> int:
    """Notes a chunk of audio; returns how far it reaches, whatever it declares."""
    held = length = size_bytes - begin
    if declared is not None and declared < held:
        behind = Span(begin + declared, held - declared)
        length = held if _is_audio(file, behind, declared, audio.byte_rate) else declared
    audio.spans.append(Span(begin, length))
    audio.declared.append(declared)
    audio.promised_bytes, audio.held_bytes = declared or 0, held
    return begin + length


def _is_audio(file: BinaryIO, behind: Span, declared: int, byte_rate: int) -> bool:
    """Whether what lies behind a chunk of audio is more of it, which the header knows nothing of."""
    if _next_chunk(file, behind.start, behind.start + behind.length) is not None:
        return False
    return is_more_sound(file, behind, declared, byte_rate)


def _next_chunk(file: BinaryIO, at: int, size_bytes: int) -> int | None:
    """Where a chunk begins: at the place or behind the byte that evens it out, which not all write."""
    for begin in (at + at % 2, at):
        header = _at(file, begin, 8)
        if len(header) == 8 and _is_chunk(
            header[:4], int.from_bytes(header[4:], "little"), size_bytes - begin - 8
        ):
            return begin
    return None


def _is_chunk(name: bytes, length: int, room_bytes: int) -> bool:
    if name in _KNOWN_CHUNKS:
        return True
    letters = sum(chr(byte).isalpha() for byte in name)
    return (
        name.isascii()
        and name.decode("ascii", "replace").isprintable()
        and letters >= 2
        and length <= room_bytes
    )


def _wave64(file: BinaryIO, size_bytes: int) -> _Audio:
    """Names of chunks have 16 bytes, lengths count the header of 24, and each begins at a multiple of 8."""
    audio, at = _Audio(), 40
    for _ in range(_MAX_CHUNKS):
        if at + 24 > size_bytes:
            break
        header = _at(file, at, 24)
        length = int.from_bytes(header[16:], "little")
        if header[:4] == b"data":
            promised = length - 24 if 24 <= length < _UNKNOWN_ABOVE_LONG else 0
            audio = replace(audio, held_bytes=size_bytes - at - 24, promised_bytes=promised)
            break
        if length < 24:
            break
        if header[:4] == b"fmt ":
            audio = replace(audio, format=_at(file, at + 24, _FORMAT_BYTES))
        at += length + -length % 8
    return audio
