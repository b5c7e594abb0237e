"""Reads what a model stated of the answers that people have given too."""

from sqlalchemy import Connection, select

from include.database.calls import ids_of
from include.database.given import among
from include.database.models import AnswerRow, AuditRow, LlmResultRow
from include.judge.calibration import Calibration, Stated, calibrate
from include.llm.usage import is_model
from include.scorecards.gold import CallKey, Labels
from include.scorecards.schema import AnsweredBy


def calibration_of(connection: Connection, labels: Labels, scorecard_sha256: str, model: str) -> Calibration:
    """Compares the newest answers to each labelled question, under one scorecard and of one model.

    Args:
        connection: For reading.
        labels: What people answered.
        scorecard_sha256: Of the version that was answered.
        model: As it is asked for, or as the API names it: another one's confidence is another's.
    """
    calls = ids_of(connection, labels)
    query = (
        select(
            AuditRow.call_id,
            AnswerRow.criterion_id,
            AnswerRow.answer,
            AnswerRow.confidence,
            LlmResultRow.model,
        )
        .join(AnswerRow, AnswerRow.audit_id == AuditRow.audit_id)
        .join(LlmResultRow, LlmResultRow.identity == AuditRow.llm_identity)
        .where(
            among(connection, AuditRow.call_id, calls),
            AuditRow.scorecard_sha256 == scorecard_sha256,
            AnswerRow.answered_by == AnsweredBy.LLM,
            AnswerRow.confidence.is_not(None),
        )
        .order_by(AuditRow.created_at)
    )
    newest: dict[tuple[CallKey, str], Stated] = {}
    for row in connection.execute(query):
        key = calls[row.call_id]
        label = labels[key].get(row.criterion_id)
        if label is not None and is_model(row.model, model):
            newest[key, row.criterion_id] = Stated(row.confidence, row.answer == label)
    return calibrate(newest.values(), model)
