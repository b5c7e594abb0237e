"""Times as people and spreadsheets write them. What may mean two days is not guessed."""

import re
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from enum import StrEnum
from functools import cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from include.spoken.folding import plain

# By their first letters, folded: English, Spanish, French, German, Italian, Portuguese, Dutch, Russian.
_MONTHS = {
    name: number
    for number, names in enumerate(
        (
            "jan ene gen янв",
            "feb fev фев",
            "mar maa mrt мар",
            "apr abr avr апр",
            "may mai mag mei мая маи",
            "jun giu juin июн",
            "jul lug juil июл",
            "aug ago aou авг",
            "sep set сен",
            "oct okt ott out окт",
            "nov ноя",
            "dec dic dez дек",
        ),
        1,
    )
    for name in names.split()
}
# Abbreviations that stand for one zone only, in hours; CST, IST and BST stand for several.
_ZONES = {
    **dict.fromkeys(("z", "utc", "gmt"), 0),
    **{"cet": 1, "cest": 2, "mez": 1, "mesz": 2, "wet": 0, "west": 1, "eet": 2, "eest": 3, "msk": 3},
    **{"est": -5, "edt": -4, "mdt": -6, "pst": -8, "pdt": -7, "brt": -3},
}
_CLOCK = (
    r"(?P<hour>\d{1,2})[:.h]?(?P<minute>\d{2})(?:[:.]?(?P<second>\d{2})(?:[.,:](?P<part>\d+))?)?"
    r"(?:\s*(?P<half>[ap])\.?\s?m\.?)?(?:\s*(?:uhr|uur|hrs|h))?"
    rf"\s*(?P<zone>[+-]\d{{2}}:?(?:\d{{2}})?|{'|'.join(_ZONES)}|[a-z]+/[a-z_/]+)?(?:\[[a-z_/+-]+\])?"
)
_NAME = r"(?P<name>[^\W\d_]{3,10})"
_WEEKDAY = r"(?:[^\W\d_]{2,13}\.?,?\s+)?"
_DAYS = (
    r"(?P<year>\d{4})-?(?P<month>\d{2})-?(?P<day>\d{2})",
    r"(?P<year>\d{4})[-/.](?P<month>\d{1,2})[-/.](?P<day>\d{1,2})",
    r"(?P<year>\d{4})年\s?(?P<month>\d{1,2})月\s?(?P<day>\d{1,2})日",
    r"(?P<first>\d{1,2})[-/.](?P<middle>\d{1,2})[-/.](?P<third>\d{4}|\d{2})",
    rf"{_WEEKDAY}(?P<day>\d{{1,2}})(?:\.|er|º|o)?[-\s/]+(?:de\s+)?{_NAME}\.?[-\s,/]+(?:del?\s+)?(?P<year>\d{{4}})",
    rf"(?P<first>\d{{1,2}})-{_NAME}-(?P<third>\d{{2}})",
    rf"{_WEEKDAY}{_NAME}\.?\s+(?P<day>\d{{1,2}}),?\s+(?P<year>\d{{4}})",
)
_AT = r"(?:t|:|,?\s+(?:(?:at|a las?|um|a|alle(?: ore)?|as|om|в)\s+)?)"
_WRITTEN = [re.compile(rf"{day}{_AT}{_CLOCK}", re.IGNORECASE) for day in _DAYS]
_WRITTEN += [re.compile(rf"{_CLOCK},?\s+{day}", re.IGNORECASE) for day in _DAYS[1:]]
_WRITTEN.append(re.compile(rf"{_DAYS[0]}{_CLOCK}", re.IGNORECASE))  # 20261116091200
# As C's ctime writes it: "Mon Nov 16 09:12:00 CET 2026".
_WRITTEN.append(
    re.compile(rf"{_WEEKDAY}{_NAME}\s+(?P<day>\d{{1,2}})\s+{_CLOCK}\s+(?P<year>\d{{4}})", re.IGNORECASE)
)
_EPOCH = re.compile(r"(\d{10})(?:\.\d+)?|(\d{13})|(\d{16})")
# Days since the end of 1899, with the time as a fraction: a cell of Excel that was not formatted as a date.
_SERIAL = re.compile(r"([3-6]\d{4})[.,]\d+")
_SERIAL_BEGINS = datetime(1899, 12, 30)  # noqa: DTZ001 - in the site's zone, below
# 0001-01-01 and 9999-12-31 stand for "none" in many systems, and some zones cannot tell them at all.
_POSSIBLE_YEARS = range(1900, 2200)


class DateOrder(StrEnum):
    """The order of day and month in dates such as 03/04/2026."""

    DAY_FIRST = "DMY"
    MONTH_FIRST = "MDY"
    YEAR_FIRST = "YMD"


class AmbiguousMoment(ValueError):
    """A date that may mean several days.

    Args:
        readings: The days, in order.
    """

    def __init__(self, readings: list[datetime]) -> None:
        super().__init__(" or ".join(f"{reading:%-d %B %Y}" for reading in readings))
        self.readings = readings


def possible(moment: datetime) -> datetime | None:
    """The moment, if a call, or what is written about it, can be of that time; else None."""
    return moment if moment.year in _POSSIBLE_YEARS else None


def read_moment(text: str, site: tzinfo, order: DateOrder | None = None) -> datetime | None:
    """Reads a day with a time.

    Args:
        text: As it is written: ISO 8601, as spreadsheets of the world write it, seconds or ms since 1970.
        site: Time zone where it states none.
        order: What 03/04/2026 means.

    Returns:
        In UTC; None for what is no moment, such as a day alone or a time alone, and for one at which no call
        can have been.

    Raises:
        AmbiguousMoment: It may mean several days.
    """
    found = _read(" ".join(plain(text).split()), site, order)
    return found.astimezone(UTC) if found and possible(found) else None


def _read(text: str, site: tzinfo, order: DateOrder | None) -> datetime | None:
    if counted := _counted(text, site):
        return counted
    for pattern in _WRITTEN:
        written = pattern.fullmatch(text)
        readings = _readings(written.groupdict(), site) if written else {}
        if order and order in readings:
            return readings[order]
        if len(set(readings.values())) > 1:
            raise AmbiguousMoment(sorted(set(readings.values())))
        if readings:
            return next(iter(readings.values()))
    return None


def _counted(text: str, site: tzinfo) -> datetime | None:
    epoch = _EPOCH.fullmatch(text)
    if epoch:
        return datetime.fromtimestamp(
            float(text) if epoch[1] else int(text) / (1e3 if epoch[2] else 1e6), UTC
        )
    serial = _SERIAL.fullmatch(text)
    if serial:
        since = timedelta(seconds=round(float(text.replace(",", ".")) * 86_400))
        return (_SERIAL_BEGINS + since).replace(tzinfo=site)
    return None


def _readings(parts: dict[str, str | None], site: tzinfo) -> dict[DateOrder, datetime]:
    """All moments that it may mean, by the order of its date."""
    hour, zone = _hour(parts), _zone(parts["zone"], site)
    if hour is None or zone is None:
        return {}
    clock = (hour, int(parts["minute"] or 0), int(parts["second"] or 0), int(f"{parts['part'] or 0:0<6}"[:6]))
    readings: dict[DateOrder, datetime] = {}
    for order, day in _days(parts):
        with suppress(ValueError):
            readings[order] = datetime(*day, *clock, tzinfo=zone)
    return readings


def _days(parts: dict[str, str | None]) -> Iterator[tuple[DateOrder, tuple[int, int, int]]]:
    """Year, month and day in each order."""
    if parts.get("year"):
        month = _month(parts) or int(parts.get("month") or 0)
        yield DateOrder.YEAR_FIRST, (int(parts["year"] or 0), month, int(parts["day"] or 0))
        return
    first, third = int(parts["first"] or 0), int(parts["third"] or 0)
    second = _month(parts) or int(parts.get("middle") or 0)
    is_whole = len(parts["third"] or "") == 4
    year = third if is_whole else 2000 + third
    yield DateOrder.DAY_FIRST, (year, second, first)
    if parts.get("name"):
        yield DateOrder.YEAR_FIRST, (2000 + first, second, third)
        return
    yield DateOrder.MONTH_FIRST, (year, first, second)
    if not is_whole:
        yield DateOrder.YEAR_FIRST, (2000 + first, second, third)


def _month(parts: dict[str, str | None]) -> int | None:
    name = (parts.get("name") or "").lower()
    return _MONTHS.get(name[:4]) or _MONTHS.get(name[:3])


def _hour(parts: dict[str, str | None]) -> int | None:
    hour, half = int(parts["hour"] or 0), (parts["half"] or "").lower()
    if not half:
        return hour if hour < 24 else None
    return hour % 12 + 12 * (half == "p") if (half == "p") <= hour <= 12 else None


@cache
def _regions() -> dict[str, str]:
    """The names of all zones, by their small letters."""
    return {name.lower(): name for name in available_timezones()}


def _zone(text: str | None, site: tzinfo) -> tzinfo | None:
    if not text:
        return site
    if text.lower() in _ZONES:
        return timezone(timedelta(hours=_ZONES[text.lower()]))
    if "/" in text:
        try:
            return ZoneInfo(_regions().get(text.lower(), text))
        except (ZoneInfoNotFoundError, ValueError, OSError):
            return None
    sign = -1 if text[0] == "-" else 1
    hours, minutes = int(text[1:3]), int(text[3:].lstrip(":") or 0)
    if hours > 14 or minutes > 59:
        return None
    return timezone(sign * timedelta(hours=hours, minutes=minutes))
