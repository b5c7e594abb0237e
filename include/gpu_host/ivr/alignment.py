"""Listens closely to a known piece that plays: from when to when exactly, and where somebody speaks over it.

The piece is laid over the channel, to the sample, and shaped as the line shaped it: one complex gain for each
band of 31 Hz, by least squares. What it does not explain is the rest. Codecs err in proportion to what they
code, so four times their usual error is taken off the rest (Boll, "Suppression of acoustic noise in speech
using spectral subtraction", 1979); voice activity is then asked about it.

A frame sounds like the piece when both are alike. Where the noise of the line is louder than the piece, no
single frame can tell: there, two seconds around it are weighed, each band by its noise.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import uniform_filter1d

from include.gpu.wire import Span
from include.gpu_host.audio import timeline
from include.gpu_host.audio.recording import SAMPLE_RATE_HZ, Pcm, Recording, Samples, resampled
from include.gpu_host.ivr.landmarks import HOP, RATE_HZ, as_float, narrow
from include.gpu_host.ivr.talk_over import speech_over

_WINDOW = 256
_STEP = 64
_STEP_MS = _STEP * 1000 // RATE_HZ
_TAPER = np.hanning(_WINDOW + 1)[:_WINDOW].astype(np.float32)
# Clocks drift: lag and gain are measured anew for each chunk.
_CHUNK_S = 20
# Landmarks begin after, and end before, what plays; talked over, a second or two.
REACH_S = 6
# Landmarks place the piece to a frame or two.
_LARGEST_LAG = 3 * HOP
# Correlation of a frame with what the piece predicts: through GSM above 0.9, of other audio below 0.4.
_EXPLAINED = 0.6
_SMOOTH_FRAMES = 5
# Below its loud frames by this, a piece pauses: nothing can be said about such frames.
_ACTIVE_ABOVE = 10 ** (-20 / 10)
# Unexplained for longer than this while the piece should sound: it has stopped.
_LONGEST_LOSS_MS = 1000
_MOSTLY_FRAMES = 9
# So much of a piece may be missing at an end that was played all the same.
_LARGEST_SNAP_MS = 1000
# Taken off: this many times the usual error of a band, which is at most a half of what was coded.
_OVERSUBTRACTED = 4.0
_LARGEST_ERROR = 0.5
# Chosen on six composed calls in each of eight conditions: of speech over prompts and music 0.6 loses 0.5 %,
# 0.7 3.4 % and 0.8 6.3 %, and all cut 98 % of what is clean. On six other calls: 0.1 % and 96.8 %.
_SURELY_ABOVE = 0.6

# What hides in noise: two seconds hold enough, when they stand out of chance by this many deviations.
_HIDDEN_FRAMES = 2000 // _STEP_MS
_HIDDEN_EVIDENCE = 8.0
_HIDDEN_PRESENT = 0.5
# Frames overlap: so many of them hold the chance of one.
_FRAMES_ALIKE = 3.0
# A fifth of exponential powers, as those of noise in a band, lies below this share of their mean.
_QUIET_PERCENT, _QUIET_SHARE = 20, 0.223

Spectrum = NDArray[np.complex64]


@dataclass(frozen=True)
class Play:
    """A known piece on a channel, in ms of the channel.

    Attributes:
        explained: Share of the frames in which it should sound that sound like it.
        spoken_over: Where somebody speaks while it plays, in order, disjoint.
    """

    start_ms: int
    end_ms: int
    explained: float
    spoken_over: list[Span]


@dataclass(frozen=True)
class _Line:
    """What the line does to a piece.

    Attributes:
        lag: Samples by which it is late.
        gain: Of each band.
        noise: Mean power of each band of a frame.
    """

    lag: int
    gain: Spectrum
    noise: NDArray[np.float32]


@dataclass(frozen=True)
class _Chunk:
    """A stretch of frames: whether the piece should sound, whether it does, and the rest that it leaves."""

    at: int
    active: NDArray[np.bool_]
    explained: NDArray[np.bool_]
    rest: Samples


def listen(
    recording: Recording,
    channel: int,
    piece: Pcm,
    *,
    begins: int,
    first: int,
    last: int,
    about: range | None = None,
    reach_s: int = REACH_S,
    least_power: float = 0.0,
) -> Play | None:
    """Listens to a piece that plays from about `first` to about `last`.

    Args:
        recording: Where it plays.
        channel: On which channel.
        piece: Samples at 8 kHz.
        begins: Where the piece begins, in samples at 8 kHz of the channel; may be below 0.
        first: First sample of the piece that is surely heard.
        last: And the last.
        about: Samples of the piece most of which are heard; None for `first` to `last`.
        reach_s: How far beyond these it may play.
        least_power: Mean square of somebody who speaks over it, at least.

    Returns:
        None when it does not play after all.
    """
    # A whole number of frames from the beginning.
    start = max(0, first - reach_s * RATE_HZ) // _STEP * _STEP
    surely = about or range(first, min(last, len(piece)))
    listened = range(start, min(len(piece), last + reach_s * RATE_HZ))
    chunks = list(_chunks(recording, channel, piece, begins, surely=surely, listened=listened))
    active = np.concatenate([chunk.active for chunk in chunks])
    explained = np.concatenate([chunk.explained for chunk in chunks])
    frames = _sounding(active, explained, _frame(first - start), _frame(last - start))
    whole = _with_ends(frames, start, len(piece), len(active))
    # The first chunk's place counts; drift is left to the frames.
    zero = chunks[0].at
    start_ms, end_ms = ((zero + frame * _STEP) * 1000 // RATE_HZ for frame in whole)
    rest = Recording.of(resampled(np.concatenate([c.rest for c in chunks]), RATE_HZ, SAMPLE_RATE_HZ)[None])
    spoken = [
        Span(
            start_ms=max(0, s.start_ms + zero * 1000 // RATE_HZ),
            end_ms=max(0, s.end_ms + zero * 1000 // RATE_HZ),
        )
        for s in speech_over(rest, 0, rest.whole, _SURELY_ABOVE, least_power)
    ]
    play = Span(start_ms=max(0, start_ms), end_ms=min(max(0, end_ms), recording.whole.end_ms))
    if play.start_ms >= play.end_ms:
        return None
    inside = slice(*frames)
    share = float(explained[inside][active[inside]].mean())
    return Play(play.start_ms, play.end_ms, share, timeline.within([play], spoken))


def _frame(samples: int) -> int:
    return samples // _STEP


def _chunks(
    recording: Recording, channel: int, piece: Pcm, begins: int, *, surely: range, listened: range
) -> Iterator[_Chunk]:
    """Goes through the samples of the piece that are listened to; some of them are surely heard."""
    loud = _loudness(piece[surely.start : surely.stop])
    line: _Line | None = None
    for start in listened[:: _CHUNK_S * RATE_HZ]:
        part = range(start, min(listened.stop, start + _CHUNK_S * RATE_HZ))
        known, around = _laid_over(recording, channel, piece, begins, part)
        # Where it surely plays, the line is measured.
        sure = slice(max(surely.start - start, 0), min(surely.stop - start, len(known)))
        if sure.stop - sure.start >= RATE_HZ // 4:
            line = _line(around, known, sure)
        elif line is None:  # it begins later, and the line is the same there
            head = range(surely.start, min(surely.stop, surely.start + _CHUNK_S * RATE_HZ))
            there, around_it = _laid_over(recording, channel, piece, begins, head)
            line = _line(around_it, there, slice(0, len(there)))
        here = _stft(around[_LARGEST_LAG + line.lag :][: len(known)])
        yield _compared(begins + start + line.lag, here, _stft(known), line, loud)


def _laid_over(
    recording: Recording, channel: int, piece: Pcm, begins: int, part: range
) -> tuple[Samples, Samples]:
    """A part of the piece, and the channel there with `_LARGEST_LAG` more on both sides."""
    known = as_float(piece[part.start : part.stop])
    at = begins + part.start
    return known, narrow(recording, channel, at - _LARGEST_LAG, at + len(known) + _LARGEST_LAG)


def _line(around: Samples, known: Samples, sure: slice) -> _Line:
    """Measures the line where the piece surely plays; `around` begins `_LARGEST_LAG` before it should."""
    lag = _lag(around, known, sure)
    here, there = _stft(around[_LARGEST_LAG + lag :][: len(known)]), _stft(known)
    frames = slice(_frame(sure.start), _frame(sure.stop) + 1)
    gain = _gain(here[frames], there[frames])
    error = np.square(np.abs(here[frames] - gain * there[frames]))
    noise = np.percentile(error, _QUIET_PERCENT, axis=0) / _QUIET_SHARE
    return _Line(lag, gain, np.asarray(noise + 1e-9, dtype=np.float32))


def _lag(heard: Samples, known: Samples, sure: slice) -> int:
    """Samples by which the piece is late; `heard` begins `_LARGEST_LAG` before it should."""
    part = known[sure]
    around = heard[sure.start : sure.start + len(part) + 2 * _LARGEST_LAG]
    size = 1 << int(len(around) + len(part)).bit_length()
    cross = np.fft.rfft(around, size) * np.conj(np.fft.rfft(part, size))
    # Half whitened: loud low bands do not blur the peak, silent ones do not count.
    at = np.fft.irfft(cross / np.sqrt(np.abs(cross) + 1e-9), size)[: 2 * _LARGEST_LAG + 1]
    return int(np.argmax(np.abs(at))) - _LARGEST_LAG


def _gain(heard: Spectrum, known: Spectrum) -> Spectrum:
    """What the line did to each band, by least squares."""
    cross = (heard * known.conj()).sum(axis=0)
    return np.asarray(cross / (np.square(np.abs(known)).sum(axis=0) + 1e-9), dtype=np.complex64)


def _compared(at: int, heard: Spectrum, known: Spectrum, line: _Line, loud: float) -> _Chunk:
    predicted = line.gain * known
    rest = heard - predicted
    alike = _alike(heard, predicted)
    active = _power(known) > loud * _ACTIVE_ABOVE
    hidden = _power(predicted) < line.noise.sum()
    enough, present = _hidden(heard, predicted, line.noise)
    active &= ~hidden | enough
    explained = active & np.where(hidden, present, alike > _EXPLAINED)
    # The last frames are padding.
    frames = len(known) - _WINDOW // _STEP + 1
    left = _istft(np.asarray(rest * _oversubtraction(rest, predicted), dtype=np.complex64), frames * _STEP)
    return _Chunk(at, active[:frames], explained[:frames], left)


def _alike(heard: Spectrum, predicted: Spectrum) -> NDArray[np.float32]:
    """Correlation of each frame with what the piece predicts."""
    both = _smooth((heard * predicted.conj()).real.sum(axis=1))
    return np.asarray(both / np.sqrt(_power(heard) * _power(predicted) + 1e-12), dtype=np.float32)


def _hidden(
    heard: Spectrum, predicted: Spectrum, noise: NDArray[np.float32]
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Of the two seconds around each frame: whether they can tell, and whether the piece plays in them."""
    should = _around((np.square(np.abs(predicted)) / noise).sum(axis=1))
    does = _around(((heard * predicted.conj()).real / noise).sum(axis=1))
    # Of `does`, by whatever else is heard; noise comes in bursts.
    variance = _around((np.square(np.abs(heard * predicted)) / np.square(noise)).sum(axis=1)) / 2
    chance = np.sqrt(variance * _FRAMES_ALIKE / _HIDDEN_FRAMES)
    return should > _HIDDEN_EVIDENCE * chance, does > _HIDDEN_PRESENT * should


def _around(values: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.asarray(uniform_filter1d(values, _HIDDEN_FRAMES), dtype=np.float32)


def _loudness(piece: Pcm) -> float:
    """Power of the loud frames."""
    powers = np.square(np.abs(_stft(as_float(piece[: 60 * RATE_HZ])))).sum(axis=1)
    return float(np.percentile(powers, 90))


def _oversubtraction(rest: Spectrum, predicted: Spectrum) -> NDArray[np.float32]:
    """The gain that takes the codec's error off, from its usual share of what was coded in each band."""
    error, powers = np.square(np.abs(rest)), np.square(np.abs(predicted))
    loud = powers > 0.03 * np.percentile(powers, 90, axis=0)
    shares = np.where(loud, error / (powers + 1e-12), np.nan)
    shares[:, ~loud.any(axis=0)] = _LARGEST_ERROR
    # A person who talks over half of it does not count as error.
    usual = np.minimum(np.nanpercentile(shares, 35, axis=0), _LARGEST_ERROR)
    spread = uniform_filter1d(uniform_filter1d(powers, 5, axis=0), 5, axis=1)
    expected = _OVERSUBTRACTED * uniform_filter1d(usual, 5) * spread
    # The noise of the line stays: holes in it would sound like syllables.
    floor = np.minimum(np.percentile(error, 20, axis=0), error)
    left = np.maximum(error - expected, floor) / (error + 1e-12)
    return np.asarray(np.sqrt(left), dtype=np.float32)


def _sounding(
    active: NDArray[np.bool_], explained: NDArray[np.bool_], first: int, last: int
) -> tuple[int, int]:
    """First and end frame of what is heard: `first` to `last`, and what sounds alike before and after.

    Frames in which the piece pauses do not count as loss; a few alike by chance do not count as heard.
    """
    alike = uniform_filter1d(explained.astype(np.float32), _MOSTLY_FRAMES) > 0.5
    lost = active & ~alike
    before = _reached(alike[:first][::-1], lost[:first][::-1])
    return first - before, last + _reached(alike[last:], lost[last:])


def _reached(alike: NDArray[np.bool_], lost: NDArray[np.bool_]) -> int:
    """Frames up to the last one alike before too many are lost in a row."""
    at = np.flatnonzero(alike)
    if not len(at):
        return 0
    lost_before = np.cumsum(lost)[at]
    gaps = np.flatnonzero(np.diff(lost_before, prepend=0) > _LONGEST_LOSS_MS // _STEP_MS)
    return int(at[gaps[0] - 1]) + 1 if len(gaps) and gaps[0] else 0 if len(gaps) else int(at[-1]) + 1


def _with_ends(frames: tuple[int, int], start: int, length: int, listened: int) -> tuple[int, int]:
    """Adds the ends of a piece when little of them is missing: they are soft, and noise hides them.

    A piece that was broken off there is followed by silence, or by speech, which is heard.

    Args:
        frames: First and end frame of what was heard.
        start: The sample of the piece that frame 0 is.
        length: Samples of the piece.
        listened: Frames that were listened to.
    """
    first, end = frames
    to_its_end = _frame(length - start)
    is_whole_begin = start == 0 and first <= _LARGEST_SNAP_MS // _STEP_MS
    is_whole_end = to_its_end <= listened and to_its_end - end <= _LARGEST_SNAP_MS // _STEP_MS
    return 0 if is_whole_begin else first, to_its_end if is_whole_end else end


def _stft(samples: Samples) -> Spectrum:
    """Frame n is centred on sample n * `_STEP`."""
    padded = np.pad(samples, (_WINDOW // 2, _WINDOW))
    windows = np.lib.stride_tricks.sliding_window_view(padded, _WINDOW)[::_STEP]
    return np.asarray(np.fft.rfft(windows * _TAPER), dtype=np.complex64)


def _istft(spectrum: Spectrum, length: int) -> Samples:
    """Overlap-add with the same window, squared windows summing to 1.5 at a quarter's step."""
    frames = np.fft.irfft(spectrum, axis=1).astype(np.float32) * _TAPER / 1.5
    parts = _WINDOW // _STEP
    samples = np.zeros((len(frames) + parts) * _STEP, dtype=np.float32)
    for part in range(parts):
        piece = frames[:, part * _STEP : (part + 1) * _STEP].reshape(-1)
        samples[part * _STEP : part * _STEP + len(piece)] += piece
    return samples[_WINDOW // 2 : _WINDOW // 2 + length]


def _power(spectrum: Spectrum) -> NDArray[np.float32]:
    return _smooth(np.square(np.abs(spectrum)).sum(axis=1))


def _smooth(values: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.asarray(uniform_filter1d(values, _SMOOTH_FRAMES), dtype=np.float32)
