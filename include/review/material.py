"""A call's current audit as a reviewer has it before them, read from the database."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, Row, func, select

from include.database.models import (
    AnswerRow,
    AuditRow,
    CallRow,
    ReviewAnswerRow,
    ReviewedAnswerRow,
    ScorecardRow,
)
from include.errors import InvalidInput, NotForYou
from include.review.people import Actor
from include.review.rescoring import Reviewed, reviewed
from include.scorecards.assessment import AssessedAnswer
from include.scorecards.schema import Scorecard
from include.scorecards.scoring import score
from include.scorecards.stored import stored_scorecard


@dataclass(frozen=True)
class Audited:
    """A call with its current audit.

    Attributes:
        agents: The names and ids that the call has for its agent.
        machine: The machine's answers, by criterion.
        no_audit: Why the machine could not audit the call at all; None when it could.
    """

    call_id: str
    audit_id: str
    batch_id: str
    day: date
    agents: tuple[str | None, ...]
    scorecard: Scorecard
    machine: Mapping[str, AssessedAnswer]
    no_audit: str | None
    audited_at: datetime

    def standing(self, people: Mapping[str, str | None]) -> Reviewed:
        """What the audit comes to with these answers of people."""
        return reviewed(self.scorecard, self.machine, people, self.no_audit)


def audited(connection: Connection, call_id: str) -> Audited:
    """Reads a call's current audit.

    Raises:
        InvalidInput: There is no such call, or it has not been audited.
    """
    columns = (AuditRow.__table__, CallRow.day, CallRow.agent, CallRow.agent_id)
    query = select(*columns, ScorecardRow.scorecard)
    query = query.join(CallRow, CallRow.call_id == AuditRow.call_id)
    query = query.join(ScorecardRow, ScorecardRow.sha256 == AuditRow.scorecard_sha256)
    row = connection.execute(
        query.where(AuditRow.call_id == call_id, AuditRow.superseded_at.is_(None))
    ).one_or_none()
    if row is None:
        raise InvalidInput(f"Call {call_id} has no audit: there is nothing to review.")
    scorecard = stored_scorecard(row.scorecard, row.scorecard_sha256)
    answers = connection.execute(select(AnswerRow.__table__).where(AnswerRow.audit_id == row.audit_id))
    known = {criterion.id for criterion in scorecard.criteria}
    machine = {one.criterion_id: _assessed(scorecard, one) for one in answers if one.criterion_id in known}
    return Audited(
        call_id=call_id,
        audit_id=row.audit_id,
        batch_id=row.batch_id,
        day=row.day,
        agents=(row.agent, row.agent_id),
        scorecard=scorecard,
        machine=machine,
        no_audit=_no_audit(scorecard, machine, row),
        audited_at=row.created_at,
    )


def not_own(actor: Actor, call: Audited) -> None:
    """Nobody judges their own calls.

    Raises:
        NotForYou: The actor is the call's agent.
    """
    if actor.speaks_in(call.agents):
        raise NotForYou(f"{actor.user} is the agent of call {call.call_id}: somebody else reviews it.")


def standing_answers(connection: Connection, audit_id: str) -> dict[str, Row[Any]]:
    """The people's answers that stand for an audit, by criterion: rows of `review_answers`."""
    query = select(ReviewAnswerRow.__table__).join(
        ReviewedAnswerRow, ReviewedAnswerRow.given == ReviewAnswerRow.id
    )
    rows = connection.execute(query.where(ReviewedAnswerRow.audit_id == audit_id))
    return {row.criterion_id: row for row in rows}


def newest_of_item(connection: Connection, item_id: str, audit_id: str) -> dict[str, Row[Any]]:
    """The last answer to each criterion of an audit that was given to an item, by criterion."""
    newest = select(func.max(ReviewAnswerRow.id)).where(
        ReviewAnswerRow.item_id == item_id, ReviewAnswerRow.audit_id == audit_id
    )
    rows = select(ReviewAnswerRow.__table__).where(
        ReviewAnswerRow.id.in_(newest.group_by(ReviewAnswerRow.criterion_id))
    )
    return {row.criterion_id: row for row in connection.execute(rows)}


def _assessed(scorecard: Scorecard, row: Row[Any]) -> AssessedAnswer:
    criterion = scorecard.criterion(row.criterion_id)
    return AssessedAnswer(
        criterion_id=criterion.id,
        section_id=criterion.section,
        answer=row.answer,
        answered_by=row.answered_by,
        severity=criterion.severity,
        evidence=row.evidence,
        absence=row.absence,
        justification=row.justification,
        confidence=row.confidence,
        standing=row.standing,
        earned=row.earned or 0,
        potential=row.potential or 0,
        weight=scorecard.share(criterion.id),
        auto_fail=row.auto_fail,
        review_reasons=row.review_reasons,
        opinions=row.opinions,
    )


def _no_audit(scorecard: Scorecard, machine: Mapping[str, AssessedAnswer], row: Row[Any]) -> str | None:
    """The reason is the last of those that were stored, where the answers alone would give a score."""
    if row.pct is not None:
        return None
    in_order = [machine[criterion.id] for criterion in scorecard.criteria if criterion.id in machine]
    of_answers = score(scorecard, in_order).not_auditable
    reason = row.review_reasons[-1] if row.review_reasons else "the machine could not audit it"
    return None if of_answers == reason else str(reason)
