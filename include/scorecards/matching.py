"""Finds the words of a quote in a stream of spoken words: exactly, or so nearly that they say the same."""

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rapidfuzz import fuzz
from rapidfuzz.distance import Levenshtein

from include.calls.transcript import Turn, Word
from include.spoken.meaning import is_opposite, negates, telling_words
from include.spoken.words import bare_words, compared, is_unspaced

# Below this similarity (0..100, characters) a quote is another sentence. 88 lets one word in eight differ.
FUZZY_MIN_SIMILARITY = 88.0
# Shorter quotes resemble something by chance; signs of a script without spaces count less than words.
FUZZY_MIN_WORDS = 4
FUZZY_MIN_SIGNS = 10
# Two words of this length that are less alike than this (0..100) are two words, not two spellings of one.
_CONTENT_WORD_CHARS = 4
_SAME_WORD_SIMILARITY = 60.0
_PUNCTUATION = re.compile(r"[.,;:!?…¿¡。，、？！—–]\s*$")


@dataclass(frozen=True)
class Token:
    """A word of a turn as it is compared, with its time in ms.

    Attributes:
        begins: Whether a quote may begin with it; the inside of a number may not.
        ends: Whether a quote may end with it.
        after_pause: Whether it begins the turn or follows a punctuation mark.
    """

    text: str
    turn: Turn
    start_ms: int
    end_ms: int
    confidence: float
    begins: bool
    ends: bool
    after_pause: bool


Place = Sequence[Token]


def tokens_of(turn: Turn) -> list[Token]:
    """The words of a turn with their times; without word times, spread evenly over the turn's characters."""
    heard = turn.words or _spread(turn)
    bare = [(text, word) for word in heard for text, _, _ in bare_words(word.text)]
    pauses = _pauses(heard)
    return [
        Token(
            said.text,
            turn,
            bare[said.first][1].start_ms,
            bare[said.last][1].end_ms,
            bare[said.first][1].confidence,
            said.begins,
            said.ends,
            pauses[id(bare[said.first][1])],
        )
        for said in compared([text for text, _ in bare])
    ]


def quoted_words(quote: str) -> list[str]:
    """The words of a quote as they are compared."""
    return [said.text for said in compared([text for text, _, _ in bare_words(quote)])]


def tells_a_place(words: Sequence[str]) -> bool:
    """Whether words say where they stand without a turn that is cited: "yes" stands everywhere."""
    return len(words) > (3 if is_unspaced(words[0]) else 1)


def long_enough(words: Sequence[str]) -> bool:
    """Whether so many words cannot resemble something by chance."""
    signs = sum(map(is_unspaced, words))
    return len(words) >= (FUZZY_MIN_SIGNS if signs > len(words) / 2 else FUZZY_MIN_WORDS)


class Stream:
    """Tokens joined by single spaces, with the way back from a character to its token."""

    def __init__(self, tokens: Sequence[Token]) -> None:
        self.tokens = tokens
        self._text = " ".join(token.text for token in tokens)
        self._starts: list[int] = []
        at = 0
        for token in tokens:
            self._starts.append(at)
            at += len(token.text) + 1

    def exact(self, words: Sequence[str]) -> Iterator[Place]:
        """Every place where these words stand, whole numbers only."""
        for found in re.finditer(rf"(?<!\S)(?={re.escape(' '.join(words))}(?!\S))", self._text):
            place = self._between(found.start(), found.start() + len(" ".join(words)))
            if place[0].begins and place[-1].ends:
                yield place

    def similar(self, words: Sequence[str]) -> tuple[float, Place]:
        """The most similar place that says the same, and its similarity, 0..100."""
        quote = " ".join(words)
        if len(quote) > len(self._text):
            return 0.0, []
        best = fuzz.partial_ratio_alignment(quote, self._text, score_cutoff=FUZZY_MIN_SIMILARITY)
        if best is None:
            return 0.0, []
        place = _trimmed(words, self._between(best.dest_start, best.dest_end))
        whole = place[0].begins and place[-1].ends
        same = whole and says_the_same(words, [token.text for token in place])
        return (best.score, place) if same else (0.0, [])

    def before(self, place: Place) -> Token | None:
        """The token right before a place."""
        at = next(n for n, token in enumerate(self.tokens) if token is place[0])
        return self.tokens[at - 1] if at else None

    def hidden(self, first: Place, second: Place) -> Place | None:
        """What stands between two places; None when the second does not follow the first."""
        end = next(n for n, token in enumerate(self.tokens) if token is first[-1]) + 1
        start = next((n for n, token in enumerate(self.tokens) if token is second[0]), -1)
        return self.tokens[end:start] if start >= end else None

    def _between(self, start: int, end: int) -> Place:
        """The tokens that the characters start..end touch."""
        first = max(0, bisect_right(self._starts, start) - 1)
        return self.tokens[first : bisect_right(self._starts, max(start, end - 1))]


def says_the_same(quoted: Sequence[str], found: Sequence[str]) -> bool:
    """Whether no figure, negation or indefinite word differs, and no word of weight is another one."""
    if telling_words(quoted) != telling_words(found):
        return False
    return all(
        fuzz.ratio(one, other) >= _SAME_WORD_SIMILARITY and not is_opposite(one, other)
        for one, other in _replaced(quoted, found)
        if min(len(one), len(other)) >= _CONTENT_WORD_CHARS
    )


def cuts_off_negation(before: Token | None, place: Place) -> bool:
    """Whether the word right before a place, in the same breath, negates it."""
    if before is None or before.turn is not place[0].turn or place[0].after_pause:
        return False
    return negates([before.text])


def _replaced(quoted: Sequence[str], found: Sequence[str]) -> Iterator[tuple[str, str]]:
    for change in Levenshtein.opcodes(quoted, found):
        if change.tag == "replace":
            ours = quoted[change.src_start : change.src_end]
            yield from zip(ours, found[change.dest_start : change.dest_end], strict=True)


def _trimmed(words: Sequence[str], place: Place) -> Place:
    """Without tokens at the edges that the quote does not have: the match touched only a part of them."""
    changes = Levenshtein.opcodes(words, [token.text for token in place])
    first = changes[0].dest_end if changes and changes[0].tag == "insert" else 0
    last = changes[-1].dest_start if changes and changes[-1].tag == "insert" else len(place)
    return place[first:last] or place


def _spread(turn: Turn) -> list[Word]:
    per_char_ms = (turn.end_ms - turn.start_ms) / max(1, len(turn.text))
    return [
        Word(
            text=match.group(),
            start_ms=turn.start_ms + round(match.start() * per_char_ms),
            end_ms=turn.start_ms + round(match.end() * per_char_ms),
            confidence=turn.confidence,
        )
        for match in re.finditer(r"\S+", turn.text)
    ]


def _pauses(words: Sequence[Word]) -> dict[int, bool]:
    """By identity of a word, whether it begins the turn or follows a punctuation mark."""
    pauses, pause = {}, True
    for word in words:
        pauses[id(word)] = pause
        pause = _PUNCTUATION.search(word.text) is not None
    return pauses
