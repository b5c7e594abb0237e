"""The digits of a turn as somebody reads them aloud, without those that count something."""

import re
from collections.abc import Iterable, Iterator, Sequence

from include.card_data.masks import MASK
from include.spoken.folding import folded, plain
from include.spoken.numbers import DigitRun

SENTENCE_ENDS = re.compile(r"[.?!;…]\s")
_WHICH_GROUP = re.compile(
    r"\b(?:(?:first|second|third|fourth|last|next|final|other) (?P<count>two|three|four|five|six|\d)"
    r"|(?:primer|segund|tercer|ultim|siguiente|cuart)\w* (?P<count_>dos|tres|cuatro|cinco|seis|\d))\b"
)
# "4 O O 1": the letter where a digit is meant.
_LETTER_O = re.compile(r"(?<=[0-9] )[oO](?= [0-9oO]\b)|(?<=[0-9])[oO](?=[0-9oO])|(?<=[0-9]0)[oO]\b")
# In a row; each is found beside the one before it.
_MOST_LETTERS = 3
# "150 euros", "64,20", "30 days" are no part of a number that is read aloud.
_CENTS = re.compile(r"\d{1,4}[.,]\d\d")
_MONEY_BEFORE = re.compile(r"[$€£]\s*$")
_UNITS = (
    r"percent|per cent|por ciento|dollars?|euros?|pounds?|quid|cents?|pence|dolares|libras|pesos|centimos"
    r"|(?:business |working )?days?|hours?|minutes?|seconds?|weeks?|months?|years?|dias?|horas?|minutos?"
    r"|segundos?|semanas?|mes|meses|anos?|megas?|megabits?|mega ?bytes?|gigas?|gigabytes?|kilos?|metros?"
    r"|miles?|kilometros?|o.?clock|a\.?m|p\.?m|times|veces|units?|unidades"
    r"|in the (?:queue|line)|(?:de|en) la cola"
)
_UNIT_AFTER = re.compile(rf"\s*(?:[%€$£]|(?:{_UNITS})\b)")


def sentence_start(text: str, at: int) -> int:
    """Where the sentence begins that a place is in."""
    return max((end.end() for end in SENTENCE_ENDS.finditer(text, 0, at)), default=0)


def read_aloud(text: str) -> str:
    """A text as long: masks and "the first four" hold no digits, and the letter O between digits is one."""
    text = MASK.sub(lambda mask: "x" * len(mask.group()), text)
    said = folded(text)
    for match in _WHICH_GROUP.finditer(said.text):
        start, end = said.span(*match.span("count" if match["count"] else "count_"))
        text = text[:start] + "x" * (end - start) + text[end:]
    for _ in range(_MOST_LETTERS):
        text = _LETTER_O.sub("0", text)
    return text


def parted(
    text: str, runs: Iterable[DigitRun], but: Sequence[tuple[int, int]]
) -> Iterator[tuple[str, tuple[tuple[int, int], ...]]]:
    """Digits and their places, parted where a sentence ends: what follows may be the same digits again.

    Args:
        text: Of a turn.
        runs: Its runs of digits.
        but: Start and end of what holds no digits: "the three digits on the back".
    """
    for run in runs:
        digits, places = "", list[tuple[int, int]]()
        for digit, (start, end) in zip(run.digits, run.places, strict=True):
            left_out = any(its_start <= start and end <= its_end for its_start, its_end in but)
            if digits and (left_out or SENTENCE_ENDS.search(text[places[-1][1] : start])):
                yield digits, tuple(places)
                digits, places = "", []
            if not left_out:
                digits += digit
                places.append((start, end))
        if digits:
            yield digits, tuple(places)


def is_quantity(text: str, start: int, end: int) -> bool:
    """Whether digits there count something: money, days, megabits."""
    is_amount = _MONEY_BEFORE.search(text[:start]) or _CENTS.fullmatch(text[start:end])
    return bool(is_amount or _UNIT_AFTER.match(plain(text[end : end + 30])))
