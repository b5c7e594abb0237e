"""Formats figures for people, in the report and in the text table."""

from datetime import date

from include.calls.days import DayState
from include.database.work import BatchKind

DASH = "–"
RULES_NOTICE = "Answers by the rule-based demo endpoint, not by a language model."
DAY_STATES = {
    DayState.OK: "ok",
    DayState.NO_FOLDER: "no folder",
    DayState.EMPTY: "no recordings",
    DayState.FEW: "few recordings",
    DayState.UNREADABLE: "not readable",
}
_KINDS = {BatchKind.AUDIT: "Call audit", BatchKind.RESCORE: "Rescore", BatchKind.SHADOW: "Shadow run"}


def count(number: int | float) -> str:
    """1234567 is `1,234,567`."""
    return f"{number:,.0f}"


def calls(number: int) -> str:
    """`1 call`, `2,000 calls`."""
    return f"{number:,} call" if number == 1 else f"{number:,} calls"


def percent(pct: float | None) -> str:
    """A share or score; a dash when there is none. Only a full 100 is `100 %`, only nothing is `0 %`."""
    if pct is None:
        return DASH
    rounds_wrongly = (0 < pct < 0.5) or (99.5 <= pct < 100)
    return f"{pct:.1f} %" if rounds_wrongly and f"{pct:.1f}" not in ("0.0", "100.0") else f"{pct:.0f} %"


def decimal(number: float | None, digits: int = 1) -> str:
    """A figure with its decimals; a dash when there is none."""
    return DASH if number is None else f"{number:,.{digits}f}"


def duration(seconds: float | None) -> str:
    """`45 s`, `12 min 5 s`, `3 h 20 min`."""
    if seconds is None:
        return DASH
    minutes, rest_s = divmod(round(seconds), 60)
    if minutes == 0:
        return f"{rest_s} s"
    hours, rest_min = divmod(minutes, 60)
    return f"{hours} h {rest_min} min" if hours else f"{minutes} min {rest_s} s"


def clock(offset_ms: int | None) -> str:
    """A place in a recording as a player shows it: `1:05`, `1:02:05`."""
    if offset_ms is None:
        return DASH
    minutes, seconds = divmod(offset_ms // 1000, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"


def money(usd: float | None) -> str:
    """Dollars; parts of a cent only where they matter."""
    if usd is None:
        return DASH
    return f"${usd:,.2f}" if usd >= 0.1 or usd == 0 else f"${usd:.4f}"


def title(kind: BatchKind, day: date, last_day: date | None) -> str:
    """What a run does, and to which days: `Rescore of Monday, 2 March 2026 to Friday, 6 March 2026`."""
    until = f" to {last_day:%A, %-d %B %Y}" if last_day else ""
    return f"{_KINDS[kind]} of {day:%A, %-d %B %Y}{until}"
