"""Checks quotes against a transcript: whose words they are, when they were said, how well they were heard.

A quote is judged by every turn that it touches. What cannot be found, or says something else than what was
said, is no evidence.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from enum import StrEnum
from itertools import groupby, pairwise

from pydantic import BaseModel, ConfigDict

from include.calls.transcript import Transcript, Turn
from include.scorecards.answers import speaker_label
from include.scorecards.matching import (
    Place,
    Stream,
    cuts_off_negation,
    long_enough,
    quoted_words,
    tells_a_place,
    tokens_of,
)
from include.spoken.meaning import negates

# Around an ellipsis, the parts of a quote lie within so many turns of their speaker.
ELLIPSIS_TURNS = 3
_ELLIPSIS = re.compile(r"\s*(?:\[\s*(?:\.{2,}|…)\s*\]|\(\s*(?:\.{2,}|…)\s*\)|(?:\.\s?){3,}|…)\s*")
# What models copy along with a line of the transcript.
_LINE_HEAD = re.compile(
    r"^\s*\[?\s*t\d+\s*\|[^\]]*\]\s*|^\s*(?:agent|customer|speaker_\d+)\s*:\s*", re.IGNORECASE
)
# A turn as models cite it: `t4`, `T04`, `turn 4`; a number by itself where nothing is marked so.
_TURN_ID = re.compile(r"\bt(?:urno?)?[\s_#.:-]*0*(\d+)\b", re.IGNORECASE)
_TURN_NUMBER = re.compile(r"(?<![\w:.])0*(\d+)(?![\w:.])")

IsAsked = Callable[[Turn], bool]


class EvidenceStatus(StrEnum):
    """How a quote stands in the transcript."""

    VERIFIED = "verified"
    FUZZY = "fuzzy"
    NOT_FOUND = "not_found"


class EvidenceSpan(BaseModel):
    """The part of a quote that one turn holds.

    Attributes:
        speaker: Speaker label of the turn.
        start_ms: In the original recording.
        end_ms: Likewise.
        confidence: The recogniser's mean word confidence over it; 0 where the turn is flagged as possibly
            invented, however sure the recogniser was.
    """

    model_config = ConfigDict(frozen=True)

    turn_id: str
    speaker: str
    start_ms: int
    end_ms: int
    confidence: float


class CheckedEvidence(BaseModel):
    """A quote, checked.

    Attributes:
        turn_id: The turn that the quote begins in; what the model cited, when it was not found.
        speaker: Who says all of it; None when several do, or nobody.
        start_ms: In the original recording; None when not found.
        end_ms: Likewise.
        confidence: Of the span that was heard worst; None when not found.
        spans: Every turn that the quote touches, in order.
        counts: Found, and all of it by the speaker and in the window that the criterion asks for.
        note: Why it does not count.
    """

    model_config = ConfigDict(frozen=True)

    quote: str
    status: EvidenceStatus
    turn_id: str | None
    speaker: str | None = None
    start_ms: int | None = None
    end_ms: int | None = None
    confidence: float | None = None
    spans: list[EvidenceSpan] = []
    counts: bool = False
    note: str = ""


def whole_turn(turn: Turn, quote: str) -> CheckedEvidence:
    """A turn as evidence for something that code found in it."""
    confidence = 0.0 if turn.flags else turn.confidence
    span = EvidenceSpan(
        turn_id=turn.id,
        speaker=speaker_label(turn),
        start_ms=turn.start_ms,
        end_ms=turn.end_ms,
        confidence=confidence,
    )
    return evidence_of(quote, EvidenceStatus.VERIFIED, [span])


def evidence_of(quote: str, status: EvidenceStatus, spans: Sequence[EvidenceSpan]) -> CheckedEvidence:
    """Evidence that was found in these spans; at least one."""
    speakers = {span.speaker for span in spans}
    return CheckedEvidence(
        quote=quote,
        status=status,
        turn_id=spans[0].turn_id,
        speaker=speakers.pop() if len(speakers) == 1 else None,
        start_ms=min(span.start_ms for span in spans),
        end_ms=max(span.end_ms for span in spans),
        confidence=min(span.confidence for span in spans),
        spans=list(spans),
        counts=True,
    )


class EvidenceChecker:
    """Looks quotes up in one transcript. Case, accents, punctuation and the writing of numbers do not matter.

    A quote is looked for in each speaker's words by themselves (so that "mm-hm" of the other side does not
    split it), then in the conversation as it ran.
    """

    def __init__(self, transcript: Transcript) -> None:
        self._turns = {turn.id: turn for turn in transcript.turns}
        self._number = {turn.id: n for n, turn in enumerate(transcript.turns)}
        tokens = {turn.id: tokens_of(turn) for turn in transcript.turns}
        voices = dict.fromkeys((turn.channel, turn.speaker) for turn in transcript.turns)
        by_voice = [[t for t in transcript.turns if (t.channel, t.speaker) == voice] for voice in voices]
        streams = [*by_voice, transcript.turns] if len(by_voice) > 1 else by_voice
        self._streams = [Stream([token for turn in turns for token in tokens[turn.id]]) for turns in streams]
        self._of_turn = {turn_id: Stream(own) for turn_id, own in tokens.items()}
        self._voices = self._streams[: len(by_voice)]

    def check(
        self, quote: str, cited_turn_id: str | None = None, is_asked: IsAsked | None = None
    ) -> CheckedEvidence:
        """Finds a quote; parts left out with "…" must stand in order, from one speaker, and hide no negation.

        Args:
            quote: As the model gave it.
            cited_turn_id: The turn that it gave; where a quote stands more than once, that place is taken.
            is_asked: Whether a turn is by the speaker that the criterion asks for; of several places without
                a cited one, the nearest by them is taken.
        """
        cited = self._cited(cited_turn_id)
        text = _LINE_HEAD.sub("", quote)
        whole = self._find(quoted_words(text), cited, is_asked)
        parts = [words for part in _ELLIPSIS.split(text) if (words := quoted_words(part))]
        note = "not found in the transcript"
        if whole is None and len(parts) > 1:
            whole, note = self._around_ellipses(parts, cited, is_asked)
        if whole is not None:
            status, place, stream = whole
            if not cuts_off_negation(stream.before(place), place):
                return evidence_of(quote, status, list(_spans(place)))
            note = "it leaves out the negation right before it"
        turn = self._turns.get(cited or "")
        return CheckedEvidence(
            quote=quote,
            status=EvidenceStatus.NOT_FOUND,
            turn_id=cited,
            speaker=speaker_label(turn) if turn else None,
            note=note,
        )

    def _cited(self, given: str | None) -> str | None:
        """The first turn that is cited and exists; what was given when none does."""
        text = given or ""
        named = [f"t{number}" for number in _TURN_ID.findall(text) or _TURN_NUMBER.findall(text)]
        return next((name for name in named if name in self._turns), given)

    def _find(
        self, words: Sequence[str], cited: str | None, is_asked: IsAsked | None
    ) -> tuple[EvidenceStatus, Place, Stream] | None:
        """Exactly before similarly; in the cited turn before elsewhere."""
        if not words:
            return None
        exact = [(place, stream) for stream in self._streams for place in stream.exact(words)]
        in_cited = [one for one in exact if any(token.turn.id == cited for token in one[0])]
        if not in_cited and is_asked is not None and not tells_a_place(words):
            in_cited = [one for one in exact if self._one_off(one[0], cited, is_asked)]
        if in_cited or (exact and tells_a_place(words)):
            place, stream = min(in_cited or exact, key=lambda one: self._distance(one[0], cited, is_asked))
            return EvidenceStatus.VERIFIED, place, stream
        return self._similar(words, cited) if long_enough(words) else None

    def _similar(
        self, words: Sequence[str], cited: str | None
    ) -> tuple[EvidenceStatus, Place, Stream] | None:
        own = [self._of_turn[cited]] if cited in self._of_turn else []
        for streams in (own, self._streams):
            found = [(*stream.similar(words), stream) for stream in streams]
            score, place, stream = max(found, key=lambda one: one[0], default=(0.0, [], None))
            if score and stream is not None:
                return EvidenceStatus.FUZZY, place, stream
        return None

    def _one_off(self, place: Place, cited: str | None, is_asked: IsAsked) -> bool:
        """Whether a place is in the turn before or after the cited one, by the speaker who is asked for."""
        if cited not in self._number or not all(is_asked(token.turn) for token in place):
            return False
        return abs(self._number[place[0].turn.id] - self._number[cited]) == 1

    def _distance(self, place: Place, cited: str | None, is_asked: IsAsked | None) -> tuple[bool, int]:
        """Of several places the least is taken: by who is asked for, then near the cited turn, then early."""
        asked = is_asked is None or all(is_asked(token.turn) for token in place)
        here = self._number[place[0].turn.id]
        return not asked, abs(here - self._number[cited]) if cited in self._number else here

    def _around_ellipses(
        self, parts: Sequence[Sequence[str]], cited: str | None, is_asked: IsAsked | None
    ) -> tuple[tuple[EvidenceStatus, Place, Stream] | None, str]:
        """Parts in the words of one speaker; the reason when they do not go together."""
        note = "not found in the transcript"
        for stream in sorted(self._voices, key=lambda one: not _has(one, cited)):
            found = self._in_order(stream, parts)
            if found is None:
                continue
            if all(_may_be_left_out(hidden) for hidden in found[1]):
                return (EvidenceStatus.VERIFIED, found[0], stream), ""
            note = "what it leaves out changes what is said"
        return None, note

    def _in_order(self, stream: Stream, parts: Sequence[Sequence[str]]) -> tuple[Place, list[Place]] | None:
        """The places of the parts that lie nearest together, as one, and what is hidden between them."""
        best: tuple[Place, list[Place]] | None = None
        for first in stream.exact(parts[0]):
            places: list[Place] = [first]
            for part in parts[1:]:
                following = next(
                    (p for p in stream.exact(part) if stream.hidden(places[-1], p) is not None), None
                )
                if following is None:
                    break
                places.append(following)
            if len(places) == len(parts):
                hidden = [stream.hidden(one, other) or [] for one, other in pairwise(places)]
                if best is None or sum(map(len, hidden)) < sum(map(len, best[1])):
                    best = [token for place in places for token in place], hidden
        return best


def _has(stream: Stream, turn_id: str | None) -> bool:
    return any(token.turn.id == turn_id for token in stream.tokens)


def _may_be_left_out(hidden: Place) -> bool:
    """A few turns' words without a negation."""
    turns = dict.fromkeys(token.turn.id for token in hidden)
    return len(turns) <= ELLIPSIS_TURNS and not negates([token.text for token in hidden])


def _spans(place: Place) -> Iterator[EvidenceSpan]:
    """The turns of a place, in order."""
    for _, group in groupby(place, key=lambda token: token.turn.id):
        tokens = list(group)
        turn = tokens[0].turn
        mean = sum(token.confidence for token in tokens) / len(tokens)
        yield EvidenceSpan(
            turn_id=turn.id,
            speaker=speaker_label(turn),
            start_ms=min(token.start_ms for token in tokens),
            end_ms=max(token.end_ms for token in tokens),
            confidence=0.0 if turn.flags else round(mean, 3),
        )
