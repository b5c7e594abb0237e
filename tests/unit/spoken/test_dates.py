"""Dates as people say them and recognisers write them."""

import pytest

from include.spoken.dates import dates_in


def read(text: str) -> list[tuple[int | None, int | None, int | None, str]]:
    return [(date.day, date.month, date.year, text[date.start : date.end]) for date in dates_in(text)]


@pytest.mark.parametrize(
    ("said", "day", "month", "year"),
    [
        ("the 4th of March 1985", 4, 3, 1985),
        ("March the fourth, nineteen eighty five", 4, 3, 1985),
        ("March 4th, 1985", 4, 3, 1985),
        ("04/03/1985", 4, 3, 1985),
        ("4.3.85", 4, 3, 1985),
        ("1985-03-04", 4, 3, 1985),
        ("11/16/2026", 16, 11, 2026),
        ("the twenty-first of june twenty oh five", 21, 6, 2005),
        ("the third of the fourth eighty two", 3, 4, 1982),
        ("4 de marzo de 1985", 4, 3, 1985),
        ("cuatro de marzo del ochenta y cinco", 4, 3, 1985),
        ("cuatro del tres del ochenta y cinco", 4, 3, 1985),
        ("quince de marzo de dos mil veintiséis", 15, 3, 2026),
        ("primero de mayo de mil novecientos noventa", 1, 5, 1990),
        ("diez de mayo del nueve", 10, 5, 2009),
        ("4th of December", 4, 12, None),
        ("15 de marzo", 15, 3, None),
        ("January 2026", None, 1, 2026),
        ("noviembre de 2025", None, 11, 2025),
        ("11/2025", None, 11, 2025),
    ],
)
def test_a_date_is_read_however_it_is_said(said: str, day: int, month: int, year: int) -> None:
    ((*date, where),) = read(f"it is {said}, I think")
    assert date == [day, month, year]
    assert where == said.removeprefix("the ")


def test_a_number_after_a_date_is_no_part_of_it() -> None:
    assert read("from January 2026, 24 months") == [(None, 1, 2026, "January 2026")]
    assert read("March 26, 24 months") == [(26, 3, None, "March 26")]
    assert read("on March 4th 12345678") == [(4, 3, None, "March 4th")]
    assert read("the 5th, Nov 28 2024 and 2026-01-10") == [
        (28, 11, 2024, "Nov 28 2024"),
        (10, 1, 2026, "2026-01-10"),
    ]


@pytest.mark.parametrize(
    "said", ["January to March", "version 3.5.2", "you may call", "45/2026", "612 345 678", "32/13/2026", ""]
)
def test_what_is_no_date_is_none(said: str) -> None:
    assert read(said) == []


def test_only_a_date_with_day_month_and_year_is_whole() -> None:
    (whole,), (part,) = dates_in("4 March 1985"), dates_in("4 March")
    assert whole.is_whole and not part.is_whole
