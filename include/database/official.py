"""The official score and answers of an audit in SQL: people's where there are any, else the machine's.

select(official.PCT).select_from(AuditRow).outerjoin(*official.SCORE)
select(official.ANSWER).select_from(AnswerRow).outerjoin(*official.ANSWERS)
"""

from typing import Any

from sqlalchemy import ColumnElement, and_, case

from include.database.models import AnswerRow, AuditRow, ReviewedAnswerRow, ReviewedScoreRow

# What a query of audits, or of answers, is outer-joined with, and on what.
SCORE = (ReviewedScoreRow, ReviewedScoreRow.audit_id == AuditRow.audit_id)
ANSWERS = (
    ReviewedAnswerRow,
    and_(
        ReviewedAnswerRow.audit_id == AnswerRow.audit_id,
        ReviewedAnswerRow.criterion_id == AnswerRow.criterion_id,
    ),
)

REVIEWED: ColumnElement[bool] = ReviewedScoreRow.audit_id.is_not(None)
ANSWER_REVIEWED: ColumnElement[bool] = ReviewedAnswerRow.audit_id.is_not(None)


def _of_score(name: str) -> Any:
    # No coalesce: a reviewed score may be unknown where the machine's is not.
    return case((REVIEWED, getattr(ReviewedScoreRow, name)), else_=getattr(AuditRow, name))


def _of_answer(name: str) -> Any:
    return case((ANSWER_REVIEWED, getattr(ReviewedAnswerRow, name)), else_=getattr(AnswerRow, name))


PCT, BAND, PASSED = _of_score("pct"), _of_score("band"), _of_score("passed")
AUTO_FAILED, NEEDS_REVIEW = _of_score("auto_failed"), _of_score("needs_review")
REVIEW_REASONS = _of_score("review_reasons")
ANSWER, STANDING, AUTO_FAIL = _of_answer("answer"), _of_answer("standing"), _of_answer("auto_fail")
EARNED, POTENTIAL = _of_answer("earned"), _of_answer("potential")
ANSWERED_BY: Any = case((ReviewedAnswerRow.given.is_not(None), "human"), else_=AnswerRow.answered_by)
