"""Texts as the words that are compared: folded, numbers as digits, contractions in full.

Where no spaces part words, each sign is one.
"""

import re
from collections.abc import Collection, Sequence
from typing import NamedTuple

from include.spoken.contractions import in_full
from include.spoken.days import day_forms
from include.spoken.folding import plain
from include.spoken.numbers import digits_at

# Thai, Lao, Burmese, Khmer, kana and Han are written without spaces between words.
UNSPACED = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
)
# Between digits, but for one that parts thousands; and how it is said.
_DECIMAL_MARK = re.compile(r"(?<=\d)[.,](?=\d)(?!(?<=\d[.,])\d{3}(?!\d))")
_POINTS = frozenset({"point", "coma", "comma", "punto"})
# Accents that stand by themselves, and the vowels of Arabic and Hebrew, are no end of a word.
_MARKS = "\u0300-\u036f\u0591-\u05c7\u0610-\u061a\u064b-\u065f\u0670\u06d6-\u06ed"
_WORD = re.compile(rf"[{UNSPACED}]|(?:[^\W{UNSPACED}][{_MARKS}]*)+")
_UNSPACED_SIGN = re.compile(f"[{UNSPACED}]")
# Sounds of somebody who thinks. "Er" and "um" are words in German and Portuguese.
_THINKING = frozenset({"uh", "uhm", "ehm", "erm"})
_THINKING_HERE = _THINKING | {"um", "er", "eh"}


class Said(NamedTuple):
    """One word in the form in which it is compared.

    Attributes:
        text: Folded; one digit where a number is said.
        first: Index of the first input word that says it.
        last: Index of the last one.
        begins: Whether it is not the inside of a number: "5" is not what "15" begins with.
        ends: Likewise at its end.
        joint: How a digit hangs on the one before it: `+` in one number, `.` behind a decimal mark. As
            "nineteen ninety-nine" may be 19.99 and 1999, only these two contradict each other.
    """

    text: str
    first: int
    last: int
    begins: bool = True
    ends: bool = True
    joint: str = ""


def bare_words(text: str) -> list[tuple[str, int, int]]:
    """The folded words of a text, each with start and end characters in it."""
    return [
        (word, match.start(), match.end())
        for match in _WORD.finditer(text)
        for word in _WORD.findall(plain(match.group()))
    ]


def decimals_of(text: str, words: Sequence[tuple[str, int, int]]) -> frozenset[int]:
    """Which bare words of a text are digits behind a decimal mark: "5" in "1.5", not "500" in "1,500"."""
    ends = {match.end() for match in _DECIMAL_MARK.finditer(text)}
    return frozenset(n for n, (_, start, _) in enumerate(words) if start in ends)


def compared(words: Sequence[str], decimals: Collection[int] = ()) -> list[Said]:
    """Folded words as they are compared.

    "Fifteen" and "15" are both `1 5`, "won't" is `will not`, "March 21st" and "the twenty-first of March"
    are `the 2 1 of march`, "one point five" is 1.5.

    Args:
        words: Bare.
        decimals: Which of them are digits behind a decimal mark.
    """
    found: list[Said] = []
    at = 0
    while at < len(words):
        after_digit = bool(found) and found[-1].text.isdecimal()
        said_point = after_digit and words[at] in _POINTS and bool(digits_at([*words, ""], at + 1)[0])
        at += said_point
        said = _said_at(words, at)
        if after_digit and (said_point or at in decimals):
            found[-1] = found[-1]._replace(ends=False)
            said[0] = said[0]._replace(begins=False, joint=".")
        found += said
        at = max(one.last for one in said) + 1
    return found


def thinking_sounds(language: str | None) -> frozenset[str]:
    """The words of a language (ISO 639-1; None when unknown) that say nothing: "uh", "um"."""
    return _THINKING_HERE if language in (None, "en", "es") else _THINKING


def _said_at(words: Sequence[str], at: int) -> list[Said]:
    """What is compared of the words from a place on that belong together."""
    if full := in_full(words, at):
        last = at + full.used - 1
        first, second = full.words
        return [Said(first, at, at, ends=second != "not"), Said(second, last, last)]
    if day := day_forms(words, at):
        last = at + day.used - 1
        return [Said(word, at, last, begins, ends) for word, begins, ends in day.words]
    digits, used = digits_at(words, at)
    return _digits(digits, at, at + used - 1) if digits else [Said(words[at], at, at)]


def _digits(digits: str, first: int, last: int) -> list[Said]:
    return [
        Said(one, first, last, n == 0, n == len(digits) - 1, "+" if n else "") for n, one in enumerate(digits)
    ]


def is_unspaced(word: str) -> bool:
    """Whether a word is a sign of a script without spaces."""
    return _UNSPACED_SIGN.match(word) is not None
