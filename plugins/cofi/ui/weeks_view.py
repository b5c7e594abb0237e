"""What a page of trends shows, and the addresses of what it leads to."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, TypeVar

from markupsafe import Markup, escape

from include.search.drilling import address_of, calls_behind
from include.trends.dimensions import Dimension
from include.trends.reading import Chosen, Week, Weeks

SPANS_WEEKS = (4, 8, 13, 26, 52)
# A table of all agents of a large site takes longer to write than all its figures to count.
_FIRST_GROUPS = 50

_Group = TypeVar("_Group")


@dataclass(frozen=True)
class View:
    """Calls under one scorecard, over weeks, by a dimension.

    Attributes:
        until: The day that was asked for; None for the newest.
        weeks: How many.
        prefix: What the addresses of pages begin with.
        scorecards: All that calls were counted under.
        stale_days: On so many of these days people have answered since they were counted.
        everything: Whether all groups are asked for, however many there are.
    """

    scorecard: str
    by: Dimension
    until: date | None
    weeks: int
    span: Weeks
    prefix: str = ""
    scorecards: tuple[str, ...] = ()
    stale_days: int = 0
    everything: bool = False

    spans = SPANS_WEEKS
    dimensions = tuple(one for one in Dimension if one is not Dimension.ALL)

    def page(self, page: str = "", **changes: Any) -> str:
        """The address of a page of trends that shows the same, but for some changes; None leaves one out."""
        shown = {"by": self.by, "weeks": self.weeks, "scorecard": self.scorecard, "until": self.until}
        asked = {name: str(value) for name, value in (shown | changes).items() if value is not None}
        return f"{self.prefix}/trends{page}?{address_of(**asked)}"

    def listed(self, groups: Sequence[_Group]) -> Sequence[_Group]:
        """The groups that a table lists."""
        return groups if self.everything else groups[:_FIRST_GROUPS]

    def calls(self, name: str | None = None, week: Week[Any] | None = None, **asked: str) -> str:
        """The address of the calls that a figure counts: by group and week, or all; see `calls_behind`."""
        chosen = Chosen(self.scorecard, self.by, name)
        first, last = (week.monday, week.sunday) if week else (self.span.first, self.span.last)
        return f"{self.prefix}/search?{calls_behind(chosen, first, last, **asked)}"

    def found(
        self, count: int, name: str | None = None, week: Week[Any] | None = None, **asked: str
    ) -> Markup | str:
        """A figure that leads to the calls that it counts; here, as a template takes ten times as long."""
        if not count:
            return "0"
        address = escape(self.calls(name, week, **asked))
        return Markup(f'<a href="{address}">{count:,}</a>')  # noqa: S704 # nosec B704 - escaped, a number
