"""Decoding: any common recording becomes 16-bit channels at 16 kHz, or is refused with a reason.

libsndfile reads WAV (PCM, a-law, mu-law, GSM), FLAC, Ogg (Vorbis, Opus) and MP3; PyAV reads what is left.
Everything is done block by block: no more than `_BLOCK_S` of a recording is in memory.
"""

import struct
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np
import soundfile
import soxr

from include.errors import RecordingUnusable
from include.gpu_host.audio.recording import SAMPLE_RATE_HZ, Recording, RecordingWriter, Samples

MAX_CHANNELS = 8
# Decoded seconds below this share of the header's promise mean that the file breaks off.
_COMPLETE_SHARE = 0.98
_BLOCK_S = 10
# FFmpeg also opens playlists, which would have it read other files or fetch from the network.
_CONTAINERS = (
    "aac,ac3,aiff,amr,amrnb,amrwb,asf,au,caf,flv,matroska,webm,mov,mp4,m4a,3gp,mp3,mpegts,ogg,wav,w64"
)
# Recorders that stream write no length, or one of these, into the WAV header.
_UNKNOWN_LENGTHS = {0, 0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFFF}


class NotAudio(RecordingUnusable):
    """The bytes are no audio format that libsndfile or FFmpeg knows."""


@dataclass(frozen=True)
class _Source:
    """A file opened by one of the two libraries: blocks of shape (frames, channels)."""

    rate_hz: int
    channels: int
    promised_s: float | None
    blocks: Iterator[Samples]


def probe(path: Path, max_duration_s: float) -> None:
    """Checks that a file is a recording that can be worked on, decoding only its beginning.

    Raises:
        NotAudio: It is no audio at all.
        RecordingUnusable: It is empty, truncated, too long, or has too many channels.
    """
    source = _open(path, max_duration_s)
    if next(source.blocks, None) is None:
        raise _empty()


def decode(path: Path, scratch: Path, max_duration_s: float) -> Recording:
    """Decodes a whole file to 16 kHz.

    A stereo file whose channels are all the same is a mono call: it becomes one channel, so that nobody is
    transcribed twice.

    Args:
        path: The recording.
        scratch: Where the samples go, into files without a name.
        max_duration_s: Longest recording that is taken.

    Raises:
        NotAudio: It is no audio at all.
        RecordingUnusable: It is empty, breaks off, is too long, or has too many channels.
    """
    source = _open(path, max_duration_s)
    with closing(RecordingWriter(scratch, source.channels)) as writer:
        for block in _resampled(source, max_duration_s):
            writer.write(block)
        recording = writer.finished()
    if not recording.frames:
        raise _empty()
    if source.promised_s and recording.duration_s < source.promised_s * _COMPLETE_SHARE - 0.1:
        raise RecordingUnusable(
            f"The recording breaks off after {recording.duration_s:.1f} s of {source.promised_s:.1f} s: "
            "copy it again."
        )
    return recording


def _open(path: Path, max_duration_s: float) -> _Source:
    if not path.stat().st_size:
        raise RecordingUnusable("The recording is empty: check the recorder, then upload it again.")
    _refuse_truncated_wav(path)
    try:
        source = _open_soundfile(path)
    except soundfile.LibsndfileError:
        source = _open_av(path)
    if not 1 <= source.channels <= MAX_CHANNELS:
        raise RecordingUnusable(
            f"The recording has {source.channels} channels: at most {MAX_CHANNELS} are taken."
        )
    if source.promised_s and source.promised_s > max_duration_s:
        raise _too_long(source.promised_s, max_duration_s)
    return source


def _open_soundfile(path: Path) -> _Source:
    file = soundfile.SoundFile(path)

    frames = _BLOCK_S * file.samplerate

    def blocks() -> Iterator[Samples]:
        with file:
            try:
                # Not file.blocks(): it refuses what cannot be sought in, like the GSM that Asterisk writes.
                while len(block := file.read(frames, dtype="float32", always_2d=True)):
                    yield block
            except soundfile.LibsndfileError as error:
                raise RecordingUnusable(
                    f"The recording cannot be decoded: {error}. Copy it again."
                ) from error

    # A length that the format does not state comes as the largest 64-bit number.
    known = 0 < file.frames < 1 << 62
    promised_s = file.frames / file.samplerate if known else None
    return _Source(file.samplerate, file.channels, promised_s, blocks())


def _open_av(path: Path) -> _Source:
    try:
        container = av.open(str(path), options={"format_whitelist": _CONTAINERS})
    except (av.FFmpegError, ValueError) as error:
        raise NotAudio(
            "The body is no audio format that libsndfile or FFmpeg knows: send WAV, FLAC, Ogg or MP3."
        ) from error
    if not container.streams.audio:
        container.close()
        raise NotAudio("The file holds no audio stream: send a recording with sound.")
    stream = container.streams.audio[0]

    def blocks() -> Iterator[Samples]:
        as_planar_float = av.AudioResampler(format="fltp")
        with container:
            try:
                for frame in container.decode(stream):
                    for planar in as_planar_float.resample(frame):
                        yield planar.to_ndarray().T.astype(np.float32, copy=False)
            except av.FFmpegError as error:
                raise RecordingUnusable(
                    f"The recording cannot be decoded: {error}. Copy it again."
                ) from error

    promised_s = container.duration / av.time_base if container.duration else None
    return _Source(stream.rate, stream.channels, promised_s, blocks())


def _resampled(source: _Source, max_duration_s: float) -> Iterator[Samples]:
    """Blocks of shape (frames, channels) at 16 kHz."""
    to_16_khz = soxr.ResampleStream(source.rate_hz, SAMPLE_RATE_HZ, source.channels, dtype="float32")
    frames = 0
    for block in source.blocks:
        frames += len(block)
        if frames > max_duration_s * source.rate_hz:
            raise _too_long(frames / source.rate_hz, max_duration_s)
        yield to_16_khz.resample_chunk(np.ascontiguousarray(block)).reshape(-1, source.channels)
    end = np.zeros((0, source.channels), dtype=np.float32)
    yield to_16_khz.resample_chunk(end, last=True).reshape(-1, source.channels)


def _empty() -> RecordingUnusable:
    return RecordingUnusable("The recording holds no audio frames: check the recorder, then upload it again.")


def _too_long(duration_s: float, max_duration_s: float) -> RecordingUnusable:
    return RecordingUnusable(
        f"The recording lasts at least {duration_s:.0f} s and this host takes {max_duration_s:.0f} s: "
        "split it, or raise COFI_GPU_HOST_MAX_DURATION_S."
    )


def _refuse_truncated_wav(path: Path) -> None:
    """A cut WAV reads as a shorter one without a word from libsndfile, so its header is checked here."""
    size_bytes = path.stat().st_size
    with path.open("rb") as file:
        if file.read(4) != b"RIFF":
            return
        file.seek(12)
        while len(header := file.read(8)) == 8:
            chunk, length = struct.unpack("<4sI", header)
            if chunk == b"data":
                held = size_bytes - file.tell()
                if length not in _UNKNOWN_LENGTHS and held < length * _COMPLETE_SHARE:
                    raise RecordingUnusable(
                        f"The WAV file breaks off: its header promises {length} bytes of audio "
                        f"and {held} are there. Copy it again."
                    )
                return
            file.seek(length + length % 2, 1)
