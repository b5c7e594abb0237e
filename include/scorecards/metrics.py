"""What a scorecard needs computed, not judged: hold, dead air, talk share, interruptions, the hour."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field

from include.calls.call import ChannelRole
from include.calls.transcript import Transcript, Turn, TurnFlag
from include.gpu.wire import IvrResult, Segment, SegmentKind, Span

# Two pieces of hold music this close together are one hold: detectors drop out for moments.
HOLD_JOIN_MS = 3000
# Who begins this long before the other ends, with more than a word of assent, interrupts.
INTERRUPTION_OVERLAP_MS = 500
INTERRUPTION_MIN_WORDS = 3
# Where a recogniser wrote something, and nobody spoke.
_NOBODY_SPOKE = {TurnFlag.ON_SILENCE, TurnFlag.KNOWN_PHRASE}


class Announcement(BaseModel):
    """A prompt that was played, by the name that the IVR stage knows it by; ms of the original recording."""

    model_config = ConfigDict(frozen=True)

    name: str
    start_ms: int = Field(ge=0)
    end_ms: int = Field(ge=0)
    confidence: float = Field(ge=0, le=1)


class CallMetrics(BaseModel):
    """Figures of one call, in seconds of the original recording and shares in 0..1.

    "Conversation" runs from the agent's first turn (anybody's, when nobody is known to be the agent) to the
    end of the last turn: music in the queue is not a hold. It begins with people: where machines are not
    distinguished from them, with the customer's first turn. What nobody said is no speech; turns that were
    not understood are speech, and their words count for nothing.

    Attributes:
        conversation_s: Length of the conversation.
        hold_count: Holds inside the conversation.
        hold_s: Hold music inside the conversation, in all.
        longest_hold_s: The longest of them.
        dead_air_s: Silence inside the conversation that is not hold.
        longest_dead_air_s: The longest of them.
        agent_talk_share: Agent's speech ÷ all speech; None when roles are unknown or nobody speaks.
        customer_talk_share: Customer's speech ÷ all speech; None likewise.
        agent_interruptions: Times that the agent began at least 500 ms before the customer had ended, with at
            least three words.
        customer_interruptions: The same the other way round.
        agent_words_per_min: Over the agent's own speaking time; None when the agent says nothing.
        turns: Number of turns.
        local_hour: When the call began, by the site's clock: 13.5 is half past one; None when nobody knows.
            Calls out are bound to hours in many places, such as 8 to 21 (47 CFR 64.1200(c)(1)).
        direction: As the manifest says: inbound, outbound; for conditions.
        announcements: Prompts that the IVR stage found, in order.
        machines_told: Whether prompts were known, or would have been learned: else a turn may be a machine's,
            talk shares and speed are unknown, and holds and dead air may be less than they are here.
        people_from_ms: From when on the agent's side is surely a person's; None when it never is.
    """

    model_config = ConfigDict(frozen=True)

    conversation_s: float = Field(ge=0)
    hold_count: int = Field(ge=0)
    hold_s: float = Field(ge=0)
    longest_hold_s: float = Field(ge=0)
    dead_air_s: float = Field(ge=0)
    longest_dead_air_s: float = Field(ge=0)
    agent_talk_share: float | None
    customer_talk_share: float | None
    agent_interruptions: int = Field(ge=0)
    customer_interruptions: int = Field(ge=0)
    agent_words_per_min: float | None
    turns: int = Field(ge=0)
    local_hour: float | None = None
    direction: str | None = None
    announcements: list[Announcement] = []
    machines_told: bool = True
    people_from_ms: int | None = 0


def call_metrics(
    transcript: Transcript,
    ivr: IvrResult,
    *,
    started_at: datetime | None = None,
    timezone: str = "UTC",
    direction: str | None = None,
) -> CallMetrics:
    """Computes a call's figures from what was said and what the IVR stage found around it.

    Args:
        transcript: What was said.
        ivr: What was played.
        started_at: When the call began, with a time zone.
        timezone: Of the site.
        direction: From the manifest.
    """
    machines_known = _tells_machines(ivr)
    conversation = _conversation(transcript.turns, machines_told=machines_known)
    turns = [turn for turn in transcript.turns if not _NOBODY_SPOKE.intersection(turn.flags)]
    holds = held_spans(transcript, ivr)
    dead = [_without(span, holds) for span in _inside(ivr.segments, SegmentKind.DEAD_AIR, conversation)]
    return CallMetrics(
        conversation_s=_seconds([conversation]),
        hold_count=len(holds),
        hold_s=_seconds(holds),
        longest_hold_s=_longest(holds),
        dead_air_s=round(sum(dead) / 1000, 3),
        longest_dead_air_s=round(max(dead, default=0) / 1000, 3),
        agent_talk_share=_share(turns, ChannelRole.AGENT) if machines_known else None,
        customer_talk_share=_share(turns, ChannelRole.CUSTOMER) if machines_known else None,
        agent_interruptions=_interruptions(turns, ChannelRole.AGENT),
        customer_interruptions=_interruptions(turns, ChannelRole.CUSTOMER),
        agent_words_per_min=_words_per_min(turns, ChannelRole.AGENT) if machines_known else None,
        turns=len(transcript.turns),
        local_hour=_hour(started_at.astimezone(ZoneInfo(timezone))) if started_at else None,
        direction=direction and direction.strip().lower(),
        announcements=_announcements(ivr),
        machines_told=machines_known,
        people_from_ms=0 if machines_known else _customer_from_ms(transcript.turns),
    )


def _tells_machines(ivr: IvrResult) -> bool:
    """What a host does not say, and older results do not, stays as it was."""
    return ivr.library is None or ivr.library.tells_machines


def _customer_from_ms(turns: Sequence[Turn]) -> int | None:
    """When the customer is first heard, or a second voice where nobody knows who is who."""
    said = [turn for turn in turns if not turn.flags]
    roles_known = any(turn.speaker is ChannelRole.CUSTOMER for turn in said)
    others = (
        turn.start_ms
        for turn in said
        if (turn.speaker is ChannelRole.CUSTOMER if roles_known else turn.whose != said[0].whose)
    )
    return next(others, None)


def _hour(moment: datetime) -> float:
    return round(moment.hour + moment.minute / 60 + moment.second / 3600, 4)


def held_spans(transcript: Transcript, ivr: IvrResult) -> list[Span]:
    """The holds: hold music inside the conversation, pieces close together joined, in order."""
    holds: list[Span] = []
    conversation = _conversation(transcript.turns, machines_told=_tells_machines(ivr))
    music = _inside(ivr.segments, SegmentKind.HOLD_MUSIC, conversation)
    for span in sorted(music, key=lambda span: span.start_ms):
        if holds and span.start_ms - holds[-1].end_ms <= HOLD_JOIN_MS:
            end_ms = max(span.end_ms, holds[-1].end_ms)
            holds[-1] = Span(start_ms=holds[-1].start_ms, end_ms=end_ms)
        else:
            holds.append(span)
    return holds


def _announcements(ivr: IvrResult) -> list[Announcement]:
    prompts = [segment for segment in ivr.segments if segment.kind is SegmentKind.PROMPT]
    return [
        Announcement(name=p.label, start_ms=p.start_ms, end_ms=p.end_ms, confidence=p.confidence)
        for p in sorted(prompts, key=lambda prompt: prompt.start_ms)
    ]


def _conversation(turns: Sequence[Turn], *, machines_told: bool) -> Span:
    if not turns:
        return Span(start_ms=0, end_ms=0)
    # It begins and ends with people: what may never have been said, such as a word in the queue's music, is
    # not theirs.
    said = [turn for turn in turns if not turn.flags] or turns
    first = ChannelRole.AGENT if machines_told else ChannelRole.CUSTOMER
    begun = next((turn for turn in said if turn.speaker is first), said[0])
    return Span(start_ms=begun.start_ms, end_ms=max(turn.end_ms for turn in said))


def _inside(segments: Iterable[Segment], kind: SegmentKind, conversation: Span) -> list[Span]:
    """The parts of one kind of segment that lie in the conversation."""
    clipped = (
        (max(s.start_ms, conversation.start_ms), min(s.end_ms, conversation.end_ms))
        for s in segments
        if s.kind is kind
    )
    return [Span(start_ms=start, end_ms=end) for start, end in clipped if end > start]


def _without(span: Span, others: Iterable[Span]) -> int:
    """Length in ms of `span` outside the disjoint `others`."""
    overlaps = (min(span.end_ms, o.end_ms) - max(span.start_ms, o.start_ms) for o in others)
    return span.end_ms - span.start_ms - sum(overlap for overlap in overlaps if overlap > 0)


def _seconds(spans: Iterable[Span]) -> float:
    return round(sum(span.end_ms - span.start_ms for span in spans) / 1000, 3)


def _longest(spans: Iterable[Span]) -> float:
    return round(max((span.end_ms - span.start_ms for span in spans), default=0) / 1000, 3)


def _spoken_ms(turns: Iterable[Turn], role: ChannelRole | None = None) -> int:
    return sum(turn.end_ms - turn.start_ms for turn in turns if role is None or turn.speaker is role)


def _share(turns: Sequence[Turn], role: ChannelRole) -> float | None:
    known = any(turn.speaker is not ChannelRole.UNKNOWN for turn in turns)
    total_ms = _spoken_ms(turns)
    return round(_spoken_ms(turns, role) / total_ms, 3) if known and total_ms else None


def _interruptions(turns: Sequence[Turn], role: ChannelRole) -> int:
    """Counts turns of `role` that begin well inside a turn of the other side."""
    others = [t for t in turns if t.speaker not in (role, ChannelRole.UNKNOWN)]
    return sum(
        any(o.start_ms < turn.start_ms <= o.end_ms - INTERRUPTION_OVERLAP_MS for o in others)
        for turn in turns
        if turn.speaker is role and len(turn.text.split()) >= INTERRUPTION_MIN_WORDS and not turn.flags
    )


def _words_per_min(turns: Sequence[Turn], role: ChannelRole) -> float | None:
    understood = [turn for turn in turns if turn.speaker is role and not turn.flags]
    spoken_ms = _spoken_ms(understood)
    words = sum(len(turn.text.split()) for turn in understood)
    return round(words / (spoken_ms / 60_000), 1) if spoken_ms else None


# What metric criteria may ask for; conditions also for the direction.
_NO_FIGURES = {"announcements", "direction", "machines_told", "people_from_ms"}
FIGURES = tuple(name for name in CallMetrics.model_fields if name not in _NO_FIGURES)
