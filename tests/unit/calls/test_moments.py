"""Times as they are written all over the world; what may mean two days is not guessed."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from include.calls.moments import AmbiguousMoment, DateOrder, read_moment

MADRID = ZoneInfo("Europe/Madrid")
MOMENTS = st.datetimes(datetime(2001, 1, 1), datetime(2037, 12, 31))  # noqa: DTZ001 - hypothesis wants none
NINE_TWELVE = datetime(2026, 11, 16, 8, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-16T09:12:00+01:00",
        "2026-11-16T08:12:00Z",
        "2026-11-16 09:12",
        "2026-11-16  9:12:00.000",
        "2026-11-16T09:12:00",
        "20261116T091200",
        "20261116091200",
        "2026/11/16 9:12",
        "2026-11-16 09.12",
        "16/11/2026 9:12",
        "16/11/2026, 09:12:00",
        "16.11.2026 09:12",
        "16-11-2026 09:12",
        "11/16/2026 9:12 AM",
        "11/16/2026 9:12:00 a.m.",
        "16/11/2026 9:12 a.\u202fm.",
        "16-Nov-2026 09:12",
        "16 November 2026 09:12",
        "Nov 16, 2026 9:12 AM",
        "Mon, 16 Nov 2026 08:12:00 GMT",
        "lunes, 16 de noviembre de 2026 9:12",
        "2026-11-16 09:12 Europe/Madrid",
        "2026-11-16 08:12:00 UTC",
        "1794816720",
        "1794816720000",
        "46342,3833333333",
        "1794816720000000",
        "2026-11-16T08:12:00Z[UTC]",
        "2026-11-16T09:12:00+01:00[Europe/Madrid]",
        "2026-11-16 09:12 CET",
        "2026-11-16 10:12 CEST",
        "2026-11-16 03:12:00 EST",
        "16 de noviembre de 2026 a las 9:12",
        "16 de noviembre del 2026, 9:12 a. m.",
        "16 novembre 2026 à 9h12",
        "lundi 16 novembre 2026 09:12:00",
        "16. November 2026 09:12",
        "Montag, 16. November 2026 um 09:12 Uhr",
        "16.11.2026 09:12 Uhr",
        "16 novembre 2026 alle ore 09:12",
        "16 de novembro de 2026 às 09:12",
        "16 november 2026 om 09:12 uur",
        "16 ноября 2026 09:12",
        "16/Nov/2026:09:12:00 +0100",
        "Monday, November 16, 2026 at 9:12 AM",
        "Nov 16 2026 9:12:00:000AM",
        "Mon Nov 16 09:12:00 2026",
        "Mon Nov 16 09:12:00 CET 2026",
        "2026年11月16日 9:12",
        "9:12 16/11/2026",
        "09:12:00 16.11.2026",
    ],
)
def test_one_moment_in_many_ways(text: str) -> None:
    assert read_moment(text, MADRID) == NINE_TWELVE


@pytest.mark.parametrize(
    "text",
    [
        *("", "yesterday", "09:12", "2026-11-16", "16/11/2026", "46342", "17948"),
        *("2026-02-30 09:12", "25/13/2026 09:12", "2026-11-16 25:12", "2026-11-16 09:61", "13:12 PM"),
        *(
            "16/11/2026 13:12 PM",
            "2026-11-16 09:12 Mars/Base",
            "2026-11-16T09:12:00+99:00",
            "16 Foo 2026 9:12",
            "2026-11-16 09:12 CST",
            "5 jui 2026 9:12",
        ),
        *("2026-320T09:12", "=NOW()", "#VALUE!", "0"),
        # What stands for "none" in databases.
        *("0001-01-01T00:00:00", "0001-01-01T00:00:00+14:00", "1753-01-01 00:00:00", "01/01/0001 00:00:00"),
        *("9999-12-31 23:59:59", "9999-12-31T23:59:59-05:00", "9999999999999999"),
    ],
)
def test_what_is_no_moment_is_none(text: str) -> None:
    assert read_moment(text, MADRID) is None


@pytest.mark.parametrize(
    ("month", "names"),
    [
        (1, "January enero janvier Januar gennaio janeiro januari января"),
        (2, "February febrero février Februar febbraio fevereiro februari февраля"),
        (3, "March marzo mars März marzo março maart марта"),
        (4, "April abril avril April aprile abril april апреля"),
        (5, "May mayo mai Mai maggio maio mei мая май"),
        (6, "June junio juin Juni giugno junho juni июня"),
        (7, "July julio juillet Juli luglio julho juli июля"),
        (8, "August agosto août August agosto agosto augustus августа"),
        (9, "September septiembre setiembre septembre settembre setembro september сентября"),
        (10, "October octubre octobre Oktober ottobre outubro oktober октября"),
        (11, "November noviembre novembre November novembre novembro november ноября"),
        (12, "December diciembre décembre Dezember dicembre dezembro december декабря"),
    ],
)
def test_months_in_many_languages(month: int, names: str) -> None:
    for name in names.split():
        assert read_moment(f"5 {name} 2026 09:12", UTC) == datetime(2026, month, 5, 9, 12, tzinfo=UTC), name


def test_midnight_may_be_the_hour_nought_of_a_clock_of_twelve() -> None:
    assert read_moment("2026-11-16 00:12 AM", UTC) == datetime(2026, 11, 16, 0, 12, tzinfo=UTC)
    assert read_moment("2026-11-16 00:12 PM", UTC) is None


def test_the_order_tells_what_a_year_of_two_digits_means() -> None:
    assert read_moment("16-NOV-26 09.12.00 AM", MADRID, DateOrder.DAY_FIRST) == NINE_TWELVE


@pytest.mark.parametrize(
    "text", ["16-Nov-26 09:12", "03/04/2026 09:12", "3.4.2026 9:12", "12-11-2026 09:12", "03/04/05 09:12"]
)
def test_what_may_mean_several_days_is_not_guessed(text: str) -> None:
    with pytest.raises(AmbiguousMoment):
        read_moment(text, MADRID)


@given(
    moment=MOMENTS.map(lambda m: m.replace(microsecond=0)),
    order=st.sampled_from([DateOrder.DAY_FIRST, DateOrder.MONTH_FIRST]),
)
def test_dates_in_a_known_order_come_back(moment: datetime, order: DateOrder) -> None:
    written = {"DMY": "%d/%m/%Y %H:%M:%S", "MDY": "%m/%d/%Y %I:%M:%S %p"}[order]
    assert read_moment(f"{moment:{written}}", UTC, order) == moment.replace(tzinfo=UTC)


@given(moment=MOMENTS)
def test_without_an_order_only_what_is_certain_is_read(moment: datetime) -> None:
    text = f"{moment:%d/%m/%Y %H:%M}"
    if moment.day <= 12 and moment.day != moment.month:
        with pytest.raises(AmbiguousMoment) as raised:
            read_moment(text, UTC)
        assert moment.date() in {reading.date() for reading in raised.value.readings}
    else:
        read = read_moment(text, UTC)
        assert read and timedelta(0) <= moment.replace(tzinfo=UTC) - read < timedelta(minutes=1)
