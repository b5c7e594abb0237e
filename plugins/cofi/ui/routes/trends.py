"""Weeks of scores and answers, by agent, team, queue and language; and an agent's page for coaching."""

from contextlib import suppress
from datetime import date
from typing import Any

from fastapi import APIRouter
from fastapi.responses import HTMLResponse
from sqlalchemy.exc import IntegrityError

from cofi.ui.access import requires
from cofi.ui.asking import AskedDep
from include.access.record import Access
from include.access.rights import Right
from include.database.engine import Database
from include.search.choices import criteria_of
from include.trends import reading
from include.trends.charts import weeks_chart
from include.trends.coaching import weak_criteria
from include.trends.counting import count_days, stale_days
from include.trends.dimensions import Dimension
from include.trends.reading import Chosen, Weeks

# A table of agents names everybody.
router = APIRouter(prefix="/trends", dependencies=[requires(Right.TEXT, Right.OTHERS)])

_SPANS_WEEKS = (4, 8, 13, 26, 52)


@router.get("")
def trends(
    asked: AskedDep,
    *,
    by: Dimension = Dimension.AGENT,
    scorecard: str | None = None,
    until: date | None = None,
    weeks: int = reading.WEEKS,
) -> HTMLResponse:
    """All calls week by week, the groups of a dimension, and the criteria."""
    weeks = max(1, min(weeks, _SPANS_WEEKS[-1]))
    with asked.database.reading() as connection:
        known = reading.scorecards_counted(connection)
        card = scorecard or (known[0] if known else "")
        newest = until or reading.newest_day(connection, card)
        span = Weeks.until(newest, weeks) if newest else None
        shown: dict[str, Any] = {}
        if span:
            of_all = Chosen(card)
            shown["by_week"] = reading.by_week(connection, of_all, span)
            shown["chart"] = weeks_chart(shown["by_week"], "Mean score by week")
            shown["ranked"], shown["few"] = reading.groups(connection, card, by, span)
            shown["criteria"] = reading.criteria(connection, of_all, span)
            shown["stale"] = stale_days(connection, span.first, span.last)
        words, _ = criteria_of(connection)
    if stale := shown.get("stale"):
        # Not before the page: a day of 10,000 calls takes a second.
        asked.after.add_task(_count, asked.database, stale)
    chosen = {"by": by, "scorecard": card, "until": until, "weeks": weeks, "span": span}
    options = {"scorecards": known, "dimensions": list(Dimension)[1:], "spans": _SPANS_WEEKS}
    few = {"fewest": reading.FEWEST_CALLS, "words": words}
    return asked.page("trends.html", tab="trends", **chosen, **options, **few, shown=shown)


def _count(database: Database, days: list[date]) -> None:
    """Counts days on which people have answered; somebody else's page may be doing the same."""
    for day in days:
        with suppress(IntegrityError):
            database.write(lambda connection, day=day: count_days(connection, [day]))


@router.get("/agent")
def agent(
    asked: AskedDep,
    *,
    name: str,
    scorecard: str,
    until: date,
    weeks: int = reading.WEEKS,
) -> HTMLResponse:
    """What an agent could be coached on, with calls to listen to together."""
    span = Weeks.until(until, max(1, min(weeks, _SPANS_WEEKS[-1])))
    chosen, blind = Chosen(scorecard, Dimension.AGENT, name), asked.blind
    with asked.database.reading() as connection:
        by_week = reading.by_week(connection, chosen, span)
        label = reading.label_of_group(connection, chosen) or name
        weak = [one.without(blind) for one in weak_criteria(connection, scorecard, name, span)]
        words, _ = criteria_of(connection)
    # Evidence is quoted, and what people wrote may tell what was said.
    asked.record_all({call.call_id for one in weak for call in one.examples}, Access.TEXT)
    return asked.page(
        "agent.html",
        tab="trends",
        name=name,
        label=label,
        scorecard=scorecard,
        span=span,
        by_week=by_week,
        chart=weeks_chart(by_week, f"Mean score of {label} by week"),
        weak=weak,
        words=words,
    )
