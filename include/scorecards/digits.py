"""Numbers as recognisers write what people say: `4111 1111`, `four one double one`, `cuarenta y uno once`."""

import re
import unicodedata
from dataclasses import dataclass


def _counted(words: str, first: int, step: int = 1) -> dict[str, int]:
    return {word: first + n * step for n, word in enumerate(words.split())}


_WORDS_EN = {
    **_counted("zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen", 0),
    **_counted("fifteen sixteen seventeen eighteen nineteen", 15),
    **_counted("twenty thirty forty fifty sixty seventy eighty ninety", 20, 10),
    "oh": 0,
}
_WORDS_ES = {
    **_counted("cero uno dos tres cuatro cinco seis siete ocho nueve diez once doce trece catorce quince", 0),
    **_counted("dieciseis diecisiete dieciocho diecinueve veinte veintiuno veintidos veintitres", 16),
    **_counted("veinticuatro veinticinco veintiseis veintisiete veintiocho veintinueve", 24),
    **_counted("treinta cuarenta cincuenta sesenta setenta ochenta noventa", 30, 10),
    **_counted("ciento doscientos trescientos cuatrocientos quinientos", 100, 100),
    **_counted("seiscientos setecientos ochocientos novecientos", 600, 100),
}
_NUMBER_WORDS: dict[str, int] = _WORDS_EN | _WORDS_ES
_REPEATS = {"double": 2, "triple": 3, "doble": 2}
# What people say between two groups of digits without leaving the number.
_FILLERS = {"uh", "um", "er", "eh", "and", "then", "dash", "y", "e", "luego", "guion", "este"}
_MAX_FILLERS = 2
_TOKEN = re.compile(r"\d+|[^\W\d_]+")


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
        """First character."""
        return self.places[0][0]

    @property
    def end(self) -> int:
        """One past the last character."""
        return self.places[-1][1]


@dataclass(frozen=True)
class _Token:
    text: str
    start: int
    end: int

    @property
    def value(self) -> int | None:
        return _NUMBER_WORDS.get(self.text)


def plain(text: str) -> str:
    """Lower case without accents; the same length as `text` only for text without ligatures."""
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return "".join(char for char in decomposed if not unicodedata.combining(char))


def digit_runs(text: str) -> list[DigitRun]:
    """Finds every run of digits in `text`, English and Spanish number words included."""
    tokens = [_Token(plain(m.group()), m.start(), m.end()) for m in _TOKEN.finditer(text)]
    runs: list[DigitRun] = []
    digits: list[str] = []
    places: list[tuple[int, int]] = []
    fillers = 0
    at = 0
    while at < len(tokens):
        said, used = _group(tokens, at)
        if said:
            place = (tokens[at].start, tokens[at + used - 1].end)
            digits.append(said)
            places.extend([place] * len(said))
            fillers = 0
        else:
            fillers += 1
            if digits and (tokens[at].text not in _FILLERS or fillers > _MAX_FILLERS):
                runs.append(DigitRun("".join(digits), tuple(places)))
                digits, places = [], []
        at += used
    if digits:
        runs.append(DigitRun("".join(digits), tuple(places)))
    return runs


def _group(tokens: list[_Token], at: int) -> tuple[str, int]:
    """The digits that begin at a token, and how many tokens say them; ("", 1) when it is not a number."""
    token = tokens[at]
    if token.text.isdecimal():
        return "".join(str(int(char)) for char in token.text), 1
    if token.text in _REPEATS:
        return _repeated(tokens, at)
    if token.value is None:
        return "", 1
    value, used = token.value, 1
    while (more := _addend(tokens, at + used, value)) is not None:
        value, used = value + more[0], used + more[1]
    return str(value), used


def _repeated(tokens: list[_Token], at: int) -> tuple[str, int]:
    """`double four` is 44."""
    if at + 1 < len(tokens):
        said, used = _group(tokens, at + 1)
        if len(said) == 1:
            return said * _REPEATS[tokens[at].text], used + 1
    return "", 1


def _addend(tokens: list[_Token], at: int, value: int) -> tuple[int, int] | None:
    """What the next words add to `value` in one number: `forty | one`, `cuarenta | y uno`."""
    room = 10 if value >= 20 and value % 100 and value % 10 == 0 else 100 if value and value % 100 == 0 else 0
    skip = 1 if room == 10 and at < len(tokens) and tokens[at].text == "y" else 0
    if room == 0 or at + skip >= len(tokens):
        return None
    following = tokens[at + skip].value
    return (following, skip + 1) if following is not None and 0 < following < room else None


def luhn_valid(digits: str) -> bool:
    """Luhn's check (ISO/IEC 7812-1, annex B)."""
    doubled = (int(d) * (1 + n % 2) for n, d in enumerate(reversed(digits)))
    return sum(d - 9 if d > 9 else d for d in doubled) % 10 == 0
