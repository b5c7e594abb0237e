"""Weeks of scores and answers: of all calls, of a group of them, and of a criterion."""

from contextlib import suppress
from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Depends, HTTPException
from fastapi.responses import HTMLResponse
from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from cofi.ui.access import requires
from cofi.ui.asking import AskedDep
from cofi.ui.weeks_view import SPANS_WEEKS, View
from include.access.record import Access
from include.access.rights import Right
from include.database.engine import Database
from include.search.choices import criteria_of
from include.trends import reading
from include.trends.charts import Point, weeks_chart
from include.trends.coaching import WeakCriterion, weak_criteria
from include.trends.counting import count_days, stale_days
from include.trends.criteria import answers_by_week, criteria, groups_of_criterion
from include.trends.dimensions import Dimension
from include.trends.reading import Chosen, Weeks

# A table of agents names everybody.
router = APIRouter(prefix="/trends", dependencies=[requires(Right.TEXT, Right.OTHERS)])

_NOTHING = "Nothing is counted yet: the end of the first run brings the first figures."


def _choose_view(
    asked: AskedDep,
    *,
    by: Dimension = Dimension.AGENT,
    scorecard: str | None = None,
    until: date | None = None,
    weeks: int = reading.WEEKS,
    everything: bool = False,
) -> View | None:
    """The weeks up to a day, the newest with calls by default; None before anything is counted."""
    if by is Dimension.ALL:
        raise HTTPException(400, f"Trends are by {', '.join(View.dimensions)}: ask for one of them.")
    weeks = max(1, min(weeks, SPANS_WEEKS[-1]))
    with asked.database.reading() as connection:
        known = reading.scorecards_counted(connection)
        card = scorecard or (known[0] if known else "")
        newest = until or reading.newest_day(connection, card)
        if newest is None:
            return None
        span = Weeks.until(newest, weeks)
        stale = stale_days(connection, span.first, span.last)
    if stale:
        # Not before the page: a day of 10,000 calls takes a second.
        asked.after.add_task(_count, asked.database, stale)
    counted = {"scorecards": tuple(known), "stale_days": len(stale)}
    return View(card, by, until, weeks, span, asked.prefix, **counted, everything=everything)


def _count(database: Database, days: list[date]) -> None:
    """Counts days on which people have answered; somebody else's page may be doing the same."""
    for day in days:
        with suppress(IntegrityError):
            database.write(lambda connection, day=day: count_days(connection, [day]))


ViewDep = Annotated[View | None, Depends(_choose_view)]


@router.get("")
def trends(asked: AskedDep, view: ViewDep) -> HTMLResponse:
    """All calls week by week, the groups of a dimension, and the criteria."""
    if view is None:
        return asked.page("trends.html", tab="trends", view=None)
    chosen = Chosen(view.scorecard, view.by, without=asked.blind)
    with asked.database.reading() as connection:
        shown = _scores(connection, view, chosen, "Mean score by week")
        shown["ranked"], shown["few"] = reading.groups(connection, chosen, view.span)
    return asked.page("trends.html", tab="trends", view=view, **shown)


@router.get("/group")
def group(asked: AskedDep, view: ViewDep, *, name: str) -> HTMLResponse:
    """A group of calls week by week, and its criteria; of an agent, what they could be coached on, too."""
    if view is None:
        raise HTTPException(404, _NOTHING)
    chosen = Chosen(view.scorecard, view.by, name, without=asked.blind)
    with asked.database.reading() as connection:
        label = _label(connection, chosen)
        shown = _scores(connection, view, chosen, f"Mean score of {label} by week")
        weak = _coaching(connection, chosen, view)
    # Evidence is quoted, and what people wrote may tell what was said.
    asked.record_all({call.call_id for one in weak for call in one.examples}, Access.TEXT)
    named = {"name": chosen.name, "label": label, "weak": weak}
    return asked.page("trends_group.html", tab="trends", view=view, **shown, **named)


@router.get("/criterion")
def criterion(asked: AskedDep, view: ViewDep, *, criterion: str, name: str | None = None) -> HTMLResponse:
    """How often a criterion is met, week by week and by group: by all calls, or by those of a group."""
    if view is None:
        raise HTTPException(404, _NOTHING)
    chosen = Chosen(view.scorecard, view.by, name, without=asked.blind)
    with asked.database.reading() as connection:
        label = _label(connection, chosen)
        words, _ = criteria_of(connection)
        weeks = answers_by_week(connection, chosen, criterion, view.span)
        ranked, few = groups_of_criterion(connection, chosen, criterion, view.span)
    if criterion not in words:
        raise HTTPException(404, f"No scorecard has a criterion '{criterion}': Trends lists those there are.")
    points = [Point(one.monday, one.now.share and one.now.share.percent, one.now.counted) for one in weeks]
    return asked.page(
        "trends_criterion.html",
        tab="trends",
        view=view,
        criterion=criterion,
        words=words,
        name=chosen.name,
        label=label,
        weeks=weeks,
        chart=weeks_chart(points, f"How often {label} met it by week", "answers"),
        ranked=ranked,
        few=few,
        fewest=reading.FEWEST_CALLS,
    )


def _label(connection: Connection, chosen: Chosen) -> str:
    label = reading.label_of_group(connection, chosen)
    if label is None:
        whose = "No call" if chosen.name is None else f"No call of the {chosen.dimension} '{chosen.name}'"
        raise HTTPException(404, f"{whose} is counted under the scorecard '{chosen.scorecard_id}'.")
    return label


def _scores(connection: Connection, view: View, chosen: Chosen, title: str) -> dict[str, Any]:
    """What the pages of all calls and of a group have in common."""
    weeks = reading.by_week(connection, chosen, view.span)
    points = [Point(one.monday, one.now.mean, one.now.calls) for one in weeks]
    words, _ = criteria_of(connection)
    return {
        "weeks": weeks,
        "chart": weeks_chart(points, title),
        "criteria": criteria(connection, chosen, view.span),
        "words": words,
        "fewest": reading.FEWEST_CALLS,
    }


def _coaching(connection: Connection, chosen: Chosen, view: View) -> list[WeakCriterion]:
    if chosen.dimension is not Dimension.AGENT or chosen.name is None:
        return []
    kept_back = chosen.without
    weak = weak_criteria(connection, chosen.scorecard_id, chosen.name, view.span, kept_back)
    return [one.without(kept_back) for one in weak]
