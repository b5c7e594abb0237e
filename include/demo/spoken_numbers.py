"""Numbers that are spoken in words, as digits: `twenty three` and `23` are no recognition error."""

from collections.abc import Sequence
from itertools import pairwise


def _counted(words: str, first: int, step: int = 1) -> dict[str, int]:
    return {word: first + n * step for n, word in enumerate(words.split())}


_AMOUNTS: dict[str, dict[str, int]] = {
    "en": {
        **_counted("zero one two three four five six seven eight nine ten eleven twelve thirteen", 0),
        **_counted("fourteen fifteen sixteen seventeen eighteen nineteen", 14),
        **_counted("twenty thirty forty fifty sixty seventy eighty ninety", 20, 10),
        **_counted("first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth", 1),
        **_counted("thirteenth fourteenth fifteenth sixteenth seventeenth eighteenth nineteenth", 13),
        **_counted("twentieth thirtieth fortieth fiftieth sixtieth seventieth eightieth ninetieth", 20, 10),
        "hundred": 100,
        "thousand": 1000,
    },
    "es": {
        **_counted("cero uno dos tres cuatro cinco seis siete ocho nueve diez once doce trece catorce", 0),
        **_counted("quince dieciseis diecisiete dieciocho diecinueve veinte veintiuno veintidos", 15),
        **_counted("veintitres veinticuatro veinticinco veintiseis veintisiete veintiocho veintinueve", 23),
        **_counted("treinta cuarenta cincuenta sesenta setenta ochenta noventa", 30, 10),
        **_counted("ciento doscientos trescientos cuatrocientos quinientos seiscientos", 100, 100),
        **_counted("setecientos ochocientos novecientos", 700, 100),
        "veintiun": 21,
        "cien": 100,
        "mil": 1000,
    },
}
_JOINERS = {"en": "and", "es": "y"}


def digits_for_words(words: Sequence[str], language: str) -> list[str]:
    """Replaces numbers in words, and numbers in digits, by one token per digit.

    Numbers below a million; both ways of reading a year or an account aloud give the same tokens.

    Args:
        words: Lower-case, without accents and punctuation.
        language: ISO 639-1 code; words of another language than `en` and `es` stay as they are.

    Returns:
        `["call", "2", "3"]` for `["call", "twenty", "three"]` and for `["call", "23"]`.
    """
    amounts, joiner = _AMOUNTS.get(language, {}), _JOINERS.get(language)
    tokens: list[str] = []
    open_number = _Number()
    for word, following in pairwise([*words, ""]):
        amount = amounts.get(word)
        if amount is not None:
            if not open_number.takes(amount):
                tokens += open_number.closed()
            open_number.take(amount)
        elif not (word == joiner and open_number.takes(amounts.get(following, 0))):
            tokens += open_number.closed()
            tokens += list(word) if word.isdecimal() else [word]
    return tokens + open_number.closed()


class _Number:
    """A number while its words are heard."""

    def __init__(self) -> None:
        self._value: int | None = None
        self._last = 0

    def takes(self, amount: int) -> bool:
        """Whether the amount continues this number: `hundred` after `two`, `three` after `twenty`."""
        if self._value is None:
            return False
        if amount in (100, 1000) and 0 < self._last < 100:
            return True
        return 0 < amount < _room_after(self._last)

    def take(self, amount: int) -> None:
        if self._value is None:
            self._value = amount
        elif amount == 1000:
            self._value *= 1000
        elif amount == 100 and self._last < 100:
            self._value += 99 * self._last
        else:
            self._value += amount
        self._last = amount

    def closed(self) -> list[str]:
        """Its digits, if there is a number; the next one begins."""
        digits = [] if self._value is None else list(str(self._value))
        self._value, self._last = None, 0
        return digits


def _room_after(amount: int) -> int:
    """What is smaller than this may follow: 10 after 20, 100 after 300, nothing after 7."""
    for size in (1000, 100, 10):
        if amount and amount % size == 0 and amount != 10:
            return size
    return 0
