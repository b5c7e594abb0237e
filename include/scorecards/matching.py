"""Finds the words of a quote in a stream of spoken words: exactly, or so nearly that they say the same."""

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass, replace
from typing import NamedTuple

from rapidfuzz import fuzz
from rapidfuzz.distance import Levenshtein

from include.calls.transcript import Turn, Word
from include.spoken.sameness import says_the_same
from include.spoken.words import Said, bare_words, compared, decimals_of, is_unspaced

# Below this similarity (0..100, characters) a quote is another sentence. 88 lets one word in eight differ.
FUZZY_MIN_SIMILARITY = 88.0
# Shorter quotes resemble something by chance; signs of a script without spaces count less than words.
FUZZY_MIN_WORDS = 4
FUZZY_MIN_SIGNS = 10
_CLOSING = re.compile(r"[.,;:!?…¿¡。，、？！—–]")
_ENDING = re.compile(r"[.!?…。？！]")


@dataclass(frozen=True)
class Token:
    """A word of a turn as it is compared, with its time in ms.

    Attributes:
        begins: Whether a quote may begin with it; the inside of a number may not.
        ends: Whether a quote may end with it.
        joint: How a digit hangs on the one before it (`include.spoken.words.Said`).
        closes: Whether a punctuation mark follows it.
        finishes: Whether one follows that ends a sentence.
    """

    text: str
    turn: Turn
    start_ms: int
    end_ms: int
    confidence: float
    begins: bool
    ends: bool
    closes: bool
    finishes: bool
    joint: str = ""


Place = Sequence[Token]


class _Bare(NamedTuple):
    """A bare word of what was heard; whether a mark follows it, and whether that ends the sentence.

    Attributes:
        decimal: Whether it stands behind a decimal mark.
    """

    text: str
    word: Word
    closes: bool
    finishes: bool
    decimal: bool = False


def tokens_of(turn: Turn, sounds: Set[str] = frozenset()) -> list[Token]:
    """The words of a turn with their times; without word times, spread evenly over the turn's characters.

    Args:
        turn: What somebody says in one go.
        sounds: Words that say nothing and are left out.
    """
    bare = _bare(turn.words or _spread(turn))
    decimals = {n for n, one in enumerate(bare) if one.decimal}
    said = compared([one.text for one in bare], decimals)
    return _without_sounds([_token(one, bare, turn) for one in said], sounds)


def _token(said: Said, bare: Sequence[_Bare], turn: Turn) -> Token:
    first, last = bare[said.first], bare[said.last]
    return Token(
        said.text,
        turn,
        first.word.start_ms,
        last.word.end_ms,
        first.word.confidence,
        said.begins,
        said.ends,
        last.closes,
        last.finishes,
        said.joint,
    )


def quoted_words(quote: str, sounds: Set[str] = frozenset()) -> list[str]:
    """The words of a quote as they are compared, without those that say nothing."""
    return [one.text for one in quoted(quote) if one.text not in sounds]


def quoted(quote: str) -> list[Said]:
    """A quote as it is compared, with what hangs together in it."""
    bare = bare_words(quote)
    return compared([text for text, _, _ in bare], decimals_of(quote, bare))


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
        self._at = {id(token): n for n, token in enumerate(tokens)}
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
        score, place = self._alike(" ".join(words))
        if not place:
            return 0.0, []
        place = _trimmed(words, place)
        whole = place[0].begins and place[-1].ends
        same = whole and says_the_same(words, [token.text for token in place])
        return (score, place) if same else (0.0, [])

    def _alike(self, quote: str) -> tuple[float, Place]:
        """The place whose letters are most alike; where the quote is longer than all there is, all of it."""
        if len(quote) > len(self._text):
            score = fuzz.ratio(quote, self._text, score_cutoff=FUZZY_MIN_SIMILARITY)
            return score, self.tokens if score else []
        best = fuzz.partial_ratio_alignment(quote, self._text, score_cutoff=FUZZY_MIN_SIMILARITY)
        return (best.score, self._between(best.dest_start, best.dest_end)) if best else (0.0, [])

    def before(self, token: Token, most: int) -> Place:
        """The tokens before one of them, so many at most."""
        at = self._at[id(token)]
        return self.tokens[max(0, at - most) : at]

    def after(self, token: Token, most: int) -> Place:
        """The tokens after one of them, so many at most."""
        at = self._at[id(token)] + 1
        return self.tokens[at : at + most]

    def hidden(self, first: Place, second: Place) -> Place | None:
        """What stands between two places; None when the second does not follow the first."""
        end, start = self._at[id(first[-1])] + 1, self._at[id(second[0])]
        return self.tokens[end:start] if start >= end else None

    def _between(self, start: int, end: int) -> Place:
        """The tokens that the characters start..end touch."""
        first = max(0, bisect_right(self._starts, start) - 1)
        return self.tokens[first : bisect_right(self._starts, max(start, end - 1))]


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


def _bare(heard: Sequence[Word]) -> list[_Bare]:
    """The bare words of what was heard; a comma between two digits closes nothing."""
    bare: list[_Bare] = []
    for word in heard:
        found = bare_words(word.text)
        decimals = decimals_of(word.text, found)
        if not found and bare and _CLOSING.search(word.text):  # a mark by itself
            bare[-1] = bare[-1]._replace(closes=True, finishes=_ENDING.search(word.text) is not None)
        ends = [start for _, start, _ in found[1:]] + [len(word.text)]
        for n, ((text, _, end), following) in enumerate(zip(found, ends, strict=False)):
            number = following < len(word.text) and text[-1:].isdigit() and word.text[following].isdigit()
            mark = "" if number else word.text[end:following]
            closes, finishes = _CLOSING.search(mark) is not None, _ENDING.search(mark) is not None
            bare.append(_Bare(text, word, closes, finishes, n in decimals))
    return bare


def _without_sounds(tokens: Sequence[Token], sounds: Set[str]) -> list[Token]:
    """Without "uh" and "um"; what a sentence ends with behind one, closes the word before it."""
    kept: list[Token] = []
    for token in tokens:
        if token.text not in sounds:
            kept.append(token)
        elif token.finishes and kept:
            kept[-1] = replace(kept[-1], closes=True, finishes=True)
    return kept
