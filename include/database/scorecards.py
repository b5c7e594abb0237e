"""Scorecard versions: recorded at their first use, never changed; the one promoted last is the default."""

from collections import defaultdict
from collections.abc import Collection
from datetime import UTC, date, datetime

from sqlalchemy import ColumnElement, Connection, select, update

from include.database.engine import insert_missing
from include.database.models import AnswerRow, AuditRow, BatchRow, CallRow, ScorecardRow
from include.errors import InvalidInput
from include.scorecards.gold import CallKey
from include.scorecards.schema import Scorecard
from include.scorecards.stored import stored_scorecard


def record(connection: Connection, scorecard: Scorecard) -> None:
    """Keeps a version's content.

    Raises:
        InvalidInput: The version was used with another content.
    """
    query = select(ScorecardRow.scorecard, ScorecardRow.sha256).where(
        ScorecardRow.scorecard_id == scorecard.id,
        ScorecardRow.version == scorecard.version,
        ScorecardRow.sha256 != scorecard.sha256,
    )
    for row in connection.execute(query):
        # A field that a newer cofi has added or dropped changes the hash, not the content.
        if stored_scorecard(row.scorecard, row.sha256).content_sha256 != scorecard.content_sha256:
            raise InvalidInput(
                f"Scorecard {scorecard.id}, version {scorecard.version}, was used with another content: give "
                "the changed one a new version."
            )
    insert_missing(connection, ScorecardRow, [row_of(scorecard)])


def row_of(scorecard: Scorecard) -> dict[str, object]:
    """A version's row."""
    return {
        "sha256": scorecard.sha256,
        "scorecard_id": scorecard.id,
        "version": scorecard.version,
        "scorecard": scorecard.model_dump(mode="json"),
        "first_used_at": datetime.now(UTC),
    }


def promoted(connection: Connection) -> Scorecard | None:
    """The version that was promoted last."""
    query = select(ScorecardRow.scorecard, ScorecardRow.sha256).where(ScorecardRow.promoted_at.is_not(None))
    row = connection.execute(query.order_by(ScorecardRow.promoted_at.desc()).limit(1)).one_or_none()
    return stored_scorecard(row.scorecard, row.sha256) if row else None


def promote(connection: Connection, sha256: str) -> None:
    """Makes a recorded version the default."""
    version = update(ScorecardRow).where(ScorecardRow.sha256 == sha256)
    connection.execute(version.values(promoted_at=datetime.now(UTC)))


def scorecard_of(connection: Connection, batch_id: str) -> Scorecard:
    """The version that a batch was opened with."""
    query = select(ScorecardRow.scorecard, ScorecardRow.sha256).join(BatchRow)
    row = connection.execute(query.where(BatchRow.batch_id == batch_id)).one()
    return stored_scorecard(row.scorecard, row.sha256)


def scorecard_id_of(connection: Connection, batch_id: str) -> str | None:
    """The id of the scorecard that a batch was opened with; None when it was opened without."""
    query = select(ScorecardRow.scorecard_id).join(BatchRow)
    return connection.execute(query.where(BatchRow.batch_id == batch_id)).scalar_one_or_none()


def given_answers(
    connection: Connection, days: Collection[date], *where: ColumnElement[bool]
) -> dict[CallKey, dict[str, str]]:
    """Answer by criterion of the calls of some days; where a call has several audits, of the newest.

    Args:
        connection: For reading.
        days: Which days.
        where: Which audits, in terms of `AuditRow`.
    """
    query = (
        select(CallRow.day, CallRow.path, AnswerRow.criterion_id, AnswerRow.answer)
        .join(AuditRow, AuditRow.call_id == CallRow.call_id)
        .join(AnswerRow, AnswerRow.audit_id == AuditRow.audit_id)
        .where(CallRow.day.in_(days), *where)
        .order_by(AuditRow.created_at)
    )
    answers: dict[CallKey, dict[str, str]] = defaultdict(dict)
    for row in connection.execute(query):
        answers[row.day, row.path][row.criterion_id] = row.answer
    return dict(answers)
