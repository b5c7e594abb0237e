"""Scorecard versions: recorded at their first use, never changed; the one promoted last is the default."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import UTC, date, datetime

from sqlalchemy import ColumnElement, Connection, func, select, update

from include.calls.call import CallState
from include.database.calls import ids_of
from include.database.engine import insert_missing
from include.database.given import among
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


def used_by_others(connection: Connection, day: date, sha256: str) -> dict[str, int]:
    """Which other scorecards the audits of a day stand on, by id and version, and of how many calls each."""
    named = (ScorecardRow.scorecard_id, ScorecardRow.version)
    query = (
        select(*named, func.count())
        .join(AuditRow, AuditRow.scorecard_sha256 == ScorecardRow.sha256)
        .join(CallRow, CallRow.call_id == AuditRow.call_id)
        .where(
            CallRow.day == day,
            CallRow.state == CallState.AUDITED,
            AuditRow.superseded_at.is_(None),
            AuditRow.scorecard_sha256 != sha256,
        )
        .group_by(*named)
    )
    return {f"{name} {version}": calls for name, version, calls in connection.execute(query)}


def scorecard_id_of(connection: Connection, batch_id: str) -> str | None:
    """The id of the scorecard that a batch was opened with; None when it was opened without."""
    query = select(ScorecardRow.scorecard_id).join(BatchRow)
    return connection.execute(query.where(BatchRow.batch_id == batch_id)).scalar_one_or_none()


def given_answers(
    connection: Connection, recordings: Iterable[CallKey], *where: ColumnElement[bool]
) -> dict[CallKey, dict[str, str]]:
    """Answer by criterion of the calls of some recordings; where a call has several audits, of the newest.

    Args:
        connection: For reading.
        recordings: Which calls.
        where: Which audits, in terms of `AuditRow` and `CallRow`.
    """
    calls = ids_of(connection, recordings)
    query = (
        select(AuditRow.call_id, AnswerRow.criterion_id, AnswerRow.answer)
        .join(CallRow, CallRow.call_id == AuditRow.call_id)
        .join(AnswerRow, AnswerRow.audit_id == AuditRow.audit_id)
        .where(among(connection, AuditRow.call_id, calls), *where)
        .order_by(AuditRow.created_at)
    )
    answers: dict[CallKey, dict[str, str]] = defaultdict(dict)
    for row in connection.execute(query):
        answers[calls[row.call_id]][row.criterion_id] = row.answer
    return dict(answers)
