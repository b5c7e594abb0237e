"""Times are told by the site's clock, whose zone stands beside each."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st

from include import site_time


@pytest.mark.parametrize(
    ("timezone", "shown"),
    [
        ("UTC", "2026-11-26 23:30 UTC"),
        ("Europe/Berlin", "2026-11-27 00:30 CET"),
        ("America/Bogota", "2026-11-26 18:30 UTC-5"),
        ("Asia/Kathmandu", "2026-11-27 05:15 UTC+5:45"),
    ],
)
def test_a_moment_is_the_site_s_and_names_its_zone(timezone: str, shown: str) -> None:
    assert site_time.moment(datetime(2026, 11, 26, 23, 30, tzinfo=UTC), timezone) == shown


def test_the_hour_that_comes_twice_is_told_apart() -> None:
    first = datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    both = [site_time.time_of_day(first + timedelta(hours=hours), "Europe/Berlin") for hours in (0, 1)]
    assert both == ["02:30 CEST", "02:30 CET"]


def test_other_forms_are_of_the_same_clock() -> None:
    time = datetime(2026, 11, 26, 23, 30, 5, tzinfo=UTC)
    assert site_time.second_of_day(time, "Europe/Berlin") == "00:30:05 CET"
    assert site_time.day_and_time(time, "Europe/Berlin") == "27 Nov 00:30 CET"
    assert site_time.date_there(time, "Europe/Berlin") == "27 Nov 2026"
    assert site_time.moment(None, "Europe/Berlin") == "–"


@given(
    time=st.integers(946_684_800, 2_114_380_800).map(lambda seconds: datetime.fromtimestamp(seconds, UTC)),
    timezone=st.sampled_from(sorted(available_timezones() - {"localtime", "Factory"})),
)
def test_every_zone_has_a_name_that_people_read(time: datetime, timezone: str) -> None:
    shown = site_time.time_of_day(time, timezone)
    clock, name = shown.split()
    assert clock == f"{time.astimezone(ZoneInfo(timezone)):%H:%M}"
    assert name.isalpha() or name.startswith("UTC")
