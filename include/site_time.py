"""Times as people of the site read them: by the clock of `[cofi] timezone`, which is named beside each."""

from datetime import datetime
from zoneinfo import ZoneInfo

_DASH = "–"


def is_zone(name: str) -> bool:
    """Whether there is such a time zone: Europe/Berlin."""
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):  # no such file, or none of a zone: a folder, a name with ..
        return False
    return True


def moment(time: datetime | None, timezone: str) -> str:
    """Date and time of day: `2026-11-27 09:12 CET`; a dash when there is none.

    Args:
        time: With its zone.
        timezone: The site's, such as Europe/Berlin.
    """
    return _DASH if time is None else _told(time, timezone, "%Y-%m-%d %H:%M")


def moment_to_the_second(time: datetime, timezone: str) -> str:
    """`2026-11-27 09:12:05 CET`."""
    return _told(time, timezone, "%Y-%m-%d %H:%M:%S")


def time_of_day(time: datetime, timezone: str) -> str:
    """`09:12 CET`."""
    return _told(time, timezone, "%H:%M")


def second_of_day(time: datetime, timezone: str) -> str:
    """`09:12:05 CET`."""
    return _told(time, timezone, "%H:%M:%S")


def day_and_time(time: datetime, timezone: str) -> str:
    """Without the year, for what is due: `27 Nov 09:12 CET`."""
    return _told(time, timezone, "%d %b %H:%M")


def date_there(time: datetime, timezone: str, form: str = "%d %b %Y") -> str:
    """The site's date at a moment: `27 Nov 2026`."""
    return f"{time.astimezone(ZoneInfo(timezone)):{form}}"


def _told(time: datetime, timezone: str, form: str) -> str:
    local = time.astimezone(ZoneInfo(timezone))
    return f"{local:{form}} {_zone_name(local)}"


def _zone_name(local: datetime) -> str:
    """`CET`; where a zone has no such name, what its clock is ahead: `UTC-5`, `UTC+5:45`."""
    name = f"{local:%Z}"
    if name.isalpha():
        return name
    sign, hours, minutes = f"{local:%z}"[0], int(f"{local:%z}"[1:3]), f"{local:%z}"[3:5]
    return f"UTC{sign}{hours}{'' if minutes == '00' else ':' + minutes}"
