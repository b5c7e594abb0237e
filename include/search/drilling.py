"""The calls behind a figure of trends, as a search that finds exactly these."""

from datetime import date
from typing import Any

from include.search.filters import Filters
from include.trends.reading import Chosen


def calls_behind(chosen: Chosen, first: date, last: date, **asked: Any) -> Filters:
    """The search for the calls that a figure counts, as they are judged now.

    Args:
        chosen: The group, and the scorecard that it is counted under.
        first: Day.
        last: Day, which is among them.
        asked: What else the figure counts them for: fields of the search, such as `met` with `criterion`.
    """
    group = {} if chosen.name is None else {chosen.dimension.value: chosen.name, "exact": True}
    days = {"first_day": first, "last_day": last}
    return Filters.model_validate({"scorecard": chosen.scorecard_id, **days, **group, **asked})
