"""What a model cannot hear, described in a few lines of the transcript: silence, announcements, bad hearing.

Only the recording and its figures speak here, nobody in the call. Which keys were pressed is left out: they
may be a PIN. What a model reads of an announcement is the name that its owner gave it.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from include.calls.transcript import Transcript, Turn, TurnFlag
from include.gpu.wire import IvrResult, Segment, SegmentKind
from include.scorecards.metrics import (
    HOLD_JOIN_MS,
    INTERRUPTION_MIN_WORDS,
    INTERRUPTION_OVERLAP_MS,
    CallMetrics,
    call_metrics,
)

# A pause in the conversation that is worth mentioning: holds and dead air show as such.
GAP_TOLD_MS = 8_000
# Words that were heard with less are no evidence by a scorecard's default.
BADLY_HEARD = 0.5
_TURNS_NAMED = 12
# Music while nobody waits for the agent is no hold: the figures tell which is.
_KINDS = {SegmentKind.PROMPT: "announcement", SegmentKind.HOLD_MUSIC: "music"}
_NAME_CHARS = 40


@dataclass(frozen=True)
class Circumstances:
    """Lines without their mark, by the turn that they stand before; `len(turns)` for those after the last."""

    lines: tuple[tuple[int, str], ...] = ()

    def before(self, turn: int) -> Iterator[str]:
        """The lines that stand before a turn, by its place."""
        return (f"-- {text} --" for place, text in self.lines if place == turn)

    @property
    def text(self) -> str:
        """All lines in one text, which is part of a request's identity."""
        return "\n".join(f"{place} {text}" for place, text in self.lines)


def circumstances_of(transcript: Transcript, ivr: IvrResult | None = None) -> Circumstances:
    """Collects the circumstances of a call.

    Args:
        transcript: The original.
        ivr: What the IVR stage cut; None where nobody knows.
    """
    turns = transcript.turns
    lines = [(0, text) for text in _figures(call_metrics(transcript, ivr))] if ivr and turns else []
    lines += _between(transcript, ivr.segments if ivr else [])
    lines += [(len(turns), text) for text in _hearing(turns)]
    return Circumstances(tuple(lines))


def _figures(metrics: CallMetrics) -> Iterator[str]:
    if not metrics.machines_told:
        yield "what is said on the agent's side before the customer speaks may be a machine's"
    parts = []
    if metrics.agent_talk_share is not None:
        parts.append(f"agent talks {metrics.agent_talk_share:.0%}")
    if metrics.hold_count:
        held = f"{metrics.hold_count} holds" if metrics.hold_count > 1 else "1 hold"
        parts.append(f"{held}, longest {metrics.longest_hold_s:.0f} s")
    if metrics.longest_dead_air_s * 1000 >= GAP_TOLD_MS:
        parts.append(f"longest dead air {metrics.longest_dead_air_s:.0f} s")
    if parts:
        yield "; ".join(parts)


def _between(transcript: Transcript, segments: Iterable[Segment]) -> Iterator[tuple[int, str]]:
    """One line for all that happens between two turns."""
    turns, remaining, missing = transcript.turns, _merged(segments), list(transcript.gaps)
    heard_until_ms = turns[0].start_ms if turns else 0
    for place in range(len(turns) + 1):
        turn = turns[place] if place < len(turns) else None
        here = [one for one in remaining if turn is None or one.start_ms < turn.start_ms]
        remaining = remaining[len(here) :]
        parts = list(_describe(here))
        gaps = [one for one in missing if turn is None or one.start_ms < turn.start_ms]
        missing = missing[len(gaps) :]
        parts += [f"speech not understood {seconds(gap.start_ms)}-{seconds(gap.end_ms)}" for gap in gaps]
        if turn and turn.start_ms - heard_until_ms >= GAP_TOLD_MS:
            parts.insert(0, f"{(turn.start_ms - heard_until_ms) / 1000:.0f} s without speech")
        if parts:
            yield place, "; ".join(parts)
        heard_until_ms = max(heard_until_ms, turn.end_ms if turn else 0)


def _merged(segments: Iterable[Segment]) -> list[Segment]:
    """In order; what is found in pieces, or on both channels, is one. Silence shows between the turns."""
    merged: list[Segment] = []
    for segment in sorted(segments, key=lambda one: (one.start_ms, one.end_ms)):
        if segment.kind is SegmentKind.DEAD_AIR:
            continue
        before = next((n for n, one in enumerate(merged) if _goes_on(one, segment)), None)
        if before is None:
            merged.append(segment)
        else:
            end_ms = max(merged[before].end_ms, segment.end_ms)
            merged[before] = merged[before].model_copy(update={"end_ms": end_ms})
    return merged


def _goes_on(one: Segment, other: Segment) -> bool:
    return _what(one) == _what(other) and other.start_ms - one.end_ms <= HOLD_JOIN_MS


def _what(segment: Segment) -> str:
    """What it is called; which keys were pressed is nobody's business."""
    if segment.kind is SegmentKind.DTMF:
        return "keys pressed"
    name = one_line(segment.label)[:_NAME_CHARS] if segment.kind is SegmentKind.PROMPT else ""
    return f"{_KINDS.get(segment.kind, segment.kind.value.replace('_', ' '))} {name}".strip()


def _describe(segments: Iterable[Segment]) -> Iterator[str]:
    """Each thing once, however often it was played: when it began first, and when it ended last."""
    by_name: dict[str, list[Segment]] = {}
    for segment in segments:
        by_name.setdefault(_what(segment), []).append(segment)
    for name, played in by_name.items():
        times = f", {len(played)} times" if len(played) > 1 else ""
        end_ms = max(one.end_ms for one in played)
        span = dict.fromkeys([seconds(played[0].start_ms), seconds(end_ms)])
        yield f"{name} {'-'.join(map(str, span))}{times}"


def _hearing(turns: Sequence[Turn]) -> Iterator[str]:
    other = [turn.id for turn in turns if TurnFlag.OTHER_LANGUAGE in turn.flags]
    doubtful = [turn.id for turn in turns if turn.flags and turn.id not in other]
    badly = [turn.id for turn in turns if turn.confidence < BADLY_HEARD and not turn.flags]
    for remark, ids in (
        ("perhaps never said", doubtful),
        ("spoken in another language than it is written in, perhaps translated", other),
        ("badly heard, words may be wrong", badly),
        ("begins while the other side still speaks", list(_over_others(turns))),
    ):
        if ids:
            more = f" and {len(ids) - _TURNS_NAMED} more" if len(ids) > _TURNS_NAMED else ""
            yield f"{remark}: {', '.join(map(one_line, ids[:_TURNS_NAMED]))}{more}"


def _over_others(turns: Sequence[Turn]) -> Iterator[str]:
    """Turns that begin well inside the other side's."""
    spoken_until: dict[tuple[int, str], int] = {}
    for turn in turns:
        voice = turn.whose
        other_ms = max((end for who, end in spoken_until.items() if who != voice), default=0)
        long_enough = len(turn.text.split()) >= INTERRUPTION_MIN_WORDS
        if long_enough and turn.start_ms <= other_ms - INTERRUPTION_OVERLAP_MS:
            yield turn.id
        spoken_until[voice] = max(spoken_until.get(voice, 0), turn.end_ms)


def seconds(ms: int) -> int:
    """Of the recording; whole ones: what hangs on less, code computes."""
    return ms // 1000


def one_line(text: str) -> str:
    """A text that can neither begin a line nor close the transcript's delimiter."""
    return " ".join(text.split()).replace("<", "‹").replace(">", "›")
