"""Dates as people say them and recognisers write them, English and Spanish; months of six more.

`16/11/2026`, `the 4th of March 1985`, `March the fourth, nineteen eighty five`, `quince de marzo de 2026`,
`January 2026`. Which of day and month comes first in `04/03/1985` nobody can tell: the day, unless it cannot
be.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from include.spoken.marking import Marked, marked
from include.spoken.numbers import Number, ordinal, ordinal_words

_MONTHS = (
    "january jan enero janvier januar janner gennaio janeiro januari января",
    "february feb febrero fevrier februar febbraio fevereiro februari февраля",
    "march mar marzo mars marz maerz marco maart марта",
    "april apr abril avril aprile апреля",
    "may mayo mai maggio maio mei мая",
    "june jun junio juin juni giugno junho июня",
    "july jul julio juillet juli luglio julho июля",
    "august aug agosto aout augustus августа",
    "september sept sep septiembre setiembre septembre settembre setembro сентября",
    "october oct octubre octobre oktober ottobre outubro октября",
    "november nov noviembre novembre novembro ноября",
    "december dec diciembre decembre dezember dicembre dezembro декабря",
)
_MONTH_OF = {name: number for number, names in enumerate(_MONTHS, start=1) for name in names.split()}
_MONTH = rf"(?P<month>{'|'.join(sorted(_MONTH_OF, key=len, reverse=True))})\b\.?"
_ORDINAL = rf"(?:{'|'.join(sorted(ordinal_words(), key=len, reverse=True))})\b"
# "4", "4th", "fourth", "twenty first", "1.º".
_DAY = rf"(?P<day>#(?:st|nd|rd|th|o|º|ª|\.|er|te[rn]?)?(?:[ -]{_ORDINAL})?|{_ORDINAL})"
# "2026", "nineteen eighty five", "twenty oh five", "eighty-five".
_YEAR = r"(?P<year>#(?: #){0,2}|'#)"
_NUMBERED_MONTH = _DAY.replace("<day>", "<month>")
_WITH_YEAR = rf"(?:,? (?:(?:of|de|del|in)(?: (?:the|el|ano|year))*? )?{_YEAR})?"
_IN_WORDS = tuple(
    re.compile(rf"(?<!\w){pattern}")
    for pattern in (
        rf"{_DAY}(?: (?:of|de|del))?(?: (?:this|este|mes de))? {_MONTH}{_WITH_YEAR}",
        rf"{_MONTH} (?:the )?{_DAY}(?![\w:#]| ?[ap]\.?m\b){_WITH_YEAR}",
        rf"(?P<day>){_MONTH},?(?: (?:of|de|del))? {_YEAR}",
        rf"{_DAY} (?:of the|of(?= {_ORDINAL})|del?) {_NUMBERED_MONTH},?(?: (?:of|del?|in))?(?: ano)? {_YEAR}",
    )
)
_IN_FIGURES = re.compile(
    r"(?<![\w/.,#])#/#(?:/#)?(?![\w/]|[.,]#)|(?<![\w/.,-])#(?P<by>[.-])#(?P=by)#(?![\w/]|[.,-]#)"
)
_OF_YEAR = re.compile(r" del $")
# A year of two digits is of the last or of this century.
_CENTURY_FROM = 31


@dataclass(frozen=True)
class Date:
    """A date that somebody says or that was written, or a part of one.

    Attributes:
        day: 1 to 31; None in "March 2026".
        month: 1 to 12; None only for numbers that were read as a date because somebody asked for one.
        year: With its century; None when it is not said.
        start: First character.
        end: One past the last.
    """

    day: int | None
    month: int | None
    year: int | None
    start: int
    end: int

    @property
    def is_whole(self) -> bool:
        """Whether day, month and year are said."""
        return None not in (self.day, self.month, self.year)


def dates_in(text: str, *, year_after_comma: bool = False) -> list[Date]:
    """Every date of a text, in order.

    Args:
        text: What is said.
        year_after_comma: Whether two digits after a comma are the year, as where a date of birth is said:
            "second of July, ninety three". Elsewhere they may count what comes next: "March 26, 24 months".
    """
    return dates_marked(marked(text), year_after_comma=year_after_comma)


def dates_marked(text: Marked, *, year_after_comma: bool = False) -> list[Date]:
    """As `dates_in`, of a text whose numbers are marked."""
    kept: list[Date] = []
    found = [*_in_figures(text), *_in_words(text, year_after_comma)]
    for date in sorted(found, key=lambda date: (date.start, -date.end)):
        if not kept or date.start >= kept[-1].end:
            kept.append(date)
    return kept


def year_of(numbers: Sequence[Number]) -> tuple[int, int] | None:
    """The year that numbers begin with, and how many of them say it: `1985`, `19 85`, `20 0 5`, `85`."""
    values = [number.value for number in numbers]
    if not values:
        return None
    if 1900 <= values[0] <= 2099 and len(numbers[0].digits) == 4:
        return values[0], 1
    if values[0] in (19, 20) and len(values) > 1 and values[1] < 100:
        if values[1] == 0 and len(values) > 2 and values[2] < 10:
            return 100 * values[0] + values[2], 3
        return 100 * values[0] + values[1], 2
    if values[0] < 100 and len(numbers[0].digits) == 2:
        return values[0] + (1900 if values[0] >= _CENTURY_FROM else 2000), 1
    return None


def as_date(numbers: Sequence[Number], start: int, end: int) -> Date | None:
    """Day, month and year that three numbers or more are, in this order or as ISO 8601 writes them."""
    values = [number.value for number in numbers]
    if len(values) < 3:
        return None
    year = year_of(numbers[2:])
    if year and year[1] == len(values) - 2 and (ordered := _day_and_month(*values[:2])):
        return Date(*ordered, year[0], start, end)
    if len(values) == 3 and 1900 <= values[0] <= 2099 and values[1] <= 12 and 1 <= values[2] <= 31:
        return Date(values[2], values[1], values[0], start, end)
    return None


def _day_and_month(first: int, second: int) -> tuple[int, int] | None:
    if 1 <= first <= 31 and 1 <= second <= 12:
        return first, second
    return (second, first) if 1 <= first <= 12 and 1 <= second <= 31 else None


def _in_figures(text: Marked) -> Iterator[Date]:
    for match in _IN_FIGURES.finditer(text.text):
        numbers = text.numbers_of(match)
        span = text.span(*match.span())
        if any(number.end - number.start != len(number.digits) for number in numbers):
            continue  # said in words
        if len(numbers) == 3:
            if date := as_date(numbers, *span):
                yield date
        elif numbers[0].value <= 12 and 1900 <= numbers[1].value <= 2099:
            yield Date(None, numbers[0].value, numbers[1].value, *span)
        elif ordered := _day_and_month(numbers[0].value, numbers[1].value):
            yield Date(*ordered, None, *span)


def _in_words(text: Marked, year_after_comma: bool) -> Iterator[Date]:
    for pattern in _IN_WORDS:
        for match in pattern.finditer(text.text):
            if date := _read(text, match, year_after_comma):
                yield date


def _read(text: Marked, match: re.Match[str], year_after_comma: bool) -> Date | None:
    """The date of a match; it may be shorter: a number after the year is not part of it."""
    day = _day(text, match, "day")
    year, end = None, max(match.end("month"), match.end("day"))
    said = year_of(text.numbers_of(match, "year"))
    listed = not year_after_comma and match["year"] and "," in text.text[match.start() : match.start("year")]
    # "March 26, 24 months" has no year.
    if said and not (listed and said[1] == 1 and len(text.numbers_of(match, "year")[0].digits) == 2):
        year = said[0]
        end = [at for at in range(*match.span("year")) if at in text.numbers][said[1] - 1] + 1
    elif (
        match["year"] == "#"
        and match["month"] in _MONTH_OF
        and _OF_YEAR.search(text.text[: match.start("year")])
    ):
        # "Del nueve": of 2009.
        year, end = 2000 + text.numbers_of(match, "year")[0].value, match.end("year")
        year = year if year < 2010 else None
    month = _MONTH_OF.get(match["month"]) or _day(text, match, "month")
    if month is None or month > len(_MONTHS) or (day is None and (match["day"] or year is None)):
        return None
    if year is None and match["month"] not in _MONTH_OF:
        return None
    return Date(day, month, year, *text.span(match.start(), end))


def _day(text: Marked, match: re.Match[str], group: str) -> int | None:
    words = re.findall(_ORDINAL, match[group])
    day = sum(number.value for number in text.numbers_of(match, group))
    day += sum(ordinal(word) or 0 for word in words)
    return day if 1 <= day <= 31 else None
