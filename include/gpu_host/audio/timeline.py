"""Arithmetic of spans, and the map from the kept audio back to the original recording."""

from collections.abc import Iterable, Sequence

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
    union: list[Span] = []
    for span in sorted(spans, key=lambda s: s.start_ms):
        if union and span.start_ms <= union[-1].end_ms + gap_ms:
            union[-1] = Span(start_ms=union[-1].start_ms, end_ms=max(union[-1].end_ms, span.end_ms))
        else:
            union.append(Span(start_ms=span.start_ms, end_ms=span.end_ms))
    return union


def widened(spans: Iterable[Span], margin_ms: int, duration_ms: int) -> list[Span]:
    """Spans with a margin on both sides, within the recording, disjoint."""
    return joined(
        Span(start_ms=max(0, s.start_ms - margin_ms), end_ms=min(duration_ms, s.end_ms + margin_ms))
        for s in spans
    )


def without(spans: Iterable[Span], removed: Iterable[Span]) -> list[Span]:
    """What is left of `spans` when `removed` is taken away."""
    left = joined(spans)
    for cut in removed:
        left = [
            Span(start_ms=start_ms, end_ms=end_ms)
            for span in left
            for start_ms, end_ms in (
                (span.start_ms, min(span.end_ms, cut.start_ms)),
                (max(span.start_ms, cut.end_ms), span.end_ms),
            )
            if start_ms < end_ms
        ]
    return left


def original_span(kept: Sequence[Span], start_ms: float, end_ms: float) -> Span:
    """Maps a time span of the concatenated `kept` audio back to the original recording.

    A span that crosses a cut stays on the side of its middle: no word is stretched over a prompt.

    Args:
        kept: Spans of the original recording, in order, disjoint; not empty.
        start_ms: In the concatenation.
        end_ms: In the concatenation.
    """
    middle_ms = (start_ms + end_ms) / 2
    before_ms = 0
    for span in kept:
        if middle_ms < before_ms + length_ms(span):
            break
        before_ms += length_ms(span)
    else:
        before_ms -= length_ms(span)
    shift_ms = span.start_ms - before_ms
    first_ms = min(max(round(start_ms + shift_ms), span.start_ms), span.end_ms)
    return Span(start_ms=first_ms, end_ms=min(max(round(end_ms + shift_ms), first_ms), span.end_ms))
