"""The days of a batch: what it found of each, what it took up of those before its own, and what is usual."""

from collections import defaultdict
from collections.abc import Collection, Iterator
from dataclasses import asdict, dataclass
from datetime import date

from sqlalchemy import ColumnElement, Connection, delete, exists, func, select
from sqlalchemy.orm import aliased

from include.calls.call import CallState
from include.calls.days import DayState, JudgedDay, Verdict
from include.calls.expected import same_weekday_before
from include.calls.ledger import Ledger
from include.database.accounted import accounted_for
from include.database.engine import upsert
from include.database.models import BatchCallRow, BatchDayRow, BatchRow, CallRow
from include.database.work import STATE, BatchKind, is_of_an_audit


@dataclass(frozen=True)
class LateCalls:
    """What a batch took up of a day before its own.

    Attributes:
        new: Recordings that no run had known.
        again: Calls that earlier runs had left open, or quarantined when their files were not whole.
    """

    new: int
    again: int


def record_day(connection: Connection, batch_id: str, day: JudgedDay) -> None:
    """Keeps what a batch found of a day."""
    upsert(connection, BatchDayRow, [{"batch_id": batch_id, **asdict(day)}], ["batch_id", "day"])


def forget_days(connection: Connection, batch_id: str) -> None:
    """Deletes what a batch found of its days, before it discovers them anew."""
    connection.execute(delete(BatchDayRow).where(BatchDayRow.batch_id == batch_id))


def days_of(connection: Connection, batch_id: str) -> list[JudgedDay]:
    """The days of a batch, the earliest first; none for a rescore, or a batch that discovered nothing yet."""
    query = select(BatchDayRow.__table__).where(BatchDayRow.batch_id == batch_id).order_by(BatchDayRow.day)
    return [
        JudgedDay(row.day, DayState(row.state), Verdict(row.verdict), row.recordings, row.problem)
        for row in connection.execute(query)
    ]


def own_day(connection: Connection, batch_id: str) -> JudgedDay | None:
    """The day that a batch is of; None until discovery has looked at it."""
    day = connection.execute(select(BatchRow.day).where(BatchRow.batch_id == batch_id)).scalar_one()
    return next((judged for judged in days_of(connection, batch_id) if judged.day == day), None)


def was_discovered(connection: Connection, batch_id: str) -> bool:
    """Whether a batch knows what there is to audit: no calls are else no sign of a day without calls."""
    kind = connection.execute(select(BatchRow.kind).where(BatchRow.batch_id == batch_id)).scalar_one()
    if kind != BatchKind.AUDIT or own_day(connection, batch_id):
        return True
    calls = select(BatchCallRow.call_id).where(BatchCallRow.batch_id == batch_id).limit(1)
    return connection.execute(calls).first() is not None


def ledgers_by_day(connection: Connection, batch_id: str) -> dict[date, Ledger]:
    """Counts a batch's calls by day and state."""
    query = (
        select(CallRow.day, STATE, func.count())
        .select_from(CallRow)
        .join(BatchCallRow)
        .where(accounted_for(batch_id))
        .group_by(CallRow.day, STATE)
    )
    counts: dict[date, dict[str, int]] = defaultdict(dict)
    for day, state, calls in connection.execute(query):
        counts[day][state] = calls
    return {day: Ledger.of(states) for day, states in sorted(counts.items())}


def late_calls(connection: Connection, batch_id: str) -> dict[date, LateCalls]:
    """What an audit took up of days before its own, by day."""
    mine = select(BatchRow.day, BatchRow.opened_at, BatchRow.kind).where(BatchRow.batch_id == batch_id)
    batch = connection.execute(mine).one()
    if batch.kind != BatchKind.AUDIT:
        return {}
    before = _accounted_for_before(batch_id, BatchRow.opened_at < batch.opened_at)
    query = (
        select(CallRow.day, before.label("again"), func.count())
        .select_from(CallRow)
        .join(BatchCallRow)
        .where(accounted_for(batch_id), CallRow.day != batch.day)
        .group_by(CallRow.day, "again")
    )
    counts: dict[date, dict[bool, int]] = defaultdict(dict)
    for day, again, calls in connection.execute(query):
        counts[day][bool(again)] = calls
    return {day: LateCalls(of.get(False, 0), of.get(True, 0)) for day, of in sorted(counts.items())}


def audited_days(connection: Connection, days: Collection[date], location: str) -> set[date]:
    """Which of some days a run was to audit as a whole, from this location."""
    query = select(BatchRow.day, BatchRow.params).where(
        BatchRow.kind == BatchKind.AUDIT, BatchRow.day.in_(days), BatchRow.location == location
    )
    return {row.day for row in connection.execute(query) if not row.params.get("limit")}


def weekday_history(connection: Connection, day: date, location: str) -> list[int]:
    """Recordings of the same weekday's last weeks, those days that were audited; 0 where there were none."""
    audited = audited_days(connection, same_weekday_before(day), location)
    query = select(CallRow.day, func.count()).where(CallRow.day.in_(audited)).group_by(CallRow.day)
    counts = dict(connection.execute(query).all())
    return [counts.get(each, 0) for each in sorted(audited)]


def batches_of_pending(connection: Connection, day: date) -> set[str]:
    """The audits that account for pending calls of a day."""
    query = (
        select(BatchCallRow.batch_id)
        .join(CallRow, CallRow.call_id == BatchCallRow.call_id)
        .where(CallRow.day == day, CallRow.state == CallState.PENDING, is_of_an_audit())
    )
    return set(connection.execute(query.distinct()).scalars())


def pending_without(connection: Connection, day: date, batches: Collection[str]) -> Iterator[str]:
    """Ids of the pending calls of a day for which none of these audits accounts, read some at a time."""
    accounted = exists().where(BatchCallRow.call_id == CallRow.call_id, BatchCallRow.batch_id.in_(batches))
    query = select(CallRow.call_id).where(CallRow.day == day, CallRow.state == CallState.PENDING, ~accounted)
    return iter(connection.execute(query, execution_options={"yield_per": 1000}).scalars())


def _accounted_for_before(batch_id: str, earlier: ColumnElement[bool]) -> ColumnElement[bool]:
    other = aliased(BatchCallRow)
    return (
        exists()
        .where(
            other.call_id == CallRow.call_id,
            other.batch_id != batch_id,
            BatchRow.batch_id == other.batch_id,
            BatchRow.kind == BatchKind.AUDIT,
            earlier,
        )
        .correlate(CallRow)
    )
