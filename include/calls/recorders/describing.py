"""Turns what a path, a sidecar or a manifest says of a call into the fields of `CallMetadata`."""

import logging
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pendulum

from include.calls.call import CallMetadata, ChannelRole, ChannelRolesSource
from include.calls.moments import possible
from include.calls.terms import is_term

log = logging.getLogger(__name__)

TEXTS = (
    *("agent", "agent_id", "team", "queue", "caller", "called", "caller_name", "called_name"),
    *("customer_ref", "disposition", "interaction_id", "language", "product"),
)
# Fields that a recorder or a manifest may name.
FIELDS = frozenset(field.name for field in fields(CallMetadata)) - {"extra", "roles_source"}
_DIRECTIONS = {
    "inbound": {"inbound", "in", "incoming", "received", "terminating", "inboundcall"},
    "outbound": {"outbound", "out", "outgoing", "dialed", "dialled", "originating", "outboundcall"}
    | {"callback", "outbound-api", "outbound-dial"},
    "internal": {"internal", "intern", "ext-to-ext"},
}
_LONGEST, LONGEST_NAME = 1000, 100
# Of what has a field, in characters: some are looked for, and PostgreSQL's indexes hold 2,700 bytes.
_LONGEST_FIELD = 400
# Of what has no field: a sidecar may hold a whole transcript.
MOST_EXTRA = 60
_EPOCH_S = re.compile(r"\d{10}(?:\.\d+)?")
_EPOCH_MS = re.compile(r"\d{13}")
_CLOCK = re.compile(r"(?:(\d+):)?(\d{1,2}):(\d{1,2}(?:\.\d+)?)")
# What pendulum raises for what is no time; "9:" is a TypeError to it.
_NO_TIME = (ValueError, OverflowError, TypeError)
_ROLE_ENDS = re.compile(r"\s*[|/;,+]\s*")
_TAG_ENDS = re.compile(r"[|;,]")
# Fields that are no texts, and how to write those that may be misunderstood.
UNDERSTOOD = ("started_at", "ended_at", "hold_s", "direction", "channel_roles", "tags", "vocabulary")
HOW = {
    "started_at": "2026-11-16T09:12:00",
    "ended_at": "2026-11-16T09:15:30",
    "channel_roles": "agent|customer",
    "direction": "inbound, outbound or internal",
    "hold_s": "seconds, or 1:30",
    "vocabulary": "Fibre 300|SuperNet, each of at most 60 characters",
}


@dataclass(frozen=True)
class Times:
    """How points in time are written.

    Attributes:
        timezone: The time zone of times that state none.
        formats: Formats in pendulum's tokens, tried in order; ISO 8601 and seconds since 1970 are understood
            without.
    """

    timezone: str
    formats: tuple[str, ...] = ()


def described(
    reported: Mapping[str, Any], where: str, times: Times, by: ChannelRolesSource = ChannelRolesSource.SIDECAR
) -> CallMetadata:
    """Reads the metadata that one source gives of a call.

    A value that is not understood is kept in `extra` under its name, and a warning says how to write it.

    Args:
        reported: Values by field of `CallMetadata`; those under other names are kept as they are.
        where: What warnings call the place.
        times: How times are written there.
        by: The kind of source that the values come from.
    """
    texts = {name: cleaned(value) for name, value in reported.items()}
    given = {name: text for name, text in texts.items() if text}
    extra = {cleaned(name)[:LONGEST_NAME]: text for name, text in given.items() if name not in FIELDS}
    values: dict[str, Any] = {name: of_field(given[name]) for name in TEXTS if name in given}
    for name in UNDERSTOOD:
        if name not in given:
            continue
        value = understood(name, reported[name], given[name], times)
        if value is None:
            log.warning(
                "%s: %s '%s' is not understood; write it like %s", where, name, given[name], HOW[name]
            )
            extra[name] = given[name]
        else:
            values[name] = value
    if values.get("channel_roles"):
        values["roles_source"] = by
    return CallMetadata(**values, extra=dict(list(extra.items())[:MOST_EXTRA]))


def merged(descriptions: Iterable[CallMetadata]) -> CallMetadata:
    """Puts descriptions of a call together; a later one takes the place of an earlier one."""
    whole = CallMetadata()
    for one in descriptions:
        said = {f.name: value for f in fields(one) if (value := getattr(one, f.name)) not in (None, (), {})}
        whole = replace(whole, **{**said, "extra": {**whole.extra, **one.extra}})
    return whole


def cleaned(value: Any) -> str:
    """A value as text that any database takes: no NUL, no half of a character, no end of it far away."""
    if value is None or isinstance(value, Mapping):
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list | tuple):
        return ", ".join(filter(None, (cleaned(item) for item in value)))[:_LONGEST]
    text = str(value).replace("\0", "").encode(errors="replace").decode()
    return " ".join(text.split())[:_LONGEST]


def of_field(value: Any) -> str:
    """Cleaned, and short enough for a field of `CallMetadata`."""
    return cleaned(value)[:_LONGEST_FIELD]


def understood(name: str, value: Any, text: str, times: Times) -> Any:
    """The value of a field that is no text; None when it is not understood."""
    match name:
        case "started_at" | "ended_at":
            return moment(text, times)
        case "hold_s":
            return _seconds(text)
        case "direction":
            return next((way for way, words in _DIRECTIONS.items() if text.casefold() in words), None)
        case "channel_roles":
            return _roles(value, text)
        case "vocabulary":
            terms = _listed(value, text)
            return terms if all(is_term(term) for term in terms) else None
        case _:
            return _listed(value, text)


def _listed(value: Any, text: str) -> tuple[str, ...]:
    items = value if isinstance(value, list | tuple) else _TAG_ENDS.split(text)
    return tuple(dict.fromkeys(filter(None, map(cleaned, items))))


def moment(text: str, times: Times) -> datetime | None:
    """A day with a time; a time alone is none, though a lenient reader would take it for today's."""
    found = _moment(text, times)
    return possible(found) if found else None


def _moment(text: str, times: Times) -> datetime | None:
    for form in times.formats:
        try:
            return pendulum.from_format(text, form, tz=times.timezone)
        except _NO_TIME:
            continue
    if _EPOCH_MS.fullmatch(text) or _EPOCH_S.fullmatch(text):
        seconds = float(text) / (1000 if _EPOCH_MS.fullmatch(text) else 1)
        return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)
    try:
        found = pendulum.parse(text, tz=times.timezone, exact=True)
    except _NO_TIME:
        return None
    return found if isinstance(found, pendulum.DateTime) else None


def _seconds(text: str) -> float | None:
    clock = _CLOCK.fullmatch(text)
    if clock:
        hours, minutes, seconds = (float(part or 0) for part in clock.groups())
        number = 3600 * hours + 60 * minutes + seconds
    else:
        try:
            number = float(text)
        except ValueError:
            return None
    return number if 0 <= number < 1e6 else None


def _roles(value: Any, text: str) -> tuple[ChannelRole, ...] | None:
    words = value if isinstance(value, list | tuple) else _ROLE_ENDS.split(text)
    try:
        return tuple(ChannelRole(cleaned(word).casefold()) for word in words)
    except ValueError:
        return None
