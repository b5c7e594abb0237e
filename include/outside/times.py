"""Reads how long a peer asks to wait, in all the forms that are met, and never raises."""

import math
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

# Nobody waits longer on a peer's word, unless a caller allows for more.
LONGEST_WAIT_S = 24 * 3600.0
# A number of seconds this large (3 years) is meant as a time since 1970; a thousand times that, in ms.
_EPOCH_S, _EPOCH_MS = 1e8, 1e11
_MILLISECONDS = ("retry-after-ms", "x-ms-retry-after-ms")
_UNITS_S = {"d": 86_400.0, "h": 3600.0, "m": 60.0, "s": 1.0, "ms": 0.001}
_DURATION = re.compile(r"(?:\d+(?:\.\d+)?(?:ms|[dhms]))+")
_PART = re.compile(r"(\d+(?:\.\d+)?)(ms|[dhms])")


def asked_wait_s(
    headers: Mapping[str, str],
    longest_s: float = LONGEST_WAIT_S,
    *,
    resets: Sequence[str] = (),
    now: datetime | None = None,
) -> float | None:
    """The wait that an answer's headers ask for.

    Args:
        headers: Of the answer.
        longest_s: More is cut to it.
        resets: Headers that tell when a limit is lifted, if there is no `Retry-After`; the latest counts.
        now: The present time, with a time zone.

    Returns:
        Seconds, 0 or more; None when no header says anything that can be understood.
    """
    now = now or datetime.now(UTC)
    for name in _MILLISECONDS:
        milliseconds = _number(headers.get(name, ""))
        if milliseconds is not None:
            return _bounded(milliseconds / 1000, longest_s)
    said = wait_s(headers.get("Retry-After", ""), now)
    if said is None:
        lifted = [wait_s(headers.get(name, ""), now) for name in resets]
        said = max((each for each in lifted if each is not None), default=None)
    return None if said is None else _bounded(said, longest_s)


def wait_s(said: str, now: datetime) -> float | None:
    """Seconds from now that a text means, in any of the forms that are met; None when it means none.

    It may be seconds, an HTTP date (RFC 9110), a time since 1970 in seconds or ms, an ISO 8601 time, or a
    duration such as `6m0s` and `120ms` (OpenAI's reset headers).
    """
    said = said.strip()
    number = _number(said)
    if number is None:
        return _duration_s(said) if _DURATION.fullmatch(said) else _until_s(said, now)
    if number >= _EPOCH_MS:
        return number / 1000 - now.timestamp()
    return number - now.timestamp() if number >= _EPOCH_S else number


def _number(said: str) -> float | None:
    try:
        number = float(said)
    except ValueError:
        return None
    return None if math.isnan(number) else number


def _duration_s(said: str) -> float:
    return sum(float(number) * _UNITS_S[unit] for number, unit in _PART.findall(said))


def _until_s(said: str, now: datetime) -> float | None:
    for read in (parsedate_to_datetime, datetime.fromisoformat):
        try:
            at = read(said)
            # Subtracted as they stand: bringing a time near the year 9999 into another zone overflows.
            return ((at if at.tzinfo else at.replace(tzinfo=UTC)) - now).total_seconds()
        except (ValueError, TypeError, IndexError, OverflowError):
            continue
    return None


def _bounded(seconds: float, longest_s: float) -> float:
    return min(max(0.0, seconds), longest_s)
