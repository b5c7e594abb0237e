"""What people answered about a call stands on when the call is audited anew."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, func, select

from include.database.engine import chunks
from include.database.given import among
from include.database.models import (
    AuditRow,
    ReviewAnswerRow,
    ReviewedAnswerRow,
    ReviewedScoreRow,
    ScorecardRow,
)
from include.review.material import audited, standing_answers
from include.review.settling import settle
from include.scorecards.schema import Scorecard
from include.scorecards.stored import stored_scorecard


def carry_over(connection: Connection, call_ids: Sequence[str], now: datetime) -> dict[str, frozenset[str]]:
    """Lets the newest standing answers of people stand for the current audits of some calls.

    An answer goes over where the new scorecard asks the same: same text, instructions and options.

    Returns:
        Criteria that people have answered, of each call with any.
    """
    scorecards: dict[str, Scorecard] = {}
    carried = {}
    for some in chunks(call_ids):
        for call_id, reviewed_sha256, audit_id in _reviewed_before(connection, some):
            call = audited(connection, call_id)
            if reviewed_sha256 not in scorecards:
                scorecards[reviewed_sha256] = recorded(connection, reviewed_sha256)
            old = scorecards[reviewed_sha256]
            rows = select(ReviewAnswerRow.__table__).join(
                ReviewedAnswerRow, ReviewedAnswerRow.given == ReviewAnswerRow.id
            )
            given = connection.execute(rows.where(ReviewedAnswerRow.audit_id == audit_id)).all()
            # Somebody may have answered the new audit already.
            stands = standing_answers(connection, call.audit_id)
            kept = [
                row
                for row in given
                if row.criterion_id not in stands and same_question(old, call.scorecard, row.criterion_id)
            ]
            if kept:
                settle(
                    connection, call, kept, {"cause": "rescore", "by": None, "audit_id": call.audit_id}, now
                )
                carried[call_id] = frozenset(row.criterion_id for row in kept) | stands.keys()
    return carried


def same_question(old: Scorecard, new: Scorecard, criterion_id: str) -> bool:
    """Whether two versions ask the same in a criterion: a person's answer to the one is one to the other."""

    def asked(card: Scorecard) -> object:
        one = next((one for one in card.criteria if one.id == criterion_id), None)
        return one and (one.text, one.instructions, one.na_rule, [option.key for option in one.options])

    return asked(old) is not None and asked(old) == asked(new)


def _reviewed_before(connection: Connection, call_ids: Sequence[str]) -> list[tuple[str, str, str]]:
    """Calls with the scorecard and the audit that people reviewed last, of those before the current one."""
    place = func.row_number().over(
        partition_by=ReviewedScoreRow.call_id, order_by=ReviewedScoreRow.reviewed_at.desc()
    )
    columns = (ReviewedScoreRow.call_id, AuditRow.scorecard_sha256, AuditRow.audit_id)
    query = select(*columns, place.label("place")).join(
        AuditRow, AuditRow.audit_id == ReviewedScoreRow.audit_id
    )
    before = AuditRow.superseded_at.is_not(None)
    newest = query.where(among(connection, ReviewedScoreRow.call_id, call_ids), before).subquery()
    rows = connection.execute(select(newest).where(newest.c.place == 1))
    return [(row.call_id, row.scorecard_sha256, row.audit_id) for row in rows]


def recorded(connection: Connection, sha256: str) -> Scorecard:
    """A version as it was recorded."""
    content = connection.execute(
        select(ScorecardRow.scorecard).where(ScorecardRow.sha256 == sha256)
    ).scalar_one()
    return stored_scorecard(content, sha256)
