"""How many recordings a day should have at least: a number, or a share of what its weekday usually has."""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from statistics import median

from include.errors import InvalidInput

# A weekday is compared with itself: few sites work on Sundays as they do on Mondays.
WEEKS = 8
# Fewer days say little about the usual.
_LEAST_WEEKS = 4
_SHARE = re.compile(r"(\d+(?:\.\d+)?)\s*%")


@dataclass(frozen=True)
class Bound:
    """The least number of recordings expected of a day, and a sentence that says where it comes from."""

    recordings: int
    sentence: str


@dataclass(frozen=True)
class LeastExpected:
    """`[cofi] expected_recordings_min`.

    Attributes:
        recordings: The number, or
        share: 0..1 of the median of the same weekday's last weeks.
    """

    recordings: int | None = None
    share: float | None = None

    @classmethod
    def parse(cls, text: str) -> "LeastExpected | None":
        """Reads `500` or `50%`; None for an empty setting.

        Raises:
            InvalidInput: It is neither.
        """
        text = text.strip()
        if not text:
            return None
        share = _SHARE.fullmatch(text)
        if share and 0 < float(share[1]) <= 100:
            return cls(share=float(share[1]) / 100)
        if text.isdecimal():
            return cls(recordings=int(text))
        raise InvalidInput(
            f"[cofi] expected_recordings_min = {text}: write a number of recordings like 500, "
            "or a share of what the weekday usually has, like 50%."
        )

    def bound(self, history: Sequence[int], day: date) -> Bound | None:
        """The least that is expected of a day; None while too few days are known to compare it with.

        Args:
            history: Recordings of the same weekday, of each of the last weeks that was audited.
            day: The day.
        """
        if self.recordings is not None:
            sentence = f"at least {self.recordings:,} are expected ([cofi] expected_recordings_min)"
            return Bound(self.recordings, sentence)
        if self.share is None or len(history) < _LEAST_WEEKS:
            return None
        usual = median(history)
        least = math.ceil(self.share * usual)
        sentence = (
            f"at least {least:,} are expected ([cofi] expected_recordings_min = {100 * self.share:g}% of "
            f"{usual:,.0f}, the median of the last {len(history)} {day:%A}s)"
        )
        return Bound(least, sentence)


def same_weekday_before(day: date) -> list[date]:
    """The days that a day is compared with, the nearest first."""
    return [day - timedelta(weeks=weeks) for weeks in range(1, WEEKS + 1)]
