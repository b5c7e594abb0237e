"""What the machine answered to all calls of a day, counted once at the end of its runs.

A day of 10,000 calls has 200,000 answers: nobody who opens a page waits for them to be counted.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    and_,
    case,
    delete,
    exists,
    func,
    insert,
    literal,
    select,
)
from sqlalchemy.orm import aliased

from include.database.accounted import lies_among_those_of_day
from include.database.columns import UtcDateTime
from include.database.models import AnswerRow, AuditRow, CallRow, MachineAnswerRow, MachineDayRow
from include.scorecards.assessment import Standing

_Applying = aliased(AnswerRow)
# The scorecard fits the call: something applies to it. The same rule draws the sample (`Candidate.judged`).
_JUDGED: ColumnElement[bool] = exists().where(
    _Applying.audit_id == AuditRow.audit_id, _Applying.standing != Standing.NOT_APPLICABLE
)
# Current audits that could be drawn: a rule has looked at them.
FRAME: ColumnElement[bool] = and_(
    AuditRow.superseded_at.is_(None), AuditRow.considered_at.is_not(None), _JUDGED
)


@dataclass(frozen=True)
class Machine:
    """What was counted of some days, of the scorecard that most of their calls were audited with.

    Attributes:
        audits: Current ones; `calls` of them could be drawn.
        answers: Rows of criterion_id, answer, standing, calls.
    """

    scorecard_sha256: str
    audits: int
    calls: int
    answers: tuple[Row[*tuple[Any, ...]], ...]


def count_machine(connection: Connection, days: Iterable[date], now: datetime | None = None) -> None:
    """Counts days anew, after the queue was filled from them; four statements each.

    Args:
        connection: In a transaction.
        days: Of calls that were audited.
        now: When; this moment by default.
    """
    now = now or datetime.now(UTC)
    for day in sorted(set(days)):
        for table in (MachineDayRow, MachineAnswerRow):
            connection.execute(delete(table).where(table.day == day))
        _insert(connection, MachineDayRow, _calls(day, now))
        _insert(connection, MachineAnswerRow, _answers(day))


def read_machine(connection: Connection, first: date, last: date) -> Machine | None:
    """What was counted of some days; None where nothing was. Two statements."""
    row, own = MachineDayRow, MachineAnswerRow
    sums = (func.sum(row.audits).label("audits"), func.sum(row.calls).label("calls"))
    of_all = select(row.scorecard_sha256, *sums).where(row.day.between(first, last))
    of_all = of_all.group_by(row.scorecard_sha256)
    most = of_all.order_by(func.sum(row.audits).desc(), row.scorecard_sha256).limit(1)
    found = connection.execute(most).one_or_none()
    if found is None:
        return None
    key = (own.criterion_id, own.answer, own.standing)
    query = select(*key, func.sum(own.calls).label("calls")).group_by(*key)
    query = query.where(own.day.between(first, last), own.scorecard_sha256 == found.scorecard_sha256)
    answers = tuple(connection.execute(query))
    return Machine(found.scorecard_sha256, int(found.audits), int(found.calls), answers)


def uncounted(connection: Connection, first: date, last: date) -> list[date]:
    """Days with audits that were never counted: of a version before this one. One statement, or two."""
    row = MachineDayRow.day
    counted = set(connection.execute(select(row).where(row.between(first, last)).distinct()).scalars())
    days = [first + timedelta(days=n) for n in range((last - first).days + 1)]
    missing = [day for day in days if day not in counted]
    return _audited(connection, CallRow.day.in_(missing)) if missing else []


def all_uncounted(connection: Connection) -> list[date]:
    """All days with audited calls that are not counted yet."""
    return _audited(connection, CallRow.day.not_in(select(MachineDayRow.day)))


def _audited(connection: Connection, which: ColumnElement[bool]) -> list[date]:
    query = select(CallRow.day).join(AuditRow, AuditRow.call_id == CallRow.call_id)
    query = query.where(AuditRow.superseded_at.is_(None), which)
    return sorted(connection.execute(query.distinct()).scalars())


def newest_day(connection: Connection) -> date | None:
    """The last day that was counted."""
    return connection.execute(select(func.max(MachineDayRow.day))).scalar_one()


def _insert(connection: Connection, table: type[Any], counted: Any) -> None:
    names = [column.name for column in counted.selected_columns]
    connection.execute(insert(table).from_select(names, counted))


def _calls(day: date, now: datetime) -> Any:
    query = select(
        literal(day).label("day"),
        AuditRow.scorecard_sha256,
        func.count().label("audits"),
        func.sum(case((FRAME, 1), else_=0)).label("calls"),
        literal(now, UtcDateTime).label("counted_at"),
    )
    return _of_day(query, day).group_by(AuditRow.scorecard_sha256)


def _answers(day: date) -> Any:
    key = (AuditRow.scorecard_sha256, AnswerRow.criterion_id, AnswerRow.answer, AnswerRow.standing)
    query = select(literal(day).label("day"), *key, func.count().label("calls"))
    joined = _of_day(query, day).join(AnswerRow, AnswerRow.audit_id == AuditRow.audit_id)
    return joined.where(FRAME).group_by(*key)


def _of_day(query: Any, day: date) -> Any:
    joined = query.select_from(AuditRow).join(CallRow, CallRow.call_id == AuditRow.call_id)
    of_day = CallRow.day == day, lies_among_those_of_day(day, AuditRow.call_id)
    return joined.where(*of_day, AuditRow.superseded_at.is_(None))
