"""The machine's answers and people's side by side, with what stands: what the page of a call shows."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, select

from include.database.models import AuditRow, ReviewAnswerRow, ReviewedAnswerRow
from include.review.answering import Kind, Reason, Verdict
from include.review.items import Sample
from include.review.material import Audited, audited, newest_of_item, standing_answers
from include.review.settling import OfficialScore, official_score
from include.scorecards.assessment import AssessedAnswer


@dataclass(frozen=True)
class PersonsAnswer:
    """An answer that somebody gave; None for a transcript error without one."""

    answer: str | None
    verdict: Verdict
    kind: Kind
    reason: Reason | None
    comment: str
    turn_id: str | None
    right_words: str | None
    reviewer: str
    sample: Sample | None
    blind: bool
    seconds: float | None
    answered_at: datetime


@dataclass(frozen=True)
class Beside:
    """One criterion with the machine's answer and those of people.

    Attributes:
        machine: The machine's answer.
        people: All that people answered, the newest first.
        stands: What counts: one of people's, what follows from one, or the machine's.
        by_people: Whether a person's answer stands.
    """

    criterion_id: str
    machine: AssessedAnswer
    people: tuple[PersonsAnswer, ...]
    stands: AssessedAnswer
    by_people: bool


@dataclass(frozen=True)
class CallReview:
    """A call's current audit by machine and people.

    Attributes:
        machine: The machine's score; `official` the one that counts.
        preview: What it would be if the item that is being answered were finished now; None where no item.
    """

    call: Audited
    machine: OfficialScore
    official: OfficialScore
    preview: OfficialScore | None
    criteria: tuple[Beside, ...]


def review_of(connection: Connection, call_id: str, item_id: str | None = None) -> CallReview:
    """Reads both sides of a call.

    Args:
        connection: For reading.
        call_id: Of the call.
        item_id: Of the item that is being answered, for the preview.

    Raises:
        InvalidInput: The call has not been audited.
    """
    call = audited(connection, call_id)
    standing = standing_answers(connection, call.audit_id)
    follows = select(ReviewedAnswerRow.criterion_id).where(ReviewedAnswerRow.audit_id == call.audit_id)
    replaced = set(connection.execute(follows).scalars())
    said = _said(connection, call_id)
    stands = {one.criterion_id: one for one in call.standing(_answers(standing)).answers}
    machine = select(AuditRow.pct, AuditRow.band, AuditRow.passed, AuditRow.auto_failed)
    found = connection.execute(machine.where(AuditRow.audit_id == call.audit_id)).one()
    return CallReview(
        call=call,
        machine=OfficialScore(*found, reviewed=False),
        official=official_score(connection, call.audit_id),
        preview=_preview(connection, call, standing, item_id) if item_id else None,
        criteria=tuple(
            Beside(
                criterion_id=criterion.id,
                machine=call.machine[criterion.id],
                people=tuple(said.get(criterion.id, ())),
                stands=stands[criterion.id] if criterion.id in replaced else call.machine[criterion.id],
                by_people=criterion.id in standing,
            )
            for criterion in call.scorecard.criteria
            if criterion.id in call.machine
        ),
    )


def _preview(
    connection: Connection, call: Audited, standing: dict[str, Row[Any]], item_id: str
) -> OfficialScore:
    given = newest_of_item(connection, item_id, call.audit_id)
    rows = given | {
        name: row for name, row in standing.items() if row.kind == Kind.DISPUTE or name not in given
    }
    score = call.standing(_answers(rows)).score
    return OfficialScore(score.pct, score.band, score.passed, score.auto_failed, reviewed=bool(rows))


def _answers(rows: dict[str, Row[Any]]) -> dict[str, str | None]:
    return {name: row.answer for name, row in rows.items()}


def _said(connection: Connection, call_id: str) -> dict[str, list[PersonsAnswer]]:
    query = select(ReviewAnswerRow.__table__).where(ReviewAnswerRow.call_id == call_id)
    found: dict[str, list[PersonsAnswer]] = {}
    for row in connection.execute(query.order_by(ReviewAnswerRow.id.desc())):
        found.setdefault(row.criterion_id, []).append(
            PersonsAnswer(
                answer=row.answer,
                verdict=Verdict(row.verdict),
                kind=Kind(row.kind),
                reason=Reason(row.reason_code) if row.reason_code else None,
                comment=row.reason,
                turn_id=row.turn_id,
                right_words=row.right_words,
                reviewer=row.reviewer,
                sample=Sample(row.sample) if row.sample in list(Sample) else None,
                blind=row.blind,
                seconds=row.seconds,
                answered_at=row.answered_at,
            )
        )
    return found
