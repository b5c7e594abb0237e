"""What is listened to: the conversation of one channel, and stretches of its speech."""

from collections.abc import Iterator, Sequence

from include.gpu.wire import IvrResult, SegmentKind, Span
from include.gpu_host.audio import timeline
from include.gpu_host.audio.recording import Recording

_KNOWN_AUDIO = {SegmentKind.PROMPT, SegmentKind.HOLD_MUSIC}


def conversation(recording: Recording, ivr: IvrResult, channel: int) -> list[Span]:
    """Where one channel may hold conversation.

    What plays on one channel while somebody speaks on another is kept for the other's sake, and is not
    listened to here. On the only channel the IVR stage has had the last word already.
    """
    if len(recording.channels) == 1:
        return list(ivr.kept)
    known = [s for s in ivr.segments if s.kind in _KNOWN_AUDIO and s.channel in (channel, None)]
    return timeline.without(ivr.kept, known)


def widened_within(spans: Sequence[Span], within: Sequence[Span], margin_ms: int) -> list[Span]:
    """Spans with a margin on both sides, each within the span of `within` that it lies in."""
    return [
        wide
        for around in within
        for wide in timeline.joined(
            Span(
                start_ms=max(around.start_ms, span.start_ms - margin_ms),
                end_ms=min(around.end_ms, span.end_ms + margin_ms),
            )
            for span in spans
            if around.start_ms <= span.start_ms < around.end_ms
        )
    ]


def stretch(spans: Sequence[Span], start_ms: float, end_ms: float) -> list[Span]:
    """The part of `spans` between two times of their concatenation."""
    return list(_stretch(spans, round(start_ms), round(end_ms)))


def _stretch(spans: Sequence[Span], start_ms: int, end_ms: int) -> Iterator[Span]:
    before_ms = 0
    for span in spans:
        shift_ms = span.start_ms - before_ms
        first_ms, last_ms = max(span.start_ms, start_ms + shift_ms), min(span.end_ms, end_ms + shift_ms)
        if first_ms < last_ms:
            yield Span(start_ms=first_ms, end_ms=last_ms)
        before_ms += timeline.length_ms(span)
