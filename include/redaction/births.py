"""Dates of birth: asked for or said at once, and wherever they are said again."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace

from include.redaction.dialogue import Dialogue, Region
from include.redaction.found import Found
from include.redaction.identifying import may_be_sort_code
from include.redaction.phrases import phrase
from include.spoken.dates import Date, as_date, dates_in, year_of
from include.spoken.folding import plain
from include.spoken.numbers import Number

_BIRTH = phrase(r"""
    birth(?: ?date|day)?s?|born|d\.? ?o\.? ?b
    naci(?:o|do|da|ste|mos|mientos?)?|cumple(?: ?anos)?
    naissances?|nee?|geburts(?:datum|tag)|geboren|geboortedatum|nascita|nat[oa]|nascimento|nascid[oa]|nasci
    рождения|родил(?:ся|ась)
""")
_FIRST_BIRTH_YEAR, _LAST_BIRTH_YEAR = 1905, 2026
# A whole date this long ago is somebody's birth, unless something else began then.
_LAST_OLD_YEAR = 2008
_BEGINNINGS = r"""
    since|from|started|opened|signed|dated|issued|founded|built|contract|customer|installed
    desde|firm\w+|contrato|emitid[oa]|fundad[oa]|apert\w+|alta|cliente|construid[oa]|matricul\w+|expedid[oa]
"""
_BEGINNING, _BEGAN = phrase(_BEGINNINGS), phrase(_BEGINNINGS, after=r"[^.?!]{0,25}$")
_SAID_WITHIN_CHARS = 45
_BEFORE_DATE = re.compile(r"\W*(?:the|el|on|on the)?\W*")
# "En el ochenta y cinco", "it was in eighty five".
_WORDS_OF_YEAR = 6


def birth_dates(dialogue: Dialogue) -> dict[int, list[Found]]:
    """Dates of birth, wherever in the call they are said again."""
    dates = [dates_in(text) for text in dialogue.texts]
    dates_with_years = [dates_in(text, year_after_comma=True) for text in dialogue.texts]
    born: dict[str, None] = {}
    found: dict[int, list[Found]] = {}
    for regions in dialogue.answers(_BIRTH):
        for turn, place in _birth_in(dialogue, regions, dates_with_years):
            found.setdefault(turn, []).append(place)
            born[place.identity] = None
    for n, text in enumerate(dialogue.texts):
        again = [date for date in dates_with_years[n] if _is_one_of(date, born, dialogue.folded[n].text)]
        if not _begins_something(dialogue, n):
            again += [date for date in dates[n] if _is_long_ago(text, date)]
        if again:
            found.setdefault(n, []).extend(map(_birth, again))
    return found


def _birth_in(
    dialogue: Dialogue, regions: list[Region], dates: list[list[Date]]
) -> Iterator[tuple[int, Found]]:
    for region in regions:
        candidates = [
            date for date in dates[region.turn] if region.start <= date.start and _may_be_birth(date)
        ]
        if candidates and (region.asked or candidates[0].start - region.start <= _SAID_WITHIN_CHARS):
            yield region.turn, _with_year_before(dialogue, region.turn, candidates[0])
            yield from _year_apart(dialogue, region.turn, candidates[0])
            return
        if place := _birth_in_numbers(dialogue, region):
            yield region.turn, place
            return


def _with_year_before(dialogue: Dialogue, turn: int, date: Date) -> Found:
    """As in "nineteen forty two, the eleventh of February"."""
    before = [number for number in dialogue.numbers(turn) if number.end <= date.start][-2:]
    between = plain(dialogue.texts[turn][before[-1].end : date.start]) if before else "-"
    said = year_of(before) if date.year is None and _BEFORE_DATE.fullmatch(between) else None
    if said is None or said[1] != len(before):
        return _birth(date)
    return Found(before[0].start, date.end, "DOB", _day_of(replace(date, year=said[0])))


def _may_be_birth(date: Date) -> bool:
    """Any year from then on: "twenty nine" may be 1929."""
    return date.year is None or date.year >= _FIRST_BIRTH_YEAR


def _birth(date: Date) -> Found:
    return Found(date.start, date.end, "DOB", _day_of(date))


def _day_of(date: Date) -> str:
    return f"{date.year or '?'}-{date.month or '?'}-{date.day or '?'}"


def _is_long_ago(text: str, date: Date) -> bool:
    old = date.is_whole and _FIRST_BIRTH_YEAR <= (date.year or 0) <= _LAST_OLD_YEAR
    return (
        old
        and not may_be_sort_code(text[date.start : date.end])
        and not _BEGAN.search(plain(text[max(0, date.start - 60) : date.start]))
    )


def _is_one_of(date: Date, born: Iterable[str], text: str) -> bool:
    """Whether it is a known date of birth; without the year only where a birth is spoken of."""
    if date.year is None and _BIRTH.search(text):
        return any(_day_of(date).removeprefix("?") == day[4:] for day in born)
    return _day_of(date) in born


def _begins_something(dialogue: Dialogue, turn: int) -> bool:
    """Whether the turn before asks when a contract or the like began."""
    return turn > 0 and bool(_BEGINNING.search(dialogue.folded[turn - 1].text))


def _year_apart(dialogue: Dialogue, turn: int, date: Date) -> Iterator[tuple[int, Found]]:
    """The year, said in the speaker's next turn."""
    if date.year is None:
        for following in dialogue.following(turn, same_speaker=True, within=2):
            numbers = dialogue.numbers(following)
            if (said := year_of(numbers)) and numbers[0].start <= _SAID_WITHIN_CHARS:
                yield following, _span_of(numbers[: said[1]], str(said[0]))
            return


def _birth_in_numbers(dialogue: Dialogue, region: Region) -> Found | None:
    """`04 03 1985`, `zero four zero three eighty five`, or only a year, where a birth is asked for."""
    numbers = [number for number in dialogue.numbers(region.turn) if number.start >= region.start]
    if not numbers or (not region.asked and numbers[0].start - region.start > _SAID_WITHIN_CHARS):
        return None
    together = _adjoining(dialogue.texts[region.turn], numbers)
    if date := as_date(together, together[0].start, together[-1].end):
        return _birth(date)
    digits = "".join(number.digits for number in together)
    year = year_of(together)
    said_alone = region.asked and len(dialogue.texts[region.turn].split()) <= _WORDS_OF_YEAR
    if len(digits) == 2 and year and said_alone:
        return _span_of(together, digits)
    if len(digits) in range(4, 9) and (len(digits) > 4 or (year and year[0] <= _LAST_BIRTH_YEAR)):
        return _span_of(together, digits)
    return None


def _adjoining(text: str, numbers: list[Number]) -> list[Number]:
    together = numbers[:1]
    for number in numbers[1:]:
        between = text[together[-1].end : number.start]
        if any(char.isalpha() for char in re.sub(r"\b(?:of|the|de|del|y|and|slash|barra)\b", "", between)):
            break
        together.append(number)
    return together


def _span_of(numbers: list[Number], identity: str) -> Found:
    return Found(numbers[0].start, numbers[-1].end, "DOB", identity)
