"""What a page of trends shows, and the addresses of what it leads to."""

from dataclasses import dataclass
from datetime import date
from typing import Any
from urllib.parse import urlencode

from include.search.drilling import calls_behind
from include.trends.dimensions import Dimension
from include.trends.reading import Chosen, Week, Weeks

SPANS_WEEKS = (4, 8, 13, 26, 52)


@dataclass(frozen=True)
class View:
    """Calls under one scorecard, over weeks, by a dimension.

    Attributes:
        until: The day that was asked for; None for the newest.
        weeks: How many.
        scorecards: All that calls were counted under.
        stale_days: On so many of these days people have answered since they were counted.
    """

    scorecard: str
    by: Dimension
    until: date | None
    weeks: int
    span: Weeks
    scorecards: tuple[str, ...] = ()
    stale_days: int = 0

    spans = SPANS_WEEKS
    dimensions = tuple(one for one in Dimension if one is not Dimension.ALL)

    def page(self, page: str = "", **changes: Any) -> str:
        """The address of a page of trends that shows the same, but for some changes; None leaves one out."""
        shown = {"by": self.by, "weeks": self.weeks, "scorecard": self.scorecard, "until": self.until}
        asked = {name: value for name, value in (shown | changes).items() if value is not None}
        return f"/trends{page}?{urlencode(asked)}"

    def calls(self, name: str | None = None, week: Week[Any] | None = None, **asked: str) -> str:
        """The address of the calls that a figure counts: by group and week, or all; see `calls_behind`."""
        chosen = Chosen(self.scorecard, self.by, name)
        first, last = (week.monday, week.sunday) if week else (self.span.first, self.span.last)
        return f"/search?{calls_behind(chosen, first, last, **asked)}"
