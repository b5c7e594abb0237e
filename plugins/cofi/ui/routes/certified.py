"""The certified rates of a day or a week: what people's blind answers make of the machine's."""

from contextlib import suppress
from datetime import date, timedelta
from enum import StrEnum
from typing import Any

from fastapi import APIRouter
from fastapi.responses import HTMLResponse
from sqlalchemy.exc import IntegrityError

from cofi.settings import Settings
from cofi.ui.access import requires
from cofi.ui.asking import AskedDep
from include.access.rights import Right
from include.database.engine import Database
from include.review.certifying import NARROW, certify
from include.review.machine import count_machine, newest_day, uncounted
from include.review.rules import load_rules
from include.trends.charts import rate_chart
from include.trends.reading import Weeks

router = APIRouter(prefix="/trends/certified", dependencies=[requires(Right.TEXT, Right.OTHERS)])


class Span(StrEnum):
    """What the rates are of."""

    DAY = "day"
    WEEK = "week"


@router.get("")
def certified(asked: AskedDep, *, span: Span = Span.WEEK, day: date | None = None) -> HTMLResponse:
    """The machine's rate of each criterion, and the certified one beside it."""
    shown: dict[str, Any] = {"found": None, "missing": []}
    with asked.database.reading() as connection:
        day = day or newest_day(connection)
        if day is not None:
            first, last = _days(span, day)
            found = certify(connection, first, last, least=_least)
            shown = {"found": found, "missing": uncounted(connection, first, last), "day": day}
            shown |= _beside(span, first, last)
    if shown["missing"]:
        # Not before the page: a day of 10,000 calls takes a second.
        asked.after.add_task(_count, asked.database, shown["missing"])
    charts = {one.criterion_id: rate_chart(one.estimate, one.text) for one in _rates(shown)}
    more = {one.criterion_id: one for one in _rates(shown)}
    return asked.page(
        "certified.html",
        tab="trends",
        span=span,
        spans=list(Span),
        charts=charts,
        by_criterion=more,
        narrow_points=100 * NARROW / 2,
        **shown,
    )


def _rates(shown: dict[str, Any]) -> Any:
    return shown["found"].rates if shown["found"] else ()


def _least(scorecard_id: str) -> int:
    return load_rules(Settings.load().scorecards_folder, scorecard_id).estimates.least_answers


def _days(span: Span, day: date) -> tuple[date, date]:
    if span is Span.DAY:
        return day, day
    week = Weeks.until(day, 1)
    return week.first, week.last


def _beside(span: Span, first: date, last: date) -> dict[str, date]:
    return {"before": first - timedelta(days=1), "after": last + timedelta(days=1)}


def _count(database: Database, days: list[date]) -> None:
    """Counts days of an older version; somebody else's page may be doing the same."""
    for day in days:
        with suppress(IntegrityError):
            database.write(lambda connection, day=day: count_machine(connection, [day]))
