"""What a player shows of a call: who speaks when, what was cut, what was not understood, what is silenced.

All times are ms of the original recording.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from include.calls.transcript import Transcript, Turn
from include.card_data.cues import speaks_of_payment
from include.gpu.wire import IvrResult, SegmentKind

Span = tuple[int, int]
# Around card data, so that no digit is heard because a word's time is a little off.
SILENCE_MARGIN_MS = 250
# What was not understood, so long after somebody has spoken of a payment card, may be its number.
_AFTER_PAYMENT_MS = 60_000


@dataclass(frozen=True)
class Lane:
    """A speaker on the player's canvas.

    Attributes:
        label: The role, or the voice or channel where it is unknown.
        channel: 0-based channel of the recording.
        spans: When they speak; of a channel that is one person's alone, None: all of it is theirs.
    """

    label: str
    channel: int
    spans: Sequence[Span] | None


@dataclass(frozen=True)
class Cut:
    """A stretch that is no conversation, and what it is."""

    start_ms: int
    end_ms: int
    what: str


@dataclass(frozen=True)
class Hearing:
    """What a player needs besides the sound.

    Attributes:
        duration_ms: 0 when nobody could tell.
        cuts: What later stages never heard.
        silenced: Where card data was said or keyed, or may have been said; None when nobody has listened, so
            that nobody knows.
    """

    duration_ms: int
    lanes: Sequence[Lane]
    cuts: Sequence[Cut]
    silenced: Sequence[Span] | None


def hearing_of(transcript: Transcript | None, ivr: IvrResult | None, duration_s: float | None) -> Hearing:
    """Puts it together from what STT and IVR found."""
    duration_ms = round(1000 * (ivr.audio_s if ivr else duration_s or 0))
    return Hearing(
        duration_ms=duration_ms,
        lanes=_lanes(transcript) if transcript else [],
        cuts=_cuts(ivr, duration_ms) if ivr else [],
        silenced=silenced(transcript, ivr),
    )


def silenced(transcript: Transcript | None, ivr: IvrResult | None) -> Sequence[Span] | None:
    """Where a listening copy is silent; None when it is not known where card data is said."""
    if transcript is None or ivr is None:
        return None
    said = [(mark.start_ms, mark.end_ms) for turn in transcript.turns for mark in turn.card_data]
    # Each key's tone tells its digit, whatever is keyed.
    keyed = [(one.start_ms, one.end_ms) for one in ivr.segments if one.kind is SegmentKind.DTMF]
    spans = [*said, *keyed, *_doubtful(transcript)]
    return merged((start - SILENCE_MARGIN_MS, end + SILENCE_MARGIN_MS) for start, end in spans)


def _doubtful(transcript: Transcript) -> list[Span]:
    """What was not understood, or not surely, while somebody may have been reading a card number out."""
    gaps = [(gap.start_ms, gap.end_ms) for gap in transcript.gaps]
    flagged = [(turn.start_ms, turn.end_ms) for turn in transcript.turns if turn.flags]
    payments = [(turn.start_ms, turn.end_ms) for turn in transcript.turns if _is_of_payment(turn)]
    return [
        (start, end)
        for start, end in [*gaps, *flagged]
        if any(begun < end and start - ended <= _AFTER_PAYMENT_MS for begun, ended in payments)
    ]


def _is_of_payment(turn: Turn) -> bool:
    return bool(turn.card_data) or speaks_of_payment(turn.text)


def merged(spans: Iterable[Span]) -> list[Span]:
    """The same stretches in order, those that touch as one; nothing before 0."""
    found: list[Span] = []
    for start, end in sorted((max(0, start), end) for start, end in spans):
        if found and start <= found[-1][1]:
            found[-1] = (found[-1][0], max(end, found[-1][1]))
        else:
            found.append((start, end))
    return found


def _lanes(transcript: Transcript) -> list[Lane]:
    speakers = dict.fromkeys((turn.channel, turn.label) for turn in transcript.turns)
    on_channel: dict[int, int] = {}
    for channel, _ in speakers:
        on_channel[channel] = on_channel.get(channel, 0) + 1
    return [
        Lane(label, channel, None if on_channel[channel] == 1 else _spans(transcript, channel, label))
        for channel, label in sorted(speakers)
    ]


def _spans(transcript: Transcript, channel: int, label: str) -> list[Span]:
    own = (turn for turn in transcript.turns if (turn.channel, turn.label) == (channel, label))
    return merged((turn.start_ms, turn.end_ms) for turn in own)


def _cuts(ivr: IvrResult, duration_ms: int) -> list[Cut]:
    """What lies between the kept spans, named by what takes most of it."""
    edges = [0, *(edge for span in ivr.kept for edge in (span.start_ms, span.end_ms)), duration_ms]
    between = zip(edges[::2], edges[1::2], strict=True)
    return [Cut(start, end, _what(ivr, start, end)) for start, end in between if end > start]


def _what(ivr: IvrResult, start_ms: int, end_ms: int) -> str:
    overlaps = [(min(end_ms, one.end_ms) - max(start_ms, one.start_ms), one) for one in ivr.segments]
    length, most = max(overlaps, key=lambda found: found[0], default=(0, None))
    if most is None or length <= 0:
        return "cut"
    return most.kind.replace("_", " ") + (f": {most.label}" if most.kind is SegmentKind.PROMPT else "")
