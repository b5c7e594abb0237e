"""The days of a run: which it audits, which before it are looked at again, and what it makes of its own."""

import logging
from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import date, datetime, timedelta
from typing import Any

import pendulum
from sqlalchemy import Connection

from cofi.settings import Settings
from cofi.stores import around
from include.calls.call import Call
from include.calls.days import (
    BACKFILL,
    MANUAL,
    SCHEDULED,
    DayState,
    JudgedDay,
    Verdict,
    began_on_other_days,
    judge,
    recordings_of,
)
from include.calls.discovery_rules import Redo
from include.calls.on_disk import DiskDict
from include.database import days
from include.database.batches import Batch
from include.database.engine import Database
from include.errors import InvalidInput

log = logging.getLogger(__name__)

# Days are subtracted from days, and times brought to other zones.
_FIRST_DAY = date(1900, 1, 1)


def resolve_day(
    params: Mapping[str, Any], interval_start: datetime | None, timezone: str, run_type: str = MANUAL
) -> date:
    """The day to audit: the Param, or else the day at which the run's data interval begins.

    Raises:
        InvalidInput: A manual run without a day; a backfill that names another day than its own, or a day
            that has not come yet.
    """
    of_interval = interval_start and pendulum.instance(interval_start).in_timezone(timezone).date()
    if params["day"]:
        day = date.fromisoformat(params["day"])
        if run_type == BACKFILL and day != of_interval:
            raise InvalidInput(
                f"This run of the backfill is for {of_interval}, but its Param 'day' says {day}, as that of "
                "all others does: leave 'day' empty, and each run audits its own."
            )
    elif of_interval is None:
        raise InvalidInput(
            "Which day? This run was triggered by hand without a logical date: enter the Param 'day', "
            "like 2026-11-16."
        )
    else:
        day = of_interval
    today = pendulum.now(timezone).date()
    if day > today:
        raise InvalidInput(f"{day} has not come yet: it is {today} in {timezone}. Enter a day up to that.")
    if day < _FIRST_DAY:
        raise InvalidInput(f"{day} is before there were recordings: enter a day from {_FIRST_DAY} on.")
    return day


def days_back(params: Mapping[str, Any], settings: Settings, run_type: str) -> int:
    """How many days before its own a run looks at again.

    Those of the schedule do, unless their Param says otherwise: every day has one of them some nights later.
    """
    days = params.get("lookback_days")
    if days is None:
        days = settings.lookback_days if run_type == SCHEDULED else 0
    if params["limit"] and days:
        log.info("A trial run looks at no other day than its own")
        return 0
    if params["redo"] == Redo.FAILED_ONLY and days:
        log.info("A run that takes up nothing but failed calls looks for no late recordings")
        return 0
    return int(days)


def looked_at_again(database: Database, batch: Batch, back: int) -> list[date]:
    """The days before a batch's own that it looks at again, the earliest first.

    A day that no run was asked for is left alone: the first night of a site audits one day, not three.
    """
    before = [batch.day - timedelta(days=n) for n in range(back, 0, -1)]
    audited = database.read(lambda connection: days.audited_days(connection, before, batch.location))
    for day in before:
        if day not in audited:
            log.info(
                "%s is not looked at again: no run has audited all of it from here. A backfill would.", day
            )
    return [day for day in before if day in audited]


def left_open(database: Database, batch: Batch, day: date, goes_on: Callable[[str], bool]) -> Collection[str]:
    """Pending calls of a day that no other run is going to end."""
    others = database.read(lambda connection: days.batches_of_pending(connection, day)) - {batch.batch_id}
    alive = {other for other in others if goes_on(other)}

    def left(connection: Connection) -> DiskDict[None]:
        return DiskDict((call_id, None) for call_id in days.pending_without(connection, day, alive))

    return database.read(left)


def judged(
    database: Database,
    batch: Batch,
    found: Collection[Call],
    known: Mapping[str, Call],
    *,
    run_type: str,
    is_trial: bool,
) -> JudgedDay:
    """Judges a run's own day, and writes the result into its log.

    Raises:
        InvalidInput: There is no such location, or its store refuses access.
        StoreFault: Its store does not answer.
    """
    settings = Settings.load()
    recordings = recordings_of(found, known.values())
    least = None
    if settings.least_expected and not is_trial:
        history = database.read(lambda c: days.weekday_history(c, batch.day, batch.location))
        least = settings.least_expected.bound(history, batch.day)
    day = judge(
        batch.day,
        recordings,
        None if recordings else around(batch.location, batch.day, settings),
        least,
        location=batch.location,
        run_type=run_type,
        empty_day=settings.on_empty_day,
    )
    if day.problem:
        log.log(logging.INFO if day.verdict is Verdict.OK else logging.WARNING, "%s", day.problem)
    _log_other_days(found, settings.timezone)
    return day


def unreadable(day: date, known: Iterable[Call], error: InvalidInput) -> JudgedDay:
    """A day before a run's own that cannot be looked at again: it is reported, and costs the run nothing."""
    log.warning("%s is not looked at again: %s", day, error)
    return JudgedDay(day, DayState.UNREADABLE, Verdict.WARN, recordings_of(known), str(error))


def _log_other_days(found: Iterable[Call], timezone: str) -> None:
    others = began_on_other_days(found, timezone)
    if others:
        log.info(
            "Calls that began on another day in %s, and are audited with that of their folder: %s",
            timezone,
            ", ".join(f"{calls:,} on {day}" for day, calls in others.items()),
        )
