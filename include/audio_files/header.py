"""What a recording says of itself: how long it is, how fast and how many channels it has.

The two libraries of the GPU host read it: libsndfile, and FFmpeg for what that does not read. Nothing but the
first sound of some AAC is decoded.
"""

import io
from dataclasses import dataclass
from typing import Any, BinaryIO

import av
import soundfile
from av.audio.stream import AudioStream
from av.container import InputContainer

from include.audio_files import ffmpeg
from include.audio_files.behind import read_at, tag_bytes
from include.audio_files.kinds import kind_of, unreadable_kind
from include.audio_files.libraries import LIBRARY_ERRORS
from include.audio_files.whole import as_one
from include.errors import RecordingUnusable

# FFmpeg looks at no more than this to find out what a file holds: object stores are asked for each piece.
_PROBE_BYTES = 32 * 1024
# Where a page of Ogg names its stream.
_OGG_SERIAL = slice(14, 18)
_OGG_PAGE_BYTES = 65_307
# What is longer is skipped by no site's shortest length.
_SHORT_S = 60.0
_OGG_FIRST_PAGE = 0x02
_OPUS_GRANULES_HZ = 48_000
# A page holds some seconds.
_LATE_GRANULE = 60 * 48_000
# Formats of frames alone that state their length still: at their beginning, or by the time of their end.
_STATING = frozenset({"mp3", "mpeg", "mpegts"})
# What libsndfile would read through to its end, and FFmpeg only the ends of.
_FFMPEG_FIRST = (b"OggS", b"ID3")


@dataclass(frozen=True)
class Header:
    """What a recording says of itself.

    Attributes:
        duration_s: Its length.
        sample_rate_hz: Samples per second of each channel.
        channels: How many.
        estimated: The length is reckoned from the bit rate of its beginning: the format does not state it.
    """

    duration_s: float
    sample_rate_hz: int
    channels: int
    estimated: bool = False


def read_header(file: BinaryIO, begin: bytes, size_bytes: int) -> Header:
    """Reads a recording's header.

    Args:
        file: Seekable.
        begin: Its first bytes, some thousand or all.
        size_bytes: Its size.

    Raises:
        RecordingUnusable: It is no recording; the message says what it is and the mend.
    """
    kind = kind_of(begin)
    if kind:
        raise RecordingUnusable(f"no recording: it is {kind.what}; {kind.mend}")
    whole: Any = as_one(file, size_bytes)
    if whole and (tag := tag_bytes(begin)):
        begin, size_bytes = begin[tag:] or read_at(whole, 0, _PROBE_BYTES), size_bytes - tag
    whole = whole or file
    readers = [_by_libsndfile, _by_ffmpeg]
    if begin.startswith(_FFMPEG_FIRST) or (begin[:1] == b"\xff" and begin[1:2] >= b"\xe0"):
        readers.reverse()
    empty = None
    for reader in readers:
        header = reader(whole, begin, size_bytes)
        if header and header.duration_s > 0:
            return header
        empty = empty or header
    if empty:
        return empty
    kind = unreadable_kind(begin)
    raise RecordingUnusable(f"no recording: it is {kind.what}; {kind.mend}")


def _by_libsndfile(file: Any, begin: bytes, size_bytes: int) -> Header | None:
    file.seek(0)
    try:
        with soundfile.SoundFile(file) as sound:
            # A length that the format does not state comes as the largest 64-bit number.
            if sound.samplerate <= 0 or sound.frames >= 1 << 62:
                return None
            return Header(sound.frames / sound.samplerate, sound.samplerate, sound.channels)
    except LIBRARY_ERRORS:
        return None


def _by_ffmpeg(file: Any, begin: bytes, size_bytes: int) -> Header | None:
    file.seek(0)
    try:
        container = ffmpeg.opened(file, _PROBE_BYTES)
    except LIBRARY_ERRORS:
        return None
    with container:
        tracks = container.streams.audio
        if not tracks:
            raise RecordingUnusable(
                f"no recording: it holds {_streams(container)} and no sound; record the sound, or move it "
                "out of the day's folder"
            )
        if len(tracks) > 1:
            raise RecordingUnusable(ffmpeg.several_tracks(len(tracks)))
        # Without a decoder it has no context.
        if tracks[0].codec_context is None:
            return None
        rate_hz, channels = _sound(container, tracks[0])
        if not rate_hz or not channels:
            return None
        duration_s, estimated = _duration(container, file, begin, size_bytes)
        return Header(duration_s, rate_hz, channels, estimated)


def _sound(container: InputContainer, track: AudioStream) -> tuple[int, int]:
    """Sample rate and channels: headers of AAC may state half of either, so its first sound is decoded."""
    if track.codec_context.name.startswith("aac"):
        try:
            frame = next(container.decode(track))
            return frame.sample_rate, frame.layout.nb_channels
        except (StopIteration, *LIBRARY_ERRORS):
            pass
    return track.rate or 0, track.channels or 0


def _duration(container: InputContainer, file: Any, begin: bytes, size_bytes: int) -> tuple[float, bool]:
    """In seconds, and whether it is an estimate."""
    stated_s = (container.duration or 0) / av.time_base
    if stated_s > 0 and not ffmpeg.is_bare(container):
        if not begin.startswith(b"OggS"):
            return stated_s, False
        codec = container.streams.audio[0].codec_context
        granules_hz = _OPUS_GRANULES_HZ if codec.name.endswith("opus") else codec.sample_rate
        return _of_ogg(stated_s, granules_hz, file, begin, size_bytes)
    reckoned_s = _duration_of_packets(begin) * size_bytes / len(begin)
    estimated = len(begin) < size_bytes
    # Of a file that was joined of several, it may be the length of the first.
    if container.format.name in _STATING and reckoned_s / 2 < stated_s < 2 * reckoned_s:
        return stated_s, estimated
    return reckoned_s or stated_s, estimated


def _duration_of_packets(begin: bytes) -> float:
    """How much sound the beginning of a file holds: its packets are counted, not decoded."""
    seconds = 0.0
    try:
        with ffmpeg.opened(io.BytesIO(begin), _PROBE_BYTES) as container:
            track = container.streams.audio[0]
            for packet in container.demux(track):
                if packet.size and packet.duration and packet.time_base:
                    seconds += float(packet.duration * packet.time_base)
    except LIBRARY_ERRORS:  # the last packet is torn
        pass
    return seconds


def _of_ogg(stated_s: float, rate_hz: float, file: Any, begin: bytes, size_bytes: int) -> tuple[float, bool]:
    """In seconds: of recordings that follow each other in a file, what is stated is the length of the last.

    Some recorders give all of them the same number; a short length of a large file gives these away.
    """
    is_chained = _is_chained(file, begin, size_bytes)
    if not is_chained and stated_s > _SHORT_S:
        return stated_s, False
    granules, follow_each_other = _granules(begin)
    reckoned_s = granules / rate_hz * size_bytes / len(begin)
    if is_chained or follow_each_other or reckoned_s > 2 * stated_s:
        return max(reckoned_s, stated_s), True
    return stated_s, False


def _granules(begin: bytes) -> tuple[int, bool]:
    """Samples in the pages of an Ogg file's beginning (RFC 3533), and whether streams follow each other."""
    total, last, first, begun, chained, at = 0, 0, -1, False, False, 0
    while begin[at : at + 4] == b"OggS" and at + 27 <= len(begin):
        flags, granule, segments = (
            begin[at + 5],
            int.from_bytes(begin[at + 6 : at + 14], "little"),
            begin[at + 26],
        )
        if flags & _OGG_FIRST_PAGE and begun:
            total, last, first, chained = total + last - max(0, first), 0, -1, True
        begun = begun or not flags & _OGG_FIRST_PAGE
        at += 27 + segments + sum(begin[at + 27 : at + 27 + segments])
        if 0 < granule < 1 << 62 and at <= len(begin):
            # A recorder that goes on in a new file may go on counting, too.
            first = (granule if granule > _LATE_GRANULE else 0) if first < 0 else first
            last = granule
    return total + last - max(0, first), chained


def _is_chained(file: Any, begin: bytes, size_bytes: int) -> bool:
    """Whether an Ogg file ends with another stream than it begins with, whose length is then stated."""
    file.seek(max(0, size_bytes - _OGG_PAGE_BYTES))
    end: bytes = file.read(_OGG_PAGE_BYTES)
    last = end.rfind(b"OggS")
    return last >= 0 and end[last:][_OGG_SERIAL] != begin[_OGG_SERIAL]


def _streams(container: InputContainer) -> str:
    kinds = sorted({stream.type or "data" for stream in container.streams})
    return " and ".join(kinds) or "nothing"
