"""Days of a month in one form: "March 21st", "21st of March" and "the twenty-first of March"."""

import re
from collections.abc import Sequence
from typing import NamedTuple

from include.spoken.number_words import ORDINALS
from include.spoken.numbers import cardinal

_ENGLISH = ORDINALS["en"]
_MONTHS = frozenset(
    """
    january february march april may june july august september october november december
    """.split()  # noqa: SIM905 - a list of words
)
_MESES = frozenset(
    """
    enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre
    """.split()  # noqa: SIM905 - a list of words
)
_WRITTEN = re.compile(r"(\d+)(?:st|nd|rd|th)")
# "The first" is not "the one", nor "a second" two of them: these stay words.
_AS_WORDS = {value: word for word, value in _ENGLISH.items() if value <= 3}


class DayForm(NamedTuple):
    """A day or another ordinal as it is compared.

    Attributes:
        words: Each with whether a quote may begin, and end, with it.
        used: How many words said it.
    """

    words: list[tuple[str, bool, bool]]
    used: int


def day_forms(words: Sequence[str], at: int) -> DayForm | None:
    """The day of a month or the ordinal that begins at a folded word; None for none."""
    if _word(words, at) in _MONTHS:
        return _after_month(words, at)
    value, used, is_ordinal = _day(words, at)
    following = _word(words, at + used)
    if value and following in _MONTHS and (is_ordinal or following != "may"):
        month = [("of", True, True), (following, True, True)]
        return DayForm(_ordinal(value) + month, used + 1)
    if value and (following, _word(words, at + used + 1)) in {("of", month) for month in _MONTHS}:
        return DayForm(_ordinal(value), used)
    if value and is_ordinal:
        return DayForm(_ordinal(value), used)
    if words[at] == "primero" and _of_a_month(words, at + 1):
        return DayForm([("1", True, True)], 1)
    return None


def _of_a_month(words: Sequence[str], at: int) -> bool:
    """Whether "de marzo" or another month stands at a place."""
    return _word(words, at) == "de" and _word(words, at + 1) in _MESES


def _after_month(words: Sequence[str], at: int) -> DayForm | None:
    skipped = 2 if _word(words, at + 1) == "the" else 1
    value, used, is_ordinal = _day(words, at + skipped)
    if not (value and is_ordinal):
        return None
    if words[at] == "may" and skipped == 1 and words[at + 1] in _ENGLISH:
        return None  # "I may first ask for your name"
    said = [("the", True, True), *_ordinal(value), ("of", True, True), (words[at], True, True)]
    return DayForm(said, skipped + used)


def _day(words: Sequence[str], at: int) -> tuple[int, int, bool]:
    """The number at a place, how many words say it, and whether it is an ordinal; (0, 0, False) for none."""
    word, following = _word(words, at), _word(words, at + 1)
    if written := _WRITTEN.fullmatch(word):
        return int(written[1]), 1, True
    if word in _ENGLISH:
        return _ENGLISH[word], 1, True
    value = int(word) if word.isdecimal() and len(word) <= 2 else cardinal(word) or 0
    if value in range(20, 100, 10) and _ENGLISH.get(following, 10) < 10:
        return value + _ENGLISH[following], 2, True
    if value in (20, 30) and 0 < (unit := cardinal(following) or 0) < (10 if value == 20 else 2):
        return value + unit, 2, False
    return (value, 1, False) if 0 < value <= 31 else (0, 0, False)


def _ordinal(value: int) -> list[tuple[str, bool, bool]]:
    if value in _AS_WORDS:
        return [(_AS_WORDS[value], True, True)]
    digits = str(value)
    return [(digit, n == 0, n == len(digits) - 1) for n, digit in enumerate(digits)]


def _word(words: Sequence[str], at: int) -> str:
    return words[at] if at < len(words) else ""
