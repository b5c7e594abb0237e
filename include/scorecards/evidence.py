"""Finds quotes in a transcript: which turn, when, and how sure the recogniser was there."""

import re
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from pydantic import BaseModel, ConfigDict
from rapidfuzz import fuzz

from include.calls.transcript import Transcript, Turn
from include.scorecards.answers import speaker_label
from include.spoken.folding import plain

# Below this similarity (0..100, characters) a quote is another sentence. 88 lets one word in eight differ.
FUZZY_MIN_SIMILARITY = 88.0
# Shorter quotes resemble something by chance.
FUZZY_MIN_WORDS = 4
_WORD = re.compile(r"\w+")
_ELLIPSIS = re.compile(r"\s*(?:\.{3,}|…|\[\.\.\.\])\s*")
# A near match that drops or adds one of these says the opposite.
_NEGATIONS = frozenset(
    {"not", "no", "never", "t", "nt", "cannot", "without", "nunca", "sin", "ni", "tampoco", "jamas"}
)


class EvidenceStatus(StrEnum):
    """How a quote stands in the transcript."""

    VERIFIED = "verified"
    FUZZY = "fuzzy"
    NOT_FOUND = "not_found"


class CheckedEvidence(BaseModel):
    """A quote, checked.

    Attributes:
        turn_id: The turn that the quote begins in; what the model cited, when it was not found.
        speaker: Speaker label of that turn.
        start_ms: In the original recording; None when not found.
        end_ms: Likewise.
        confidence: The recogniser's mean word confidence over the quote; 0 where a turn of it is flagged as
            possibly invented, however sure the recogniser was; None when not found.
        counts: Found, and by the speaker and in the window that the criterion asks for.
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
    counts: bool = False
    note: str = ""


@dataclass(frozen=True)
class _Token:
    text: str
    turn: Turn
    start_ms: int
    end_ms: int
    confidence: float


class _Stream:
    """Tokens joined by single spaces, with the way back from a character to its token."""

    def __init__(self, tokens: Sequence[_Token]) -> None:
        self.tokens = tokens
        self.text = " ".join(token.text for token in tokens)
        self._starts: list[int] = []
        at = 0
        for token in tokens:
            self._starts.append(at)
            at += len(token.text) + 1

    def between(self, start: int, end: int) -> Sequence[_Token]:
        """The tokens that the characters start..end touch."""
        first = max(0, bisect_right(self._starts, start) - 1)
        return self.tokens[first : bisect_right(self._starts, max(start, end - 1))]

    def exact(self, words: str) -> list[Sequence[_Token]]:
        """Every place where these whole words stand."""
        places = re.finditer(rf"(?<!\S){re.escape(words)}(?!\S)", self.text)
        return [self.between(place.start(), place.end()) for place in places]

    def similar(self, words: str) -> tuple[float, Sequence[_Token]]:
        """The most similar place and its similarity, 0..100."""
        if len(words) > len(self.text):
            return 0.0, []
        best = fuzz.partial_ratio_alignment(words, self.text, score_cutoff=FUZZY_MIN_SIMILARITY)
        return (best.score, self.between(best.dest_start, best.dest_end)) if best else (0.0, [])


class EvidenceChecker:
    """Looks quotes up in one transcript. Case, accents and punctuation do not matter.

    A quote is looked for in each channel by itself (so that "mm-hm" of the other side does not split it),
    then in the conversation as it ran.
    """

    def __init__(self, transcript: Transcript) -> None:
        self._turns = {turn.id: turn for turn in transcript.turns}
        channels = dict.fromkeys(turn.channel for turn in transcript.turns)
        by_channel = [[t for t in transcript.turns if t.channel == channel] for channel in channels]
        streams = [*by_channel, transcript.turns] if len(by_channel) > 1 else by_channel
        self._streams = [_Stream([token for turn in turns for token in _tokens(turn)]) for turns in streams]

    def check(self, quote: str, cited_turn_id: str | None = None) -> CheckedEvidence:
        """Finds a quote; parts left out with "…" are looked for one by one, and all must be there."""
        parts = [words for part in _ELLIPSIS.split(quote) if (words := _normalised(part))]
        found = [self._find(part, cited_turn_id) for part in parts]
        if not parts or any(status is EvidenceStatus.NOT_FOUND for status, _ in found):
            turn = self._turns.get(cited_turn_id or "")
            return CheckedEvidence(
                quote=quote,
                status=EvidenceStatus.NOT_FOUND,
                turn_id=cited_turn_id,
                speaker=speaker_label(turn) if turn else None,
                note="not found in the transcript",
            )
        exact = all(status is EvidenceStatus.VERIFIED for status, _ in found)
        status = EvidenceStatus.VERIFIED if exact else EvidenceStatus.FUZZY
        return _checked(quote, status, [token for _, tokens in found for token in tokens])

    def _find(self, words: str, cited: str | None) -> tuple[EvidenceStatus, Sequence[_Token]]:
        """Exactly before similarly; in the cited turn before elsewhere."""
        exact = [place for stream in self._streams for place in stream.exact(words)]
        in_cited = [place for place in exact if any(token.turn.id == cited for token in place)]
        if in_cited or (exact and len(words.split()) > 1):
            return EvidenceStatus.VERIFIED, (in_cited or exact)[0]
        if len(words.split()) >= FUZZY_MIN_WORDS:
            _, best = max((stream.similar(words) for stream in self._streams), key=lambda hit: hit[0])
            if best and _says_the_same(words.split(), [token.text for token in best]):
                return EvidenceStatus.FUZZY, best
        return EvidenceStatus.NOT_FOUND, []


def _checked(quote: str, status: EvidenceStatus, tokens: Sequence[_Token]) -> CheckedEvidence:
    first = tokens[0].turn
    return CheckedEvidence(
        quote=quote,
        status=status,
        turn_id=first.id,
        speaker=speaker_label(first),
        start_ms=min(token.start_ms for token in tokens),
        end_ms=max(token.end_ms for token in tokens),
        confidence=_confidence(tokens),
        counts=True,
    )


def _confidence(tokens: Sequence[_Token]) -> float:
    if any(token.turn.flags for token in tokens):
        return 0.0
    return round(sum(token.confidence for token in tokens) / len(tokens), 3)


def _normalised(text: str) -> str:
    return " ".join(_WORD.findall(plain(text)))


def _says_the_same(quoted: Iterable[str], found: Iterable[str]) -> bool:
    """Negations and figures must agree, however similar the letters are."""

    def telling(words: Iterable[str]) -> list[str]:
        return sorted(word for word in words if word in _NEGATIONS or word[0].isdigit())

    return telling(quoted) == telling(found)


def _tokens(turn: Turn) -> list[_Token]:
    """The words of a turn with their times; without word times, spread evenly over the turn's characters."""
    if turn.words:
        return [
            _Token(text, turn, word.start_ms, word.end_ms, word.confidence)
            for word in turn.words
            for text in _WORD.findall(plain(word.text))
        ]
    spelled = plain(turn.text)
    per_char_ms = (turn.end_ms - turn.start_ms) / max(1, len(spelled))
    return [
        _Token(
            word.group(),
            turn,
            turn.start_ms + round(word.start() * per_char_ms),
            turn.start_ms + round(word.end() * per_char_ms),
            turn.confidence,
        )
        for word in _WORD.finditer(spelled)
    ]
