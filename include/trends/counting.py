"""Counts a day's official scores and answers: once, and again when one of them changed."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    case,
    delete,
    func,
    insert,
    literal,
    select,
)

from include.database import official
from include.database.accounted import accounted_for, lies_among_those_of_day
from include.database.columns import UtcDateTime
from include.database.models import (
    AnswerRow,
    AuditRow,
    BatchCallRow,
    CallRow,
    ReviewedScoreRow,
    ScorecardRow,
    TranscriptRow,
    TrendAnswerRow,
    TrendScoreRow,
)
from include.trends.dimensions import Dimension, group_of, label_of
from include.trends.met import COUNTED, HOW_MET, Met


def count_days(connection: Connection, days: Iterable[date], now: datetime | None = None) -> None:
    """Counts these days anew; two statements to forget and ten to count, each day.

    Args:
        connection: In a transaction.
        days: Of calls whose audits, or people's answers to them, have changed.
        now: When; this moment by default.
    """
    now = now or datetime.now(UTC)
    for day in sorted(set(days)):
        of_day = (CallRow.day == day) & lies_among_those_of_day(day, AuditRow.call_id)
        for table in (TrendScoreRow, TrendAnswerRow):
            connection.execute(delete(table).where(table.day == day))
        for dimension in Dimension:
            scores = scores_of(of_day, dimension)
            counted_at = literal(now, UtcDateTime).label("counted_at")
            _insert(connection, TrendScoreRow, scores.add_columns(counted_at))
            _insert(connection, TrendAnswerRow, answers_of(of_day, dimension))


def days_of_run(connection: Connection, batch_id: str) -> list[date]:
    """The days of the calls that a run accounts for."""
    calls = select(CallRow.day).join(BatchCallRow, BatchCallRow.call_id == CallRow.call_id)
    return list(connection.execute(calls.where(accounted_for(batch_id)).distinct()).scalars())


def uncounted_days(connection: Connection) -> list[date]:
    """Days with audits that were never counted: an older version's."""
    counted = select(TrendScoreRow.day).where(TrendScoreRow.dimension == Dimension.ALL)
    audited = select(CallRow.day).join(AuditRow, AuditRow.call_id == CallRow.call_id)
    missing = audited.where(AuditRow.superseded_at.is_(None), CallRow.day.not_in(counted))
    return sorted(connection.execute(missing.distinct()).scalars())


def stale_days(connection: Connection, first: date, last: date) -> list[date]:
    """Days on which people have answered since they were counted, or that were never counted."""
    counted = _counted_at(connection, first, last)
    span = [first + timedelta(days=n) for n in range((last - first).days + 1)]
    never = _reviewed(connection, CallRow.day.in_([day for day in span if day not in counted]))
    if not counted:
        return sorted(never)
    # Of people's answers, only those are read that are newer than the first of these counts.
    newer = ReviewedScoreRow.reviewed_at > min(counted.values())
    later = _reviewed(connection, CallRow.day.between(first, last), newer)
    return sorted([*never, *(day for day, at in later.items() if day in counted and at > counted[day])])


def _counted_at(connection: Connection, first: date, last: date) -> dict[date, datetime]:
    table = TrendScoreRow
    query = select(table.day, func.min(table.counted_at).label("at")).group_by(table.day)
    of_all = query.where(table.day.between(first, last), table.dimension == Dimension.ALL)
    return {row.day: row.at for row in connection.execute(of_all)}


def _reviewed(connection: Connection, *which: ColumnElement[bool]) -> dict[date, datetime]:
    """Days of calls that people have answered about, and when they did so last."""
    query = select(CallRow.day, func.max(ReviewedScoreRow.reviewed_at).label("at")).group_by(CallRow.day)
    joined = query.join(ReviewedScoreRow, ReviewedScoreRow.call_id == CallRow.call_id)
    return {row.day: row.at for row in connection.execute(joined.where(*which))}


def _insert(connection: Connection, table: type[Any], counted: Select[Any]) -> None:
    names = [column.name for column in counted.selected_columns]
    connection.execute(insert(table).from_select(names, counted))


def scores_of(which: ColumnElement[bool], dimension: Dimension) -> Any:
    """The official scores of some calls, by day, scorecard and group: `trend_scores` without `counted_at`."""
    pct = official.PCT
    query = select(
        *_keys(dimension),
        func.max(label_of(dimension)).label("label"),
        func.count().label("calls"),
        func.count(pct).label("scored"),
        func.coalesce(func.sum(pct), 0.0).label("sum_pct"),
        func.coalesce(func.sum(pct * pct), 0.0).label("sum_squares"),
        func.count(official.PASSED).label("judged"),
        _number_of(official.PASSED).label("passed"),
        _number_of(official.AUTO_FAILED).label("auto_failed"),
        _number_of(official.NEEDS_REVIEW).label("needs_review"),
        _number_of(official.REVIEWED).label("reviewed"),
    )
    return _of(query, which, dimension).group_by(*_groups(dimension))


def answers_of(which: ColumnElement[bool], dimension: Dimension) -> Any:
    """The official answers to some calls, likewise, and by criterion: `trend_answers`."""
    query = select(
        *_keys(dimension),
        AnswerRow.criterion_id,
        _number_of(COUNTED).label("counted"),
        _number_of(HOW_MET[Met.MET]).label("met"),
        _number_of(HOW_MET[Met.UNKNOWN]).label("unknown"),
    )
    joined = _of(query, which, dimension).join(AnswerRow, AnswerRow.audit_id == AuditRow.audit_id)
    return joined.outerjoin(*official.ANSWERS).group_by(*_groups(dimension), AnswerRow.criterion_id)


def _keys(dimension: Dimension) -> list[ColumnElement[Any]]:
    return [
        CallRow.day.label("day"),
        ScorecardRow.scorecard_id.label("scorecard_id"),
        literal(dimension.value).label("dimension"),
        group_of(dimension).label("name"),
    ]


def _groups(dimension: Dimension) -> list[ColumnElement[Any]]:
    own = [] if dimension is Dimension.ALL else [group_of(dimension)]
    return [CallRow.__table__.c.day, ScorecardRow.__table__.c.scorecard_id, *own]


def _of(query: Any, which: ColumnElement[bool], dimension: Dimension) -> Any:
    joined = (
        query.select_from(AuditRow)
        .join(CallRow, CallRow.call_id == AuditRow.call_id)
        .join(ScorecardRow, ScorecardRow.sha256 == AuditRow.scorecard_sha256)
        .outerjoin(TranscriptRow, TranscriptRow.call_id == CallRow.call_id)
        .outerjoin(*official.SCORE)
    )
    return joined.where(which, AuditRow.superseded_at.is_(None), group_of(dimension).is_not(None))


def _number_of(condition: ColumnElement[bool]) -> ColumnElement[int]:
    return func.coalesce(func.sum(case((condition, 1), else_=0)), 0)
