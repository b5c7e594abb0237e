"""Numbers that count or measure: dates, times, amounts, terms, speeds, … English and Spanish.

What tells `between 9:00 and 12:00` from somebody's phone number: a number that belongs to a quantity
identifies nobody. Figures and words are read alike.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from include.spoken.dates import dates_marked, year_of
from include.spoken.marking import Marked, marked
from include.spoken.numbers import Number, ordinal_words
from include.spoken.units import CURRENCY, CURRENCY_BEFORE, DAYTIME, DURATION, MEASURE, PERCENT


class QuantityKind(StrEnum):
    """The kinds of quantities."""

    DATE = "date"
    TIME = "time"
    AMOUNT = "amount"
    DURATION = "duration"
    MEASURE = "measure"
    PERCENTAGE = "percentage"
    ORDINAL = "ordinal"
    YEAR = "year"
    COUNT = "count"
    LIST = "list"
    LAW = "law"


# Without a unit, so that they could be a part of a number that somebody dictates too.
DOUBTFUL = frozenset({QuantityKind.ORDINAL, QuantityKind.YEAR, QuantityKind.COUNT, QuantityKind.LIST})


@dataclass(frozen=True)
class Quantity:
    """A quantity in a text.

    Attributes:
        kind: Of what.
        start: First character.
        end: One past the last.
    """

    kind: QuantityKind
    start: int
    end: int


def quantities_in(text: str) -> list[Quantity]:
    """Every quantity of a text in order; of two that overlap the one that begins first, or the longer."""
    said = marked(text)
    found = [Quantity(QuantityKind.DATE, date.start, date.end) for date in dates_marked(said)]
    for rule in _RULES:
        found += rule.found_in(said)
    kept: list[Quantity] = []
    for quantity in sorted(found, key=lambda one: (one.start, -one.end)):
        if not kept or quantity.start >= kept[-1].end:
            kept.append(quantity)
    return kept


# Lists have an end: a recogniser that repeats itself must not cost seconds.
# The next word is not glued to a number before it, the last not to one after it: "612 345 678 24 months".
_ALONE = r"(?<![#\w])(?<!# )(?<!#-)(?<!#[.,/:])"
_ENDS = r"(?![\w#]|[ -]#|[.,/:]#)"
# "1,299.99", "1.299,99", "99 point 5".
_ONE = r"#(?:[.,]#){0,4}(?: (?:point|punto|coma|con) #)?"
_AND = r"(?:,? (?:and|or|to|y|o|u|a|ni) |, | ?[-–/] ?)"
_THEN = (
    r"(?:,? (?:(?:and|y) )?(?:then|later|afterwards|now|finally|luego|despues|mas tarde|ahora|por ultimo) "
    r"(?:to |at |a |de )?)"
)
_LAW = (
    r"(?:directives?|regulations?|acts?|laws?|statute|decree|directivas?|reglamentos?|gdpr|rgpd|lopd|lssi"
    r"|ley(?:es)?(?: organica)?|(?:real )?decretos?(?:[ -]ley)?)"
)
_LAW_OF = r"(?: ?\(?(?:eu|ue|ce|ec|cee|eec|uk|no\.?|n\.?º|num\.?|number|numero)\)?){0,2}"
_CENTS = r"(?:,? (?:(?:and |con |y )?#(?= cent| pence)|con #|#)(?: (?:cents|pence|centimos|centavos))?)?"
_ORDINAL = f"(?:{'|'.join(sorted(ordinal_words()))})"
_PAST_ES = r"(?: (?:y|menos) (?:media|cuarto|pico|#)|[:.h]#| #)?"
_HOUR = rf"#(?:[:.h]#|{_PAST_ES}| o'? ?clock)?(?: ?{DAYTIME}| en punto| horas?| ?h)?"


@dataclass(frozen=True)
class _Rule:
    """A pattern on marked text; `q` is the quantity in it, and its numbers have to pass the check."""

    kind: QuantityKind
    pattern: re.Pattern[str]
    check: Callable[[Sequence[Number]], bool]

    def found_in(self, said: Marked) -> Iterator[Quantity]:
        for match in self.pattern.finditer(said.text):
            if self.check(said.numbers_of(match, "q")):
                yield Quantity(self.kind, *said.span(*match.span("q")))


def _any(_numbers: Sequence[Number]) -> bool:
    return True


def _sorted(numbers: Sequence[Number]) -> bool:
    """Whether they go up or down, as lists and ranges of quantities do and dictated groups do not."""
    values = [number.value for number in numbers]
    return values in (sorted(set(values)), sorted(set(values), reverse=True))


def _alike(numbers: Sequence[Number]) -> bool:
    """Whether they are of one size, as what was paid month by month is: "49, 51, 47 and 50 euros"."""
    values = [number.value for number in numbers]
    return 0 < max(values) <= 2 * min(values)


def _clock(numbers: Sequence[Number]) -> bool:
    """Hours, or hours and minutes, once or twice."""
    values = [number.value for number in numbers]
    return bool(values) and values[0] <= 24 and all(value <= 59 for value in values)


def _year(numbers: Sequence[Number]) -> bool:
    said = year_of(numbers)
    return said is not None and said[1] == len(numbers) and (len(numbers) > 1 or numbers[0].value >= 1900)


def _years(numbers: Sequence[Number]) -> bool:
    return all(1950 <= number.value <= 2060 and len(number.digits) == 4 for number in numbers)


def _decimal(numbers: Sequence[Number]) -> bool:
    return len(numbers[-1].digits) == 2 and numbers[-1].end - numbers[-1].start == 2


def _clocks(numbers: Sequence[Number]) -> bool:
    hours, minutes = numbers[::2], numbers[1::2]
    return all(one.value <= 24 for one in hours) and all(
        one.value % 5 == 0 and 10 <= one.value <= 55 for one in minutes
    )


def _tens(numbers: Sequence[Number]) -> bool:
    """As in "twenty-first"; in "503 555 first" the number is none of it."""
    return numbers[0].value in range(20, 100, 10)


def _of_hundred(numbers: Sequence[Number]) -> bool:
    return numbers[-1].value == 100  # "ciento" is a number too


def _thousands(numbers: Sequence[Number]) -> bool:
    """`25 thousand`, `1,250`, `1.500.000`; not `100000` or `612.345.678`, which may be anything."""
    first, *groups = numbers
    written = first.end - first.start == len(first.digits)
    if groups:
        grouped = len(first.digits) <= 3 and all(len(group.digits) == 3 for group in groups)
        return written and grouped and (len(groups) == 1 or groups[-1].value == 0)
    return not written and first.value >= 1000 and first.value % 1000 == 0


def _money(numbers: Sequence[Number]) -> bool:
    """`1,412.80`, `1.412,80`: thousands and cents, whatever they are of."""
    first, *groups, cents = numbers
    written = all(number.end - number.start == len(number.digits) for number in numbers)
    grouped = len(first.digits) <= 3 and all(len(group.digits) == 3 for group in groups)
    return written and grouped and bool(groups) and len(cents.digits) == 2


def _law(numbers: Sequence[Number]) -> bool:
    """`2016/679`, `1720/2007`, `95/46`: the year and a number of a law."""
    short = all(len(number.digits) <= 4 for number in numbers)
    return short and (_has_year(numbers) or len(numbers[0].digits) == 2)


def _has_year(numbers: Sequence[Number]) -> bool:
    return any(1900 <= number.value <= 2099 for number in numbers)


def _law_said(numbers: Sequence[Number]) -> bool:
    """As in "twenty sixteen, six seventy nine": it begins with the year."""
    return year_of(numbers) is not None and (numbers[0].value in (19, 20) or _has_year(numbers[:1]))


def _changes(numbers: Sequence[Number]) -> bool:
    """What something was, and what it then became."""
    return all(number.value < 10_000 for number in numbers) and _sorted(numbers)


def _offered(numbers: Sequence[Number]) -> bool:
    """Round numbers or small ones, as what is for sale has them: groups of a number are seldom all round."""
    return _sorted(numbers) and all(n.value % 10 == 0 or n.value < 100 for n in numbers)


def _hundreds(numbers: Sequence[Number]) -> bool:
    """As in "300 600 or 1000", of what was named before."""
    return _sorted(numbers) and all(number.value % 50 == 0 for number in numbers)


def _short_list(numbers: Sequence[Number]) -> bool:
    return len(numbers) > 2 and all(number.value < 1000 for number in numbers) and _sorted(numbers)


def _speeds(numbers: Sequence[Number]) -> bool:
    return all(number.value % 10 == 0 and 0 < number.value <= 10_000 for number in numbers)


def _rule(kind: QuantityKind, pattern: str, check: Callable[[Sequence[Number]], bool] = _any) -> _Rule:
    return _Rule(kind, re.compile(pattern if "(?P<q>" in pattern else f"(?P<q>{pattern})"), check)


def _with_unit(kind: QuantityKind, unit: str, after: str = "") -> Iterator[_Rule]:
    """`24 months`; and `12, 24 or 36 months`, `from 300 to 600 megabits`."""
    yield _rule(kind, rf"{_ONE}[ -]?(?:{unit}){after}")
    yield _rule(kind, rf"{_ALONE}(?P<q>#(?:{_AND}#){{1,20}}[ -]?(?:{unit}))", _sorted)
    yield _rule(kind, rf"{_ALONE}(?P<q>#(?:, #){{1,20}},? (?:and|or|y|o) #[ -]?(?:{unit}))", _alike)
    # Recognisers leave the commas out: "100 300 600 or 1000 megabits".
    yield _rule(kind, rf"{_ALONE}(?P<q>#(?: #){{1,20}}{_AND}#[ -]?(?:{unit}))", _offered)


_KIND = QuantityKind
_SPEED_WORD = (
    r"(?:fib(?:re|er|ra)|meg\w*|speed|velocidad|plan|tarifa|broadband|banda|internet|simetric\w*|up|down"
    r"|subida|bajada|download|upload)"
)
_UP_AND_DOWN = rf"{_ALONE}(?P<q>#(?: |/| by | por )#){_ENDS}"
_RULES = (
    _rule(
        _KIND.AMOUNT,
        rf"{CURRENCY_BEFORE} ?{_ONE}(?:{_AND}[€$£] ?{_ONE}){{0,20}}(?: ?(?:k|m|million|millones)\b)?",
    ),
    *_with_unit(_KIND.AMOUNT, CURRENCY, _CENTS),
    _rule(_KIND.AMOUNT, rf"{_ALONE}(?P<q>#(?:[.,]#){{2,4}}){_ENDS}", _money),
    *_with_unit(_KIND.DURATION, DURATION),
    *_with_unit(_KIND.MEASURE, MEASURE),
    *_with_unit(_KIND.PERCENTAGE, PERCENT),
    _rule(_KIND.PERCENTAGE, rf"{_ONE} por #(?![ -]?#)", _of_hundred),
    _rule(_KIND.TIME, rf"{_ALONE}(?P<q>#:#(?::#)?(?: ?{DAYTIME}| horas?\b| ?h\b)?)(?![:\w])", _clock),
    _rule(_KIND.TIME, rf"{_ALONE}(?P<q>#[ .:]#(?: ?{DAYTIME}| o'? ?clock| en punto))", _clock),
    _rule(_KIND.TIME, rf"(?P<q>#(?: ?{DAYTIME}| o'? ?clock| en punto))", _clock),
    _rule(_KIND.TIME, rf"\b(?P<q>(?:half|quarter) (?:past|to|after|till?) #(?: ?{DAYTIME})?)", _clock),
    _rule(_KIND.TIME, rf"{_ALONE}(?P<q># (?:minutes )?past #(?: ?{DAYTIME})?)"),
    _rule(
        _KIND.TIME,
        rf"\b(?:a|de|desde|hasta|para|son|entre|y|sobre|hacia) las (?P<q>#{_PAST_ES}(?: ?{DAYTIME}| horas?\b"
        rf"| en punto)?)(?![ -]?#)",
        _clock,
    ),
    _rule(
        _KIND.TIME,
        rf"\b(?:between|from|entre|de|desde)(?: las?)? (?P<q>{_HOUR}(?: (?:and|y|to|till?|until|a|hasta)"
        rf"(?: las?)? | ?[-–] ?){_HOUR}){_ENDS}",
        _clock,
    ),
    _rule(_KIND.TIME, rf"\b(?:at|by|until|till|before|after) (?P<q>#(?:[:. ]#)?){_ENDS}", _clock),
    _rule(_KIND.ORDINAL, rf"{_ALONE}(?P<q>#(?:st|nd|rd|th|º|ª))\b"),
    _rule(_KIND.ORDINAL, rf"\b(?P<q>{_ORDINAL})\b"),
    _rule(_KIND.ORDINAL, rf"{_ALONE}(?P<q>#[ -]{_ORDINAL})\b", _tens),
    _rule(
        _KIND.YEAR,
        rf"\b(?:in|since|of|for|from|until|year|en|desde|de|del|ano|hasta) (?P<q>#(?: #)?){_ENDS}",
        _year,
    ),
    _rule(_KIND.YEAR, rf"{_ALONE}(?P<q>#(?:{_AND}#| #){{1,20}}){_ENDS}", _years),
    _rule(_KIND.LAW, rf"\b{_LAW}{_LAW_OF} (?P<q>#(?: ?/ ?| slash | barra )#)(?![\w#]| ?#)", _law),
    _rule(_KIND.LAW, rf"\b{_LAW}{_LAW_OF} (?P<q>#(?:,? #){{1,3}}){_ENDS}", _law_said),
    _rule(_KIND.LAW, r"(?<![#\w/])(?P<q>#/#)/(?:eu|ue|ce|ec|cee|eec)\b", _law),
    _rule(_KIND.COUNT, rf"{_ALONE}(?P<q>#[.,]#){_ENDS}", _decimal),
    _rule(_KIND.LIST, rf"{_ALONE}(?P<q># #(?:, # #){{0,20}},? (?:or|o|u|and|y) # #){_ENDS}", _clocks),
    _rule(_KIND.MEASURE, rf"\b{_SPEED_WORD}\b[^#]{{0,20}}{_UP_AND_DOWN}", _speeds),
    _rule(_KIND.MEASURE, rf"{_UP_AND_DOWN}[^#]{{0,20}}\b{_SPEED_WORD}\b", _speeds),
    _rule(_KIND.COUNT, rf"{_ALONE}(?P<q>#(?:[.,]#){{0,4}}){_ENDS}", _thousands),
    _rule(
        _KIND.LIST,
        r"\b(?:was|were|went|paid|cost|charged|era|eran|estaba|pagaba|pague|costaba|cobraron|subio|bajo|fue)\b"
        rf"(?: \w+){{0,2}} (?P<q>#(?:{_THEN}#){{1,20}}){_ENDS}",
        _changes,
    ),
    _rule(_KIND.LIST, rf"{_ALONE}(?P<q>#(?:(?:{_THEN}|, )#){{2,20}}){_ENDS}", _short_list),
    _rule(_KIND.LIST, rf"{_ALONE}(?P<q>#(?: #){{1,20}},? (?:or|o|u|and|y) #){_ENDS}", _hundreds),
    _rule(
        _KIND.LIST,
        rf"{_ALONE}(?P<q>#(?:, #){{0,20}},? (?:or|o|u|and|y) #|#(?:, #){{2,20}}){_ENDS}",
        _short_list,
    ),
)
