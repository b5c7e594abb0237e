"""Arithmetic of spans, and the map from the kept audio back to the original recording."""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from include.gpu.wire import Span


def length_ms(span: Span) -> int:
    """Length of one span."""
    return span.end_ms - span.start_ms


def total_ms(spans: Iterable[Span]) -> int:
    """Summed length of spans."""
    return sum(length_ms(span) for span in spans)


def runs(flags: NDArray[np.bool_], frame_ms: int) -> list[Span]:
    """Spans of the frames that are true."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], flags, [False]]).astype(np.int8)))
    return [
        Span(start_ms=int(start) * frame_ms, end_ms=int(end) * frame_ms)
        for start, end in zip(edges[::2], edges[1::2], strict=True)
    ]


def joined(spans: Iterable[Span], gap_ms: int = 0) -> list[Span]:
    """The union of spans, in order, disjoint; gaps of up to `gap_ms` are filled."""
    union: list[list[int]] = []
    for start_ms, end_ms in sorted((span.start_ms, span.end_ms) for span in spans):
        if union and start_ms <= union[-1][1] + gap_ms:
            union[-1][1] = max(union[-1][1], end_ms)
        else:
            union.append([start_ms, end_ms])
    return [Span(start_ms=start_ms, end_ms=end_ms) for start_ms, end_ms in union]


def widened(spans: Iterable[Span], margin_ms: int, duration_ms: int) -> list[Span]:
    """Spans with a margin on both sides, within the recording, disjoint."""
    return joined(
        Span(start_ms=max(0, s.start_ms - margin_ms), end_ms=min(duration_ms, s.end_ms + margin_ms))
        for s in spans
    )


def without(spans: Iterable[Span], removed: Iterable[Span]) -> list[Span]:
    """What is left of `spans` when `removed` is taken away, in order, disjoint.

    One walk over both, in order: a recording of hours has thousands of each.
    """
    cuts = joined(removed)
    left: list[Span] = []
    first = 0
    for span in joined(spans):
        while first < len(cuts) and cuts[first].end_ms <= span.start_ms:
            first += 1
        start_ms, n = span.start_ms, first
        while n < len(cuts) and cuts[n].start_ms < span.end_ms:
            if start_ms < cuts[n].start_ms:
                left.append(Span(start_ms=start_ms, end_ms=cuts[n].start_ms))
            start_ms = max(start_ms, cuts[n].end_ms)
            n += 1
        if start_ms < span.end_ms:
            left.append(Span(start_ms=start_ms, end_ms=span.end_ms))
    return left


def within(spans: Iterable[Span], bounds: Iterable[Span]) -> list[Span]:
    """The parts of `spans` that lie in `bounds`, in order, disjoint."""
    bounds = joined(bounds)
    return without(bounds, without(bounds, spans))


def mostly_within(span: Span, bounds: Iterable[Span]) -> bool:
    """Whether more than half of a span lies within disjoint bounds."""
    return total_ms(within([span], bounds)) > length_ms(span) / 2
