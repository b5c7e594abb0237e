"""Speech of one side that leaks into the other's channel: it is the louder side's, and is heard there."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from include.gpu.wire import Span
from include.gpu_host.audio import timeline
from include.gpu_host.audio.recording import SAMPLE_RATE_HZ, Recording, Samples

# Long enough to tell a likeness from chance, short enough to lie between two words of the other side.
_WINDOW_MS = 400
# A leak comes through a handset or a room: up to 7 m of way.
_MOST_LAG = SAMPLE_RATE_HZ // 50
# The same sound: two people who speak at once are alike by less than 0.2 in such windows.
_ALIKE_ABOVE = 0.6
_SOFTER_BY_DB = 6.0
# What is left of a stretch between two leaks, and is shorter than a word, is part of them.
_SHORTEST_MS = 250
_TINY = 1e-12


def without_leaks(recording: Recording, speech: Sequence[Sequence[Span]]) -> list[list[Span]]:
    """Where each channel holds speech of its own.

    Args:
        recording: What is heard.
        speech: Of each channel, in order, disjoint.
    """
    if len(speech) < 2:
        return [list(spans) for spans in speech]
    return [_own(recording, channel, spans) for channel, spans in enumerate(speech)]


def _own(recording: Recording, channel: int, spans: Sequence[Span]) -> list[Span]:
    others = [n for n in recording.channels if n != channel]
    leaks = [
        window
        for span in spans
        for window in _windows(span)
        if any(_is_leak(recording, channel, other, window) for other in others)
    ]
    if not leaks:
        return list(spans)
    left = timeline.without(spans, leaks)
    untouched = {(span.start_ms, span.end_ms) for span in spans}
    return [
        span
        for span in left
        if timeline.length_ms(span) >= _SHORTEST_MS or (span.start_ms, span.end_ms) in untouched
    ]


def _windows(span: Span) -> list[Span]:
    """Equal parts of about `_WINDOW_MS`."""
    count = max(1, round(timeline.length_ms(span) / _WINDOW_MS))
    edges = np.linspace(span.start_ms, span.end_ms, count + 1).round().astype(int)
    return [Span(start_ms=int(a), end_ms=int(b)) for a, b in pairwise(edges)]


def _is_leak(recording: Recording, channel: int, other: int, window: Span) -> bool:
    own, louder = recording.heard(channel, [window]), recording.heard(other, [window])
    own_power, louder_power = _power(own), _power(louder)
    if 10 * np.log10((louder_power + _TINY) / (own_power + _TINY)) < _SOFTER_BY_DB:
        return False
    return _likeness(own, louder) > _ALIKE_ABOVE


def _power(samples: Samples) -> float:
    return float(np.mean(np.square(samples, dtype=np.float64))) if len(samples) else 0.0


def _likeness(one: Samples, other: Samples) -> float:
    """The largest normalised correlation within `_MOST_LAG`, whichever way up."""
    size = 1 << int(len(one) + _MOST_LAG - 1).bit_length()
    product = np.fft.rfft(one, size) * np.conj(np.fft.rfft(other, size))
    correlation = np.fft.irfft(product, size)
    near = np.concatenate([correlation[: _MOST_LAG + 1], correlation[-_MOST_LAG:]])
    return float(np.abs(near).max() / (np.linalg.norm(one) * np.linalg.norm(other) + _TINY))
