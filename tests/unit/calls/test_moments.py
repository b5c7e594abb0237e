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
        ),
        *("2026-320T09:12", "=NOW()", "#VALUE!", "0"),
    ],
)
def test_what_is_no_moment_is_none(text: str) -> None:
    assert read_moment(text, MADRID) is None


@pytest.mark.parametrize("text", ["03/04/2026 09:12", "3.4.2026 9:12", "12-11-2026 09:12", "03/04/05 09:12"])
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
