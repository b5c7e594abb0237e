"""Landmarks of a channel: pairs of spectral peaks, each a hash of two frequencies and the time between.

The idea is A. Wang's, "An Industrial-Strength Audio Search Algorithm", ISMIR 2003. Landmarks survive codecs,
gain and noise, and stand for an exact piece of audio: they do not survive a change of speed.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import maximum_filter

from include.gpu_host.audio.recording import SAMPLE_RATE_HZ, Pcm, Recording, Samples, resampled

RATE_HZ = 8_000
FFT = 512
HOP = 128
HOP_MS = HOP * 1000 / RATE_HZ
HASHES = 1 << 23
FULL_SCALE = 32768
_PEAK_NEIGHBOURHOOD = 15
_FAN_OUT = 6
_LONGEST_PAIR_FRAMES = 63
# A floor, so that digital silence has no peaks; of full scale, for a magnitude of one FFT bin.
_PEAK_FLOOR = 10 ** (-85 / 20) * FFT / 4
# Two hours at once would take gigabytes: blocks of a minute overlap by the filters' reach.
_BLOCK_FRAMES = 4096
_MARGIN = 2048
_BLOCK = 30 * RATE_HZ
_TAPER = np.hanning(FFT).astype(np.float32)

Numbers = NDArray[np.int32]


@dataclass(frozen=True)
class Peaks:
    """Peaks of one channel in order of time: frame of `HOP_MS` and frequency bin of each; 8 bytes a peak."""

    frames: Numbers
    bins: Numbers


@dataclass(frozen=True)
class Landmarks:
    """Hashes below `HASHES` and the frame where each begins."""

    hashes: Numbers
    frames: Numbers

    def __len__(self) -> int:
        return len(self.hashes)


def narrow(recording: Recording, channel: int, start: int, end: int) -> Samples:
    """Reads `start` to `end`, in samples of 8 kHz, of one channel; silence stands for what is outside of it.

    Blocks that follow each other fit: each is resampled with a margin.
    """
    ratio = SAMPLE_RATE_HZ // RATE_HZ
    first, last = max(0, (start - _MARGIN) * ratio), min(recording.frames, (end + _MARGIN) * ratio)
    samples = np.zeros(end - start, dtype=np.float32)
    if first < last:
        heard = resampled(recording.samples(channel, first, last), SAMPLE_RATE_HZ, RATE_HZ)
        lead = first // ratio - start
        part = heard[max(0, -lead) : max(0, len(samples) - lead)]
        samples[max(0, lead) : max(0, lead) + len(part)] = part
    return samples


def narrow_pcm(recording: Recording, channel: int, start: int, end: int) -> Pcm:
    """The same as 16-bit samples, half a minute at a time; what is outside of the channel is left out."""
    last = min(end, recording.frames * RATE_HZ // SAMPLE_RATE_HZ)
    blocks = [
        as_pcm(narrow(recording, channel, first, min(last, first + _BLOCK)))
        for first in range(max(0, start), last, _BLOCK)
    ]
    return np.concatenate([np.zeros(0, dtype=np.int16), *blocks])


def as_pcm(samples: Samples) -> Pcm:
    """16-bit samples of -1..1."""
    scaled = np.clip(np.rint(samples * FULL_SCALE), -FULL_SCALE, FULL_SCALE - 1)
    return np.asarray(scaled, dtype=np.int16)


def peaks_of(recording: Recording, channel: int) -> Peaks:
    """Peaks of one channel."""
    length = recording.frames * RATE_HZ // SAMPLE_RATE_HZ
    return _peaks(lambda start, end: narrow(recording, channel, start, end), length)


def peaks_of_piece(piece: Pcm) -> Peaks:
    """Peaks of a piece of 16-bit samples at 8 kHz."""
    return _peaks(lambda start, end: _part(piece, start, end), len(piece))


def as_float(piece: Pcm) -> Samples:
    """16-bit samples in -1..1."""
    return np.asarray(piece / np.float32(FULL_SCALE), dtype=np.float32)


def _part(piece: Pcm, start: int, end: int) -> Samples:
    inside = as_float(piece[max(0, start) : end])
    return np.pad(inside, (max(0, -start), end - max(0, start) - len(inside)))


def _peaks(read: Callable[[int, int], Samples], length: int) -> Peaks:
    """Local maxima of the spectrogram, in order of time.

    Args:
        read: Reads samples at 8 kHz from one number to another, silence outside of what is there.
        length: Samples there are.
    """
    reach = _PEAK_NEIGHBOURHOOD
    total = (length + FFT // 2) // HOP + 1
    frames, bins = [np.zeros(0, dtype=np.int32)], [np.zeros(0, dtype=np.int32)]
    for start in range(0, total, _BLOCK_FRAMES):
        first, last = start - reach, start + _BLOCK_FRAMES + reach
        # Frame n is centred on sample n * HOP.
        at, frequency = _maxima(read(first * HOP - FFT // 2, last * HOP + FFT // 2))
        at = at + first
        here = (at >= start) & (at < min(total, start + _BLOCK_FRAMES))
        frames.append(at[here].astype(np.int32))
        bins.append(frequency[here].astype(np.int32))
    return Peaks(np.concatenate(frames), np.concatenate(bins))


def landmarks_of(peaks: Peaks, block_peaks: int = 1 << 15) -> Iterator[Landmarks]:
    """Pairs each peak with the peaks that follow it; block by block (one of eight minutes, about)."""
    for start in range(0, max(1, len(peaks.frames)), block_peaks):
        frames = peaks.frames[start : start + block_peaks + _FAN_OUT]
        bins = peaks.bins[start : start + block_peaks + _FAN_OUT]
        hashes, anchors = [], []
        for step in range(1, _FAN_OUT + 1):
            anchor = slice(0, max(0, min(block_peaks, len(frames) - step)))
            apart = frames[step:][anchor] - frames[anchor]
            paired = (apart > 0) & (apart <= _LONGEST_PAIR_FRAMES)
            hashes.append(((bins[anchor] << 15 | bins[step:][anchor] << 6 | apart) & (HASHES - 1))[paired])
            anchors.append(frames[anchor][paired])
        yield Landmarks(np.concatenate(hashes), np.concatenate(anchors))


def together(blocks: Iterable[Landmarks]) -> Landmarks:
    """Joins blocks into one."""
    parts = list(blocks)
    return Landmarks(np.concatenate([p.hashes for p in parts]), np.concatenate([p.frames for p in parts]))


def _maxima(samples: Samples) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    windows = np.lib.stride_tricks.sliding_window_view(samples, FFT)[::HOP]
    magnitudes = np.abs(np.fft.rfft(windows * _TAPER)).astype(np.float32)
    highest = maximum_filter(magnitudes, size=_PEAK_NEIGHBOURHOOD)
    at, frequency = np.nonzero((magnitudes == highest) & (magnitudes > _PEAK_FLOOR))
    return at, frequency
