"""Digits that a recogniser wrote as words that sound alike: `for tea to ate`, `won too three`.

Only where hardly anything else is said: in a turn of digits, or in the answer to who asked for a card's
number or code.
"""

import re
from collections.abc import Iterator, Sequence

from include.spoken.folding import plain
from include.spoken.numbers import Number

_SAID = {
    **dict.fromkeys(("oh", "owe", "o", "sero"), "0"),
    **dict.fromkeys(("won", "wan"), "1"),
    **dict.fromkeys(("to", "too", "tu"), "2"),
    **dict.fromkeys(("tree", "free", "thee"), "3"),
    **dict.fromkeys(("for", "fore", "fur", "catre"), "4"),
    **dict.fromkeys(("fife", "hive", "sinco", "sink"), "5"),
    **dict.fromkeys(("sicks", "sick", "sex", "ceis", "sis"), "6"),
    **dict.fromkeys(("siette", "cette", "set"), "7"),
    **dict.fromkeys(("ate", "aid", "hate"), "8"),
    **dict.fromkeys(("nein", "niner", "nuebe", "nun"), "9"),
}
# One, where it is all that is said; elsewhere an article.
_ONE = frozenset({"un", "une", "een"})
_SAID |= dict.fromkeys(_ONE, "1")
# Before "tea" and "tee".
_TENS = {
    **{"for": "4", "four": "4", "fore": "4", "fif": "5", "thir": "3", "twen": "2", "six": "6", "sicks": "6"},
    **{"seven": "7", "ate": "8", "eight": "8", "nine": "9"},
}
_TEN = frozenset({"tea", "tee"})
_BESIDE = frozenset(
    {"uh", "um", "er", "eh", "and", "then", "okay", "ok", "y", "euh", "so", "it", "s", "is", "yes"}
)
_WORD = re.compile(r"\d+|[^\W\d_]+")
# In the answer to who asked, a row of so many; anywhere, so many of which most are digits.
_LEAST_ASKED, _LEAST_ANYWHERE = 4, 7


def may_sound_alike(text: str) -> bool:
    """Whether a turn holds such a word at all, and hardly any other."""
    words = _WORD.findall(plain(text))
    return any(word in _SAID or word in _TEN for word in words)


def with_sound_alikes(text: str, numbers: Sequence[Number], *, asked: bool) -> list[Number]:
    """The numbers of a turn, with those that only sound so.

    Args:
        text: Of the turn.
        numbers: That are written.
        asked: Whether a card's number or code was asked for not long before.
    """
    found = list(numbers)
    for row in _rows(text, numbers):
        alike = [number for number in row if number not in numbers]
        true = len(row) - len(alike)
        alone = not _others(text, row) and (len(row) >= 2 or plain(text[row[0].start : row[0].end]) in _ONE)
        if (asked and (alone or (true and len(row) >= _LEAST_ASKED))) or (
            len(row) >= _LEAST_ANYWHERE and true > len(alike)
        ):
            found = [number for number in found if not _within(number, alike)] + alike
    return sorted(found, key=lambda number: number.start)


def _rows(text: str, numbers: Sequence[Number]) -> Iterator[list[Number]]:
    """Digits, written or sounding so, with nothing but sounds between them."""
    row: list[Number] = []
    for number in _candidates(text, numbers):
        between = _WORD.findall(plain(text[row[-1].end : number.start])) if row else []
        if row and not _BESIDE.issuperset(between):
            yield row
            row = []
        row.append(number)
    if row:
        yield row


def _candidates(text: str, numbers: Sequence[Number]) -> Iterator[Number]:
    words = list(_WORD.finditer(text))
    written = {number.start: number for number in numbers}
    at = 0
    while at < len(words):
        word = plain(words[at].group())
        following = plain(words[at + 1].group()) if at + 1 < len(words) else ""
        number = written.get(words[at].start())
        if word in _TENS and following in _TEN:
            unit = _unit(words, at + 2, written)
            end = words[at + 1 + bool(unit)].end()
            yield Number(_TENS[word] + (unit or "0"), words[at].start(), end)
            at += 2 + bool(unit)
        elif number:
            yield number
            at += sum(number.start <= one.start() < number.end for one in words)
        else:
            if word in _SAID:
                yield Number(_SAID[word], words[at].start(), words[at].end())
            at += 1


def _unit(words: Sequence[re.Match[str]], at: int, written: dict[int, Number]) -> str:
    """The digit behind a ten: "for tea [to]"."""
    if at >= len(words):
        return ""
    number = written.get(words[at].start())
    said = number.digits if number else _SAID.get(plain(words[at].group()), "")
    return said if len(said) == 1 and said != "0" else ""


def _others(text: str, row: Sequence[Number]) -> list[str]:
    """Words of a turn that are neither digits nor sounds."""
    around = _WORD.findall(plain(f"{text[: row[0].start]} {text[row[-1].end :]}"))
    return [word for word in around if word not in _BESIDE]


def _within(number: Number, others: Sequence[Number]) -> bool:
    return any(other.start <= number.start < other.end for other in others)
