"""Days of calls, the newest first, with their ledgers."""

from dataclasses import dataclass
from datetime import date

from sqlalchemy import Connection, func, select

from include.calls.ledger import Ledger
from include.database.models import BatchDayRow, BatchRow, CallRow

DAYS_SHOWN = 14


@dataclass(frozen=True)
class Day:
    """A day, and where its calls stand.

    Attributes:
        problem: What the last run over it says of what it lacks; None where there is nothing to say.
        batch_id: The last audit of it.
    """

    day: date
    ledger: Ledger
    problem: str | None
    batch_id: str | None


def list_days(connection: Connection, before: date | None = None) -> tuple[list[Day], date | None]:
    """A page of the days that have calls, or that a run has looked for calls of.

    Args:
        connection: To read with.
        before: Only days before this one.

    Returns:
        The days, and `before` of the next page; None at the end.
    """
    found = _days(connection, before)
    shown = found[:DAYS_SHOWN]
    ledgers, runs, messages = (
        _ledgers(connection, shown),
        _runs(connection, shown),
        _messages(connection, shown),
    )
    days = [Day(one, ledgers[one], messages.get((runs.get(one), one)), runs.get(one)) for one in shown]
    return days, shown[-1] if len(found) > DAYS_SHOWN else None


def problem_of(connection: Connection, day: date) -> str | None:
    """What the last run over a day says of what it lacks; None where there is nothing to say."""
    last = _runs(connection, [day]).get(day)
    return _messages(connection, [day]).get((last, day))


def ledger_of(connection: Connection, day: date) -> Ledger:
    """Counts a day's calls by state."""
    return _ledgers(connection, [day])[day]


def _days(connection: Connection, before: date | None) -> list[date]:
    """A day without a recording has a run, and no call: it is a day all the same."""
    found = {*_with_calls(connection, before), *_with_runs(connection, before)}
    return sorted(found, reverse=True)[: DAYS_SHOWN + 1]


def _with_runs(connection: Connection, before: date | None) -> list[date]:
    query = select(BatchRow.day).where(BatchRow.kind == "audit").distinct().order_by(BatchRow.day.desc())
    query = query if before is None else query.where(BatchRow.day < before)
    return list(connection.execute(query.limit(DAYS_SHOWN + 1)).scalars())


def _with_calls(connection: Connection, before: date | None) -> list[date]:
    """One look into the index for each: a DISTINCT would go through all calls of these days."""
    newest = select(func.max(CallRow.day).label("day"))
    days = (newest if before is None else newest.where(CallRow.day < before)).cte("days", recursive=True)
    older = select(func.max(CallRow.day)).where(CallRow.day < days.c.day).scalar_subquery()
    days = days.union_all(select(older).where(days.c.day.is_not(None)))
    found = select(days.c.day).where(days.c.day.is_not(None)).limit(DAYS_SHOWN + 1)
    return list(connection.execute(found).scalars())


def _ledgers(connection: Connection, days: list[date]) -> dict[date, Ledger]:
    counts: dict[date, dict[str, int]] = {day: {} for day in days}
    query = select(CallRow.day, CallRow.state, func.count()).where(CallRow.day.in_(days))
    for day, state, calls in connection.execute(query.group_by(CallRow.day, CallRow.state)):
        counts[day][state] = calls
    return {day: Ledger.of(of_day) for day, of_day in counts.items()}


def _runs(connection: Connection, days: list[date]) -> dict[date, str]:
    """The last audit run of each day."""
    query = select(BatchRow.day, BatchRow.batch_id).where(BatchRow.day.in_(days), BatchRow.kind == "audit")
    rows = connection.execute(query.order_by(BatchRow.opened_at))
    return {row.day: row.batch_id for row in rows}


def _messages(connection: Connection, days: list[date]) -> dict[tuple[str | None, date], str]:
    query = select(BatchDayRow.batch_id, BatchDayRow.day, BatchDayRow.problem).where(
        BatchDayRow.day.in_(days), BatchDayRow.problem.is_not(None)
    )
    return {(batch_id, day): message or "" for batch_id, day, message in connection.execute(query)}
