"""One pass over a recording: decoded, silenced, written as 16-bit PCM, and measured for drawing."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import soundfile
import soxr
from numpy.typing import NDArray

from include.errors import RecordingUnusable
from include.gpu_host.audio.sources import opened

Span = tuple[int, int]
Samples = NDArray[np.float32]
# Speech has nothing above; faster recordings take twice the room for it.
_HIGHEST_HZ = 16_000
# A phone shows 400 stretches, a wide screen 1,400.
PEAKS = 1_400
_PEAK_S = 0.02


def encode(original: Path, made: Path, silenced: Sequence[Span]) -> tuple[list[list[int]], int]:
    """Writes the listening copy of a recording.

    Args:
        original: As it is stored.
        made: A WAV file, readable by its owner alone.
        silenced: Stretches without sound, in ms, in order.

    Returns:
        Peaks of each channel, 0..255, and the length in ms.

    Raises:
        RecordingUnusable: It cannot be decoded, or holds nothing.
    """
    made.touch(mode=0o600)
    loudest: list[Samples] = []
    frames = 0
    with opened(original) as source:
        rate_hz = min(source.rate_hz, _HIGHEST_HZ)
        block_frames = round(_PEAK_S * rate_hz)
        with soundfile.SoundFile(made, "w", rate_hz, source.channels, "PCM_16", format="WAV") as file:
            rest: Samples = np.zeros((0, source.channels), dtype=np.float32)
            for block in _resampled(source.blocks, source.rate_hz, rate_hz, source.channels):
                quiet = _silent(block, frames, rate_hz, silenced)
                file.write(quiet)
                frames += len(quiet)
                rest = np.concatenate([rest, np.abs(quiet)])
                whole = len(rest) // block_frames * block_frames
                loudest.append(rest[:whole].reshape(-1, block_frames, source.channels).max(axis=1))
                rest = rest[whole:]
            if len(rest):
                loudest.append(rest.max(axis=0, keepdims=True))
    if not frames:
        raise RecordingUnusable("The recording holds no sound.")
    return _drawn(np.concatenate(loudest)), round(1000 * frames / rate_hz)


def _resampled(blocks: Iterator[Samples], from_hz: int, to_hz: int, channels: int) -> Iterator[Samples]:
    """Blocks of shape (frames, channels) in -1..1."""
    sane = (np.clip(np.nan_to_num(block), -1, 1).astype(np.float32) for block in blocks)
    if from_hz == to_hz:
        yield from sane
        return
    resampler = soxr.ResampleStream(from_hz, to_hz, channels, dtype="float32")
    for block in sane:
        yield resampler.resample_chunk(np.ascontiguousarray(block)).reshape(-1, channels)
    end = np.zeros((0, channels), dtype=np.float32)
    yield resampler.resample_chunk(end, last=True).reshape(-1, channels)


def _silent(block: Samples, start: int, rate_hz: int, silenced: Sequence[Span]) -> Samples:
    """The block without what nobody may hear, on no channel: the other side may repeat it, or leak."""
    end = start + len(block)
    for from_ms, to_ms in silenced:
        first, last = from_ms * rate_hz // 1000, -(-to_ms * rate_hz // 1000)
        if first < end and last > start:
            block[max(0, first - start) : max(0, last - start)] = 0
    return block


def _drawn(loudest: Samples) -> list[list[int]]:
    """At most `PEAKS` a channel: the square root, as quiet speech shall be seen beside loud."""
    stretches = np.array_split(loudest, min(PEAKS, len(loudest)))
    peaks = np.array([stretch.max(axis=0) for stretch in stretches])
    return [[int(value) for value in lane] for lane in np.rint(255 * np.sqrt(peaks.T))]
