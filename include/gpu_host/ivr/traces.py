"""Known pieces that few landmarks speak for, because noise hides them: the waveforms decide.

Where landmarks hint at a piece, eight seconds of it are correlated with the channel, whitened by the spectrum
of the channel (a matched filter in coloured noise): where they play, the correlation has one sharp peak.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.ndimage import uniform_filter1d

from include.gpu.wire import Span
from include.gpu_host.audio import timeline
from include.gpu_host.audio.recording import SAMPLE_RATE_HZ, Pcm, Recording
from include.gpu_host.ivr.fingerprints import Trace
from include.gpu_host.ivr.landmarks import HOP, RATE_HZ, Numbers, as_float, narrow

CHUNK_S = 8
_CHUNK = CHUNK_S * RATE_HZ
# Landmarks place a piece to a frame or two; what lies farther out tells how high chance peaks are.
_LARGEST_LAG = 3 * HOP
_CHANCE_LAG = 2048
# In units of chance. In 16 calls (clean, GSM, Opus, noise at 10 and 0 dB) pieces that played had 10 and more,
# mostly 40 to 150, and others at most 7.6.
SURE = 10.0
# Beside a chunk that is sure, and at the same lag: clocks drift by less than this.
_LIKELY = 5.0
_SAME_LAG = 24


@dataclass(frozen=True)
class Stretch:
    """A stretch of a piece that plays, in samples at 8 kHz.

    Attributes:
        begins: Where the piece would begin in the channel; may be below 0.
        about: Samples of the piece, most of which are heard; None for `first` to `last`.
        first: First sample of the piece that is surely heard.
        last: And the last.
        score: How far it stands out, in units of chance.
    """

    begins: int
    about: range | None
    first: int
    last: int
    score: float = 0.0


@dataclass(frozen=True)
class _Likeness:
    """The highest peak: its height in units of chance, and how many samples late it is."""

    score: float
    lag: int


def stretches(
    recording: Recording, channel: int, piece: Pcm, trace: Trace, taken: Sequence[Span]
) -> list[Stretch]:
    """Where a piece plays that landmarks hint at.

    Args:
        recording: Where it may play.
        channel: On which channel.
        piece: Samples at 8 kHz.
        trace: What landmarks say.
        taken: Where other pieces play.
    """
    laid = _Laid(recording, channel, piece, trace.offset * HOP)
    anchor = _anchor(trace, len(piece))
    if laid.is_taken(anchor, taken):
        return []
    best = laid.likeness(anchor)
    if best.score < SURE:
        return []
    votes = trace.frames * HOP
    runs = _runs(list(laid.alike(anchor, best.lag)))
    return [_stretch(laid.begins + best.lag, run, votes, best.score) for run in runs]


@dataclass(frozen=True)
class _Laid:
    """A piece laid over a channel, to a frame or two."""

    recording: Recording
    channel: int
    piece: Pcm
    begins: int

    def is_taken(self, part: range, taken: Sequence[Span]) -> bool:
        """Whether something else plays over most of a part of the piece."""
        start_ms, end_ms = (max(0, (self.begins + n) * 1000 // RATE_HZ) for n in (part.start, part.stop))
        return timeline.mostly_within(Span(start_ms=start_ms, end_ms=end_ms), taken)

    def alike(self, anchor: range, lag: int) -> Iterator[range]:
        """All chunks of the piece that play at this lag, in order; the anchor is one of them."""
        heard = self.recording.frames * RATE_HZ // SAMPLE_RATE_HZ
        first, end = max(0, -self.begins), min(len(self.piece), heard - self.begins)
        for at in range(anchor.start - max(0, anchor.start - first) // _CHUNK * _CHUNK, end, _CHUNK):
            part = range(at, min(end, at + _CHUNK))
            like = self.likeness(part)
            if like.score >= _LIKELY and abs(like.lag - lag) <= _SAME_LAG:
                yield part

    def likeness(self, part: range) -> _Likeness:
        """How far the highest peak of the correlation stands out."""
        known = as_float(self.piece[part.start : part.stop])
        at = self.begins + part.start
        around = narrow(self.recording, self.channel, at - _CHANCE_LAG, at + len(known) + _CHANCE_LAG)
        size = 1 << int(len(around) + len(known)).bit_length()
        spectrum = np.fft.rfft(around, size)
        power = uniform_filter1d(np.square(np.abs(spectrum)), size // 100) + 1e-6
        cross = np.fft.irfft(spectrum * np.conj(np.fft.rfft(known, size)) / power, size)
        heights = np.abs(cross[: 2 * _CHANCE_LAG + 1])
        near = heights[_CHANCE_LAG - _LARGEST_LAG : _CHANCE_LAG + _LARGEST_LAG + 1]
        # The median of a normal variable's magnitude is 0.67 of its deviation.
        score = float(near.max() / (1.48 * np.median(heights) + 1e-12))
        return _Likeness(score, int(near.argmax()) - _LARGEST_LAG)


def _anchor(trace: Trace, length: int) -> range:
    """The chunk of the piece with most votes in it."""
    votes = trace.frames * HOP
    within = np.searchsorted(votes, votes + _CHUNK) - np.arange(len(votes))
    start = int(votes[within.argmax()])
    middle = int(np.median(votes[(votes >= start) & (votes < start + _CHUNK)]))
    first = max(0, min(middle - _CHUNK // 2, length - _CHUNK))
    return range(first, min(length, first + _CHUNK))


def _runs(chunks: Sequence[range]) -> Iterator[range]:
    """Chunks that follow each other, as one."""
    run: range | None = None
    for chunk in chunks:
        if run is not None and chunk.start > run.stop:
            yield run
            run = None
        run = range(run.start if run else chunk.start, chunk.stop)
    if run is not None:
        yield run


def _stretch(begins: int, run: range, votes: Numbers, score: float) -> Stretch:
    """A run, whose first and last chunk may play in part: sure is what lies between."""
    if len(run) >= 2 * _CHUNK:
        return Stretch(begins, run, run.start + _CHUNK, max(run.start + _CHUNK + 1, run.stop - _CHUNK), score)
    inside = votes[(votes >= run.start) & (votes < run.stop)]
    first, last = (inside[0], inside[-1]) if len(inside) else 2 * [(run.start + run.stop) // 2]
    return Stretch(begins, run, int(first), int(last) + 1, score)
