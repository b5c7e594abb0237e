"""How right the cut of prompts and hold music is, in seconds of each channel."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from include.gpu.wire import IvrResult, Segment, SegmentKind, Span
from include.gpu_host.audio.timeline import joined, total_ms, widened, without
from tests.benchmarks.speech.composing import ComposedCall, Truth

KINDS = (SegmentKind.PROMPT, SegmentKind.HOLD_MUSIC, SegmentKind.DTMF)
_CUT_KINDS = (SegmentKind.PROMPT, SegmentKind.HOLD_MUSIC)
# A person's breath before and after a word: what lies this near to speech need not be cut.
_BREATH_MS = 250


@dataclass(frozen=True)
class Overlap:
    """Milliseconds of one kind: in truth, as found, and in both."""

    true_ms: int = 0
    found_ms: int = 0
    both_ms: int = 0

    def __add__(self, other: "Overlap") -> "Overlap":
        return Overlap(
            self.true_ms + other.true_ms, self.found_ms + other.found_ms, self.both_ms + other.both_ms
        )

    @property
    def precision(self) -> float | None:
        """Share of what was found that is true; None when nothing was found."""
        return self.both_ms / self.found_ms if self.found_ms else None

    @property
    def recall(self) -> float | None:
        """Share of what is true that was found; None when nothing is true."""
        return self.both_ms / self.true_ms if self.true_ms else None


@dataclass(frozen=True)
class Removed:
    """What recognition does not hear.

    Attributes:
        announced_ms: Prompts and music over which nobody speaks on the same channel.
        cut_ms: Of that, what is taken away.
        speech_ms: People's speech.
        lost_ms: Of that, what is taken away.
    """

    announced_ms: int = 0
    cut_ms: int = 0
    speech_ms: int = 0
    lost_ms: int = 0

    def __add__(self, other: "Removed") -> "Removed":
        return Removed(
            self.announced_ms + other.announced_ms,
            self.cut_ms + other.cut_ms,
            self.speech_ms + other.speech_ms,
            self.lost_ms + other.lost_ms,
        )

    @property
    def cut(self) -> float | None:
        """Share of prompts and music that is cut."""
        return self.cut_ms / self.announced_ms if self.announced_ms else None

    @property
    def lost(self) -> float | None:
        """Share of speech that is lost."""
        return self.lost_ms / self.speech_ms if self.speech_ms else None


def overlap(call: ComposedCall, ivr: IvrResult, kind: SegmentKind) -> Overlap:
    """Compares the segments of one kind with the truth, channel by channel."""
    counted = Overlap()
    for channel in range(len(call.samples)):
        true = _spans(_on(call.truth, channel, kind))
        found = _spans(s for s in ivr.segments if s.kind == kind and s.channel in (None, channel))
        counted += Overlap(total_ms(true), total_ms(found), _shared_ms(true, found))
    return counted


def removed(call: ComposedCall, ivr: IvrResult) -> Removed:
    """Compares what recognition does not hear with what it should not hear.

    On a channel that is everything outside of `kept`; of a recording with several channels also a known
    prompt or music on that channel, which is silenced there while another channel is heard.
    """
    counted = Removed()
    for channel in range(len(call.samples)):
        gone = _gone(call, ivr, channel)
        speech = _spans(t for t in call.speech if t.channel == channel)
        known = _spans(t for t in _on(call.truth, channel, *_CUT_KINDS))
        announced = without(known, widened(speech, _BREATH_MS, call.duration_ms))
        counted += Removed(
            total_ms(announced), _shared_ms(announced, gone), total_ms(speech), _shared_ms(speech, gone)
        )
    return counted


def _gone(call: ComposedCall, ivr: IvrResult, channel: int) -> list[Span]:
    gone = without([Span(start_ms=0, end_ms=call.duration_ms)], ivr.kept)
    if len(call.samples) == 1:
        return gone
    return joined([*gone, *(s for s in ivr.segments if s.kind in _CUT_KINDS and s.channel == channel)])


def _on(truth: Sequence[Truth], channel: int, *kinds: SegmentKind) -> list[Truth]:
    return [t for t in truth if t.channel == channel and t.kind in kinds]


def _spans(those: Iterable[Truth | Segment]) -> list[Span]:
    return joined(Span(start_ms=one.start_ms, end_ms=one.end_ms) for one in those)


def _shared_ms(spans: Sequence[Span], others: Sequence[Span]) -> int:
    return total_ms(spans) - total_ms(without(spans, others))
