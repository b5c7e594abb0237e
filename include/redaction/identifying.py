"""Runs of digits that may identify somebody: those of a turn that belong to no quantity."""

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence

from include.spoken.folding import plain
from include.spoken.numbers import DigitRun, Number, numbers_in, runs_of
from include.spoken.quantities import DOUBTFUL, quantities_in

_SORT_CODE = re.compile(r"\d{1,2}-\d{1,2}-\d{2}")
# "Once" is eleven in Spanish.
_ENGLISH_ONCE = re.compile(r" (?:i|you|it|the|we|they|a|more|again|per)\b")
_BESIDE_CHARS = 2


def identifying_runs(text: str, *, asked: bool = False) -> list[DigitRun]:
    """Runs of digits that belong to no quantity.

    Args:
        text: Of a turn.
        asked: Whether a number was asked for: then only what has a unit counts as a quantity.
    """
    counted = [
        (one.start, one.end)
        for one in quantities_in(text)
        if not (asked and (one.kind in DOUBTFUL or may_be_sort_code(text[one.start : one.end])))
    ]
    numbers = numbers_in(text)
    return runs_of(
        text, _outside(counted, [one for n, one in enumerate(numbers) if _is_said(text, numbers, n)])
    )


def may_be_sort_code(date: str) -> bool:
    """Whether what looks like a date is three groups of digits too: `20-12-67`."""
    return _SORT_CODE.fullmatch(date) is not None


def _outside(spans: Sequence[tuple[int, int]], numbers: Sequence[Number]) -> Iterator[Number]:
    """The numbers that touch none of the spans; both are in order."""
    starts = [start for start, _ in spans]
    for number in numbers:
        before = bisect_right(starts, number.end - 1) - 1
        if before < 0 or spans[before][1] <= number.start:
            yield number


def _is_said(text: str, numbers: Sequence[Number], n: int) -> bool:
    """Whether a number is one: an "oh" or an English "once" beside no other says no digit."""
    number = numbers[n]
    said = plain(text[number.start : number.end])
    if said == "once":
        return not _ENGLISH_ONCE.match(text, number.end)
    if said != "oh":
        return True
    gaps = [number.start - numbers[n - 1].end] if n else []
    gaps += [numbers[n + 1].start - number.end] if n + 1 < len(numbers) else []
    return any(gap <= _BESIDE_CHARS for gap in gaps)
