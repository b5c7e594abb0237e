"""The score that counts where people have answered, as the same sum that the machine's is told by."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

from sqlalchemy import Connection, Row, select

from include.call_pages.score import Section, sections_of, why
from include.database.models import AnswerRow, AuditRow, ReviewedAnswerRow, ReviewedScoreRow, ScorecardRow

_STANDS = ("answer", "standing", "earned", "potential", "auto_fail")


@dataclass(frozen=True)
class ReviewedScore:
    """A call's score with the answers of people in it.

    Attributes:
        why: The score in sentences, who has answered first.
        sections: Of the answers that stand: people's, what follows from these, and the machine's.
    """

    pct: float | None
    why: Sequence[str]
    sections: Sequence[Section]


def reviewed_score_of(connection: Connection, audit_id: str) -> ReviewedScore | None:
    """The score of an audit that people have reviewed; None where nobody has."""
    query = select(ReviewedScoreRow.__table__, AuditRow.pct.label("machine_pct"), ScorecardRow.scorecard)
    query = query.join(AuditRow, AuditRow.audit_id == ReviewedScoreRow.audit_id)
    query = query.join(ScorecardRow, ScorecardRow.sha256 == AuditRow.scorecard_sha256)
    row = connection.execute(query.where(ReviewedScoreRow.audit_id == audit_id)).one_or_none()
    if row is None:
        return None
    sections = sections_of(row, _standing(connection, audit_id))
    reasons = [row.not_auditable] if row.not_auditable else row.review_reasons
    came_to = SimpleNamespace(pct=row.pct, passed=row.passed, review_reasons=reasons)
    return ReviewedScore(row.pct, [_by_whom(row), *why(came_to, row.scorecard, sections)], sections)


def _standing(connection: Connection, audit_id: str) -> Mapping[str, Any]:
    """The machine's answers, with what stands in their place; evidence and words stay the machine's."""
    rows = connection.execute(select(AnswerRow.__table__).where(AnswerRow.audit_id == audit_id))
    answers = {row.criterion_id: SimpleNamespace(**row._mapping) for row in rows}
    stands = select(ReviewedAnswerRow.__table__).where(ReviewedAnswerRow.audit_id == audit_id)
    for row in connection.execute(stands):
        if row.criterion_id in answers:
            vars(answers[row.criterion_id]).update({name: getattr(row, name) for name in _STANDS})
    return answers


def _by_whom(row: Row[*tuple[Any, ...]]) -> str:
    answers = "1 answer" if row.answered == 1 else f"{row.answered} answers"
    machine = "gave no score" if row.machine_pct is None else f"came to {row.machine_pct:g}"
    people = ", ".join(row.reviewers)
    return f"{people}: {answers}, {row.changed} of them other than the machine's, which alone {machine}."
