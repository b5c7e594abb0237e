"""Decoding: any common recording becomes 16-bit channels at 16 kHz, or is refused with a reason.

Everything is done block by block: no more than some seconds of a recording are in memory.
"""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import numpy as np
import soxr

from include.audio_files.whole import refuse_truncated
from include.errors import RecordingUnusable
from include.gpu_host.audio.appended import refuse_appended
from include.gpu_host.audio.recording import SAMPLE_RATE_HZ, Recording, RecordingWriter, Samples
from include.gpu_host.audio.sources import NotAudio, Source, opened

__all__ = ["NotAudio", "decode", "probe"]

MAX_CHANNELS = 8
# The slowest that carries speech, and the fastest that anybody records.
SAMPLE_RATES_HZ = (4_000, 192_000)
# A file breaks off when more than this, or than the share, is missing of what its header promises: recorders
# lose their last buffer, and encoders round.
_MISSING_S = 1.0
_MISSING_SHARE = 0.02


def probe(path: Path, max_duration_s: float) -> None:
    """Checks that a file is a recording that can be worked on, decoding only its beginning.

    Raises:
        NotAudio: It is no audio at all.
        RecordingUnusable: It is empty, breaks off, is too long, or has a sample rate or channels that no
            recording of a call has.
    """
    with _opened(path, max_duration_s) as source:
        if next(source.blocks, None) is None:
            raise _empty()


def decode(path: Path, scratch: Path, max_duration_s: float) -> Recording:
    """Decodes a whole file to 16 kHz.

    A stereo file with the same voices in all its channels is a mono call: it becomes one channel, so that
    nobody is transcribed twice.

    Args:
        path: The recording.
        scratch: Where the samples go, into files without a name.
        max_duration_s: Longest recording that is taken.

    Raises:
        NotAudio: It is no audio at all.
        RecordingUnusable: It is empty, broken (the message says at which second), breaks off, is too long, or
            has a sample rate or channels that no recording of a call has.
    """
    with (
        _opened(path, max_duration_s) as source,
        closing(RecordingWriter(scratch, source.channels)) as writer,
    ):
        for block in _resampled(source, max_duration_s):
            writer.write(block)
        recording = writer.finished()
    if not recording.frames:
        raise _empty()
    promised_s = source.promised_s or 0.0
    if promised_s - recording.duration_s > 0.1 + min(_MISSING_S, _MISSING_SHARE * promised_s):
        raise RecordingUnusable(
            f"The recording breaks off after {recording.duration_s:.1f} s of {promised_s:.1f} s: "
            "copy it again."
        )
    return recording


@contextmanager
def _opened(path: Path, max_duration_s: float) -> Iterator[Source]:
    if not path.stat().st_size:
        raise RecordingUnusable("The recording is empty: check the recorder, then upload it again.")
    with path.open("rb") as file:
        refuse_truncated(file, path.stat().st_size, _MISSING_S)
    refuse_appended(path)
    with opened(path) as source:
        _check(source, max_duration_s)
        yield source


def _check(source: Source, max_duration_s: float) -> None:
    if not 1 <= source.channels <= MAX_CHANNELS:
        raise RecordingUnusable(
            f"The recording has {source.channels} channels: at most {MAX_CHANNELS} are taken."
        )
    lowest_hz, highest_hz = SAMPLE_RATES_HZ
    if not lowest_hz <= source.rate_hz <= highest_hz:
        raise RecordingUnusable(
            f"The recording has a sample rate of {source.rate_hz} Hz: {lowest_hz} to {highest_hz} Hz "
            "are taken."
        )
    if source.promised_s and source.promised_s > max_duration_s:
        raise _too_long(source.promised_s, max_duration_s)


def _resampled(source: Source, max_duration_s: float) -> Iterator[Samples]:
    """Blocks of shape (frames, channels) at 16 kHz."""
    to_16_khz = soxr.ResampleStream(source.rate_hz, SAMPLE_RATE_HZ, source.channels, dtype="float32")
    frames = 0
    for block in source.blocks:
        frames += len(block)
        if frames > max_duration_s * source.rate_hz:
            raise _too_long(frames / source.rate_hz, max_duration_s)
        # Files of floats may hold what is no number: one would spoil all that the resampler sees with it.
        sane = np.clip(np.nan_to_num(block), -1, 1)
        yield to_16_khz.resample_chunk(np.ascontiguousarray(sane)).reshape(-1, source.channels)
    end = np.zeros((0, source.channels), dtype=np.float32)
    yield to_16_khz.resample_chunk(end, last=True).reshape(-1, source.channels)


def _empty() -> RecordingUnusable:
    return RecordingUnusable("The recording holds no audio frames: check the recorder, then upload it again.")


def _too_long(duration_s: float, max_duration_s: float) -> RecordingUnusable:
    return RecordingUnusable(
        f"The recording lasts at least {duration_s:.0f} s and this host takes {max_duration_s:.0f} s: "
        "split it, or raise COFI_GPU_HOST_MAX_DURATION_S."
    )
