"""What people answered in reviews, as gold labels: what the machine is measured and promoted by.

All of them show errors. Those of the random sample that were given blind also show how often errors are: only
they are taken where a share is told, as what risk rules find is worse than the rest, and who has seen the
machine's answer tends to follow it.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, and_, exists, or_, select
from sqlalchemy.orm import aliased

from include.database.models import AuditRow, CallRow, DisputeRow, ReviewAnswerRow
from include.review.carrying import recorded, same_question
from include.review.items import Sample
from include.scorecards.gold import CallKey, Label, Labels
from include.scorecards.schema import Scorecard

_BY_CHANCE = (Sample.RANDOM, Sample.PASSES)
_READ_AT_ONCE = 500


def reviewed_labels(
    connection: Connection,
    scorecard: Scorecard,
    *,
    unbiased: bool = False,
    first: date | None = None,
    last: date | None = None,
    calls: Select[tuple[str]] | None = None,
) -> Labels:
    """The last answers of people, by call and criterion, as far as a scorecard asks what they were asked.

    Args:
        connection: For reading.
        scorecard: Whose answers are to be measured.
        unbiased: Only those of the random sample that were given blind; else all, and decisions of disputes.
        first: Day of the calls.
        last: Day of the calls.
        calls: Ids of the calls whose answers are compared; all of them else.
    """
    found: dict[CallKey, dict[str, Label]] = defaultdict(dict)
    query = _rows(unbiased=unbiased, first=first, last=last)
    if calls is not None:
        query = query.where(ReviewAnswerRow.call_id.in_(calls))
    for row in _asked_alike(connection, query, scorecard):
        found[row.day, row.path][row.criterion_id] = Label(row.answer, _place(row))
    return dict(found)


def has_labels(connection: Connection, scorecard: Scorecard, *, unbiased: bool) -> bool:
    """Whether there is any such answer: no more are read than until the first is found."""
    query = _rows(unbiased=unbiased, first=None, last=None)
    return any(True for _ in _asked_alike(connection, query, scorecard))


def are_reviewed(connection: Connection, *, first: date, last: date) -> bool:
    """Whether people have answered blind to calls of the random sample of these days."""
    return connection.execute(_rows(unbiased=True, first=first, last=last).limit(1)).first() is not None


def together(gold: Labels, reviewed: Labels) -> Labels:
    """Labels of a file and of reviews; where both have one, the file's: it was written to be the truth."""
    found: dict[CallKey, Mapping[str, str]] = dict(reviewed)
    for key, of_call in gold.items():
        found[key] = {**reviewed.get(key, {}), **of_call}
    return found


def _asked_alike(connection: Connection, query: Any, scorecard: Scorecard) -> Iterator[Row[Any]]:
    """Answers to questions that a scorecard asks too, some read at a time."""
    asked: dict[str, Scorecard] = {}
    with connection.execute(query.execution_options(yield_per=_READ_AT_ONCE)) as rows:
        for row in rows:
            if row.scorecard_sha256 not in asked:
                asked[row.scorecard_sha256] = recorded(connection, row.scorecard_sha256)
            if same_question(asked[row.scorecard_sha256], scorecard, row.criterion_id):
                yield row


def _rows(*, unbiased: bool, first: date | None, last: date | None) -> Any:
    """The newest answer to each criterion of each call, of those that count.

    That there is a newer one is asked answer by answer: of a long history, only the days asked for are read.
    """
    row, newer = ReviewAnswerRow, aliased(ReviewAnswerRow)
    same = (newer.call_id == row.call_id, newer.criterion_id == row.criterion_id, newer.id > row.id)
    columns = (CallRow.day, CallRow.path, row.criterion_id, row.answer, row.reviewer, row.answered_at)
    query = select(*columns, AuditRow.scorecard_sha256).join(CallRow, CallRow.call_id == row.call_id)
    query = query.join(AuditRow, AuditRow.audit_id == row.audit_id)
    query = query.where(_counts(row, unbiased), ~exists().where(*same, _counts(newer, unbiased)))
    query = query.where(row.answer.is_not(None))
    query = query.where(CallRow.day >= first) if first else query
    return query.where(CallRow.day <= last) if last else query


def _counts(row: Any, unbiased: bool) -> ColumnElement[bool]:
    if unbiased:
        return and_(row.blind, row.sample.in_(_BY_CHANCE))
    # What a dispute decided is not undone by a later review.
    decided = select(DisputeRow.dispute_id).where(
        DisputeRow.call_id == row.call_id,
        DisputeRow.criterion_id == row.criterion_id,
        DisputeRow.answer.is_not(None),
    )
    return or_(row.dispute_id.is_not(None), ~decided.exists())


def _place(row: Row[Any]) -> str:
    return f"review of {row.path} ({row.day}) by {row.reviewer}, {row.answered_at:%Y-%m-%d}"
