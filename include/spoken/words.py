"""Texts as the words that are compared: folded, numbers as digits, signs where no spaces part words."""

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from include.spoken.folding import plain
from include.spoken.numbers import digits_at

# Thai, Lao, Burmese, Khmer, kana and Han are written without spaces between words.
UNSPACED = "฀-໿က-႟ក-៿぀-ヿ㐀-鿿豈-﫿\U00020000-\U0003ffff"
_WORD = re.compile(rf"[{UNSPACED}]|[^\W{UNSPACED}]+")
_UNSPACED_SIGN = re.compile(f"[{UNSPACED}]")


class Said(NamedTuple):
    """A word to compare.

    Attributes:
        text: Folded; one digit where a number is said.
        first: Index of the first input word that says it.
        last: Index of the last one.
        begins: Whether it is not the inside of a number: "5" is not what "15" begins with.
        ends: Likewise at its end.
    """

    text: str
    first: int
    last: int
    begins: bool = True
    ends: bool = True


def bare_words(text: str) -> list[tuple[str, int, int]]:
    """The folded words of a text, each with start and end characters in it."""
    return [
        (word, match.start(), match.end())
        for match in _WORD.finditer(text)
        for word in _WORD.findall(plain(match.group()))
    ]


def compared(words: Sequence[str]) -> Iterator[Said]:
    """Folded words as they are compared: "fifteen" and "15" are both `1 5`."""
    at = 0
    while at < len(words):
        digits, used = digits_at(words, at)
        last = at + used - 1
        if digits:
            for n, digit in enumerate(digits):
                yield Said(digit, at, last, n == 0, n == len(digits) - 1)
        else:
            yield Said(words[at], at, last)
        at += used


def is_unspaced(word: str) -> bool:
    """Whether a word is a sign of a script without spaces."""
    return _UNSPACED_SIGN.match(word) is not None
