"""Checks quotes against a transcript: whose words they are, when they were said, how well they were heard.

A quote is judged by every turn that it touches. What cannot be found, or says something else than what was
said, is no evidence.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from enum import StrEnum
from itertools import groupby, pairwise

from pydantic import BaseModel, ConfigDict

from include.calls.references import TurnReferences
from include.calls.transcript import Transcript, Turn
from include.scorecards.answers import speaker_label
from include.scorecards.clauses import (
    NEGATION_REACH_WORDS,
    PART_OF_THE_WORDS,
    is_negated_after,
    may_be_left_out,
    words_to_negation,
)
from include.scorecards.figures import are_other, in_words
from include.scorecards.matching import (
    Place,
    Stream,
    Token,
    long_enough,
    quoted_words,
    tells_a_place,
    tokens_of,
)
from include.spoken.words import thinking_sounds

_ELLIPSIS = re.compile(r"\s*(?:\[\s*(?:\.{2,}|…)\s*\]|\(\s*(?:\.{2,}|…)\s*\)|(?:\.\s?){3,}|…)\s*")
# What models copy along with a line of the transcript.
_LINE_HEAD = re.compile(
    r"^\s*\[\s*t\d+\b[^\]]*\]\s*"  # [t4 agent 95], and [t4 | agent | 1:35.0-1:38.2] of older versions
    r"|^\s*t\d+\s*\|[^\]]*\]\s*"
    r"|^\s*(?:t\d+\s+)?(?:agent|customer|speaker_\d+)(?:\s+\d+)?\s*:\s*",
    re.IGNORECASE,
)

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
        negated: A negation stands before it in its clause: "I am not saying that [you are a liar]".
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
    negated: bool = False
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
        self._references = TurnReferences(self._turns)
        self._number = {turn.id: n for n, turn in enumerate(transcript.turns)}
        self._sounds = thinking_sounds(transcript.language)
        tokens = {turn.id: tokens_of(turn, self._sounds) for turn in transcript.turns}
        voices = dict.fromkeys(turn.whose for turn in transcript.turns)
        by_voice = [[t for t in transcript.turns if t.whose == voice] for voice in voices]
        streams = [*by_voice, transcript.turns] if len(by_voice) > 1 else by_voice
        self._streams = [Stream([token for turn in turns for token in tokens[turn.id]]) for turns in streams]
        self._of_turn = {turn_id: Stream(own) for turn_id, own in tokens.items()}
        self._voices = dict(zip(voices, self._streams, strict=False))

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
        whole = self._find(quoted_words(text, self._sounds), cited, is_asked)
        whole = whole or self._find(quoted_words(in_words(text), self._sounds), cited, is_asked)
        parts = [words for part in _ELLIPSIS.split(text) if (words := quoted_words(part, self._sounds))]
        note = "not found in the transcript"
        if whole is None and len(parts) > 1:
            whole, note = self._around_ellipses(parts, cited, is_asked)
        if whole is not None:
            status, place = whole
            note = "it writes a figure that was not said" if are_other(text, place) else ""
            if self._is_cut_off(place):
                note = "it leaves out the negation beside it"
            if not note:
                found = evidence_of(quote, status, list(_spans(place)))
                return found.model_copy(update={"negated": self._words_to_negation(place) is not None})
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
        found, _ = self._references.looked_up([given or ""])
        return found[0] if found else given

    def _find(
        self, words: Sequence[str], cited: str | None, is_asked: IsAsked | None
    ) -> tuple[EvidenceStatus, Place] | None:
        """Exactly before similarly; in the cited turn before elsewhere."""
        if not words:
            return None
        exact = [place for stream in self._streams for place in stream.exact(words)]
        exact = [place for place in exact if not self._is_cut_off(place)] or exact
        in_cited = [place for place in exact if any(token.turn.id == cited for token in place)]
        if not in_cited and is_asked is not None and not tells_a_place(words):
            in_cited = [place for place in exact if self._one_off(place, cited, is_asked)]
        if in_cited or (exact and tells_a_place(words)):
            place = min(in_cited or exact, key=lambda one: self._distance(one, cited, is_asked))
            return EvidenceStatus.VERIFIED, place
        return self._similar(words, cited) if long_enough(words) else None

    def _words_to_negation(self, place: Place) -> int | None:
        before = self._voice(place[0]).before(place[0], NEGATION_REACH_WORDS)
        return words_to_negation(before, place)

    def _voice(self, token: Token) -> Stream:
        """All that the speaker of a word says."""
        return self._voices[token.turn.whose]

    def _is_cut_off(self, place: Place) -> bool:
        """Whether a negation that belongs to the words stands before or after them."""
        if is_negated_after(place, self._voice(place[-1]).after(place[-1], PART_OF_THE_WORDS)):
            return True
        return (self._words_to_negation(place) or PART_OF_THE_WORDS + 1) <= PART_OF_THE_WORDS

    def _similar(self, words: Sequence[str], cited: str | None) -> tuple[EvidenceStatus, Place] | None:
        own = [self._of_turn[cited]] if cited in self._of_turn else []
        for streams in (own, self._streams):
            found = [stream.similar(words) for stream in streams]
            score, place = max(found, key=lambda one: one[0], default=(0.0, []))
            if score:
                return EvidenceStatus.FUZZY, place
        return None

    def _one_off(self, place: Place, cited: str | None, is_asked: IsAsked) -> bool:
        """Whether a place is in the turn before or after the cited one, by the speaker who is asked for."""
        if cited not in self._number or not all(is_asked(token.turn) for token in place):
            return False
        return abs(self._number[place[0].turn.id] - self._number[cited]) == 1

    def _distance(self, place: Place, cited: str | None, is_asked: IsAsked | None) -> tuple[bool, int, bool]:
        """Of several places the least is taken: by who is asked for, near the cited turn, not negated."""
        asked = is_asked is None or all(is_asked(token.turn) for token in place)
        here = self._number[place[0].turn.id]
        away = abs(here - self._number[cited]) if cited in self._number else here
        return not asked, away, self._words_to_negation(place) is not None

    def _around_ellipses(
        self, parts: Sequence[Sequence[str]], cited: str | None, is_asked: IsAsked | None
    ) -> tuple[tuple[EvidenceStatus, Place] | None, str]:
        """Parts in the words of one speaker; the reason when they do not go together."""
        note = "not found in the transcript"
        for stream in sorted(self._voices.values(), key=lambda one: not _has(one, cited)):
            found = self._in_order(stream, parts)
            if found is None:
                continue
            if all(may_be_left_out(before, hidden) for before, hidden in found[1]):
                return (EvidenceStatus.VERIFIED, found[0]), ""
            note = "what it leaves out changes what is said"
        return None, note

    def _in_order(
        self, stream: Stream, parts: Sequence[Sequence[str]]
    ) -> tuple[Place, list[tuple[Token, Place]]] | None:
        """The places of the parts that lie nearest together, as one; what is hidden, and the token before."""
        best: tuple[int, Place, list[tuple[Token, Place]]] | None = None
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
                hidden = [(one[-1], stream.hidden(one, other) or []) for one, other in pairwise(places)]
                length = sum(len(left_out) for _, left_out in hidden)
                if best is None or length < best[0]:
                    best = length, [token for place in places for token in place], hidden
        return best and best[1:]


def _has(stream: Stream, turn_id: str | None) -> bool:
    return any(token.turn.id == turn_id for token in stream.tokens)


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
