"""Numbers as recognisers write what people say: `4111 1111`, `four one double one`, `cuarenta y uno once`.

English and Spanish, and up to 999 the languages of `european_numbers`. Whoever needs a number reads it here.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache

from include.spoken.european_numbers import first_words, number_at
from include.spoken.folding import plain
from include.spoken.number_words import CARDINALS, ORDINALS

_JOINERS = {"en": "and", "es": "y"}
_REPEATS = {
    **{"double": 2, "triple": 3, "treble": 3, "quadruple": 4, "doble": 2, "doppio": 2, "duplo": 2},
    **{"doppel": 2, "dubbel": 2, "triplo": 3, "dreifach": 3, "doppia": 2},
}
_ALL_CARDINALS = {word: value for words in CARDINALS.values() for word, value in words.items()}
_ALL_ORDINALS = {word: value for words in ORDINALS.values() for word, value in words.items()}
# What people say between two groups of digits without leaving the number.
_FILLERS = frozenset(
    """
    uh um er eh and then dash hyphen space y e luego guion este et puis ensuite euh tiret und dann ah
    ahm poi allora depois entao dan и затем потом
    """.split()  # noqa: SIM905 - readable
)
_MAX_FILLERS = 2
_TOKEN = re.compile(r"\d+|[^\W\d_]+")
# A word or digits; or, without the group, where a sentence ends.
_TOKEN_OR_END = re.compile(rf"({_TOKEN.pattern})|[.?!;…]\s|,\s(?=mil(?![^\W\d_]))")
_BIG = (100, 1000)


@dataclass(frozen=True)
class Number:
    """One number, said or written in one go.

    Attributes:
        digits: As it would be keyed: `"205"` for "two hundred and five", `"44"` for "double four", `"007"`.
        start: First character that says it.
        end: One past the last.
    """

    digits: str
    start: int
    end: int

    @property
    def value(self) -> int:
        """The value of the number; None beyond 18 digits, which nobody counts to."""
        return int(self.digits) if len(self.digits) <= 18 else 10**18


@dataclass(frozen=True)
class DigitRun:
    """Digits spoken or written in one go.

    Attributes:
        digits: `"4111"`.
        places: For each digit the (start, end) of the characters that say it.
    """

    digits: str
    places: tuple[tuple[int, int], ...]

    @property
    def start(self) -> int:
        """Position of the first character."""
        return self.places[0][0]

    @property
    def end(self) -> int:
        """Position after the last character."""
        return self.places[-1][1]


def cardinal(word: str) -> int | None:
    """The value of a folded number word, English or Spanish; None when it is none."""
    return _ALL_CARDINALS.get(word)


def ordinal(word: str) -> int | None:
    """The value of a folded ordinal such as `fifth` or `primero`; None when it is none."""
    return _ALL_ORDINALS.get(word)


def ordinal_words() -> frozenset[str]:
    """Every folded ordinal that `ordinal` knows, for those who build a pattern of them."""
    return frozenset(_ALL_ORDINALS)


def numbers_in(text: str) -> list[Number]:
    """Every number of a text in order; "four one one" is three, "forty-one" is one."""
    fold = str.lower if text.isascii() else plain
    found: list[Number] = []
    for places in _in_sentences(text):
        found += _numbers_of(places, [fold(place.group()) for place in places])
    return found


def _in_sentences(text: str) -> Iterator[list[re.Match[str]]]:
    """The words of each sentence: a number does not go on in the next one."""
    places: list[re.Match[str]] = []
    for place in _TOKEN_OR_END.finditer(text):
        if place.lastindex:
            places.append(place)
        elif places:
            yield places
            places = []
    yield places


def _numbers_of(places: Sequence[re.Match[str]], words: Sequence[str]) -> list[Number]:
    """The numbers of a sentence: its words, and the same folded."""
    begins, found, ended = _beginnings(), list[Number](), 0
    # With most words of most turns no number begins.
    for at in [at for at, word in enumerate(words) if word in begins or word.isdecimal()]:
        if at < ended:
            continue
        digits, used = digits_at(words, at)
        ended = at + used
        if digits:
            found.append(Number(digits, places[at].start(), places[ended - 1].end()))
    return found


@cache
def _beginnings() -> frozenset[str]:
    """Every folded word with which a number may begin."""
    return frozenset({*_REPEATS, *_ALL_CARDINALS, *first_words()})


def digit_runs(text: str) -> list[DigitRun]:
    """Finds every run of digits in `text`: numbers with at most a filler or two between them."""
    return runs_of(text, numbers_in(text))


def runs_of(text: str, numbers: Iterable[Number]) -> list[DigitRun]:
    """As `digit_runs`, of some of the numbers of `text` only, in order."""
    runs: list[DigitRun] = []
    digits, places = "", list[tuple[int, int]]()
    for number in numbers:
        if places and not _only_fillers(text[places[-1][1] : number.start]):
            runs.append(DigitRun(digits, tuple(places)))
            digits, places = "", []
        digits += number.digits
        places += [(number.start, number.end)] * len(number.digits)
    return [*runs, DigitRun(digits, tuple(places))] if places else runs


def digits_for_words(words: Sequence[str], language: str) -> list[str]:
    """Replaces numbers in words, and numbers in digits, by one token per digit.

    Numbers below a million, ordinals too; both ways of reading a year or an account aloud give the same
    tokens.

    Args:
        words: Lower-case, without accents and punctuation.
        language: ISO 639-1 code; words of another language than `en` and `es` stay as they are.

    Returns:
        `["call", "2", "3"]` for `["call", "twenty", "three"]` and for `["call", "23"]`.
    """
    amounts, joiner = _amounts(language), _JOINERS.get(language)
    tokens: list[str] = []
    at = 0
    while at < len(words):
        if words[at] in amounts:
            value, used = _value(words, at, amounts, joiner)
            tokens += list(str(value))
            at += used
        else:
            tokens += list(words[at]) if words[at].isdecimal() else [words[at]]
            at += 1
    return tokens


@cache
def _amounts(language: str) -> dict[str, int]:
    both = CARDINALS.get(language, {}) | ORDINALS.get(language, {})
    return {word: value for word, value in both.items() if word != "oh"}


def _only_fillers(between: str) -> bool:
    words = [plain(word) for word in _TOKEN.findall(between)]
    return len(words) <= _MAX_FILLERS and all(word in _FILLERS for word in words)


def digits_at(words: Sequence[str], at: int) -> tuple[str, int]:
    """The digits that begin at a folded word, and how many words say them; ("", 1) when it is no number."""
    own, other = _digits_at(words, at), number_at(words, at)
    # "Quatre-vingt-six" is longer than anything that English or Spanish makes of it.
    return other if other[0] and (not own[0] or other[1] > own[1]) else own


def _digits_at(words: Sequence[str], at: int) -> tuple[str, int]:
    """As `digits_at`, English and Spanish alone."""
    word = words[at]
    if word in _REPEATS:
        goes_on = at + 1 < len(words) and words[at + 1] not in _REPEATS
        said, used = digits_at(words, at + 1) if goes_on else ("", 0)
        return (said * _REPEATS[word], used + 1) if len(said) == 1 else ("", 1)
    if word.isdecimal():
        following = _ALL_CARDINALS.get(words[at + 1]) if at + 1 < len(words) else None
        if following == 1000 and len(word) <= 3:
            return str(int(word) * 1000), 2
        return "".join(str(int(char)) for char in word), 1
    if word not in _ALL_CARDINALS:
        return "", 1
    value, used = _value(words, at, _ALL_CARDINALS, None)
    return str(value), used


def _value(words: Sequence[str], at: int, amounts: dict[str, int], joiner: str | None) -> tuple[int, int]:
    """The number that begins at a word, and how many words say it.

    Args:
        words: Folded.
        at: The first one; it is an amount.
        amounts: Word to value.
        joiner: The language's "and" inside a number; None for any.
    """
    number = _Counting(amounts[words[at]])
    joiners = {joiner} if joiner else set(_JOINERS.values())
    used = 1
    while at + used < len(words):
        word = words[at + used]
        following = _after(words, at + used, amounts)
        if following in _BIG and words[at + used + 1] in CARDINALS["en"] and number.has_counted(following):
            break  # "four thousand six hundred and forty, nine thousand …": another number begins
        if (amount := amounts.get(word)) is not None and number.takes(amount) and not number.lacks_y(word):
            number.take(amount)
            used += 1
        elif word in joiners and following not in _BIG and number.takes(following):
            number.take(following)
            used += 2
        else:
            break
    return number.value, used


def _after(words: Sequence[str], at: int, amounts: dict[str, int]) -> int:
    """The amount that follows a word; 0 for none. Behind a Spanish "y", "un" is one: "treinta y un mil"."""
    if at + 1 >= len(words):
        return 0
    return 1 if words[at] == "y" and words[at + 1] in ("un", "una") else amounts.get(words[at + 1], 0)


class _Counting:
    """A number while its words are heard."""

    def __init__(self, amount: int) -> None:
        self.value = self._last = amount

    def has_counted(self, size: int) -> bool:
        """Whether its hundreds, or thousands, were said already."""
        before = self.value - (self._last if self._last < size else 0)
        return before % (10 * size) >= size

    def lacks_y(self, word: str) -> bool:
        """Whether a Spanish unit stands by itself: 81 is "ochenta y uno", "ochenta uno" is 80 and 1."""
        return word in CARDINALS["es"] and 20 <= self._last <= 90

    def takes(self, amount: int) -> bool:
        """Whether the amount continues this number: `hundred` after `two`, `three` after `twenty`."""
        if amount in _BIG and 0 < self._last < 100 and not self.has_counted(amount):
            return True
        if amount == 1000 and 0 < self.value < 1000 and self._last >= 100:
            return True
        return 0 < amount < _room_after(self._last)

    def take(self, amount: int) -> None:
        """Goes on counting with an amount that `takes` allows."""
        if amount == 1000:
            self.value *= 1000
        elif amount == 100 and self._last < 100:
            self.value += 99 * (self.value % 100)
        else:
            self.value += amount
        self._last = amount


def _room_after(amount: int) -> int:
    """What is smaller than this may follow: 10 after 20, 100 after 300, nothing after 7."""
    for size in (1000, 100, 10):
        if amount and amount % size == 0 and amount != 10:
            return size
    return 0


def spelled(digits: str, language: str) -> Iterator[str]:
    """The word of each digit, as somebody reads a number aloud; for corpora made by rule."""
    words = {value: word for word, value in reversed(CARDINALS[language].items()) if 0 <= value <= 9}
    yield from (words[int(digit)] for digit in digits)
