"""The rows that answers of the LLM become."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from include import __version__
from include.database.columns import Base
from include.database.models import (
    AnswerRow,
    AuditRow,
    CallCommitmentRow,
    CallEntityRow,
    CallFactsRow,
    CallReasonRow,
    CallSignalRow,
)
from include.llm.facts import Understanding
from include.scorecards.assessment import AssessedAnswer, Assessment
from include.scorecards.schema import Scorecard

Rows = list[tuple[type[Base], Mapping[str, Any]]]


def facts_rows(understanding: Understanding, call_id: str, batch_id: str, identity: str) -> Rows:
    """The facts of a call, and what they consist of.

    Args:
        understanding: LLM1's, checked.
        call_id: Of the call that they are about; an answer may have been paid for by another one.
        batch_id: Of the run that they are found in.
        identity: Of the answer.
    """
    facts_id = str(uuid4())
    facts = {
        "facts_id": facts_id,
        "call_id": call_id,
        "batch_id": batch_id,
        "llm_identity": identity,
        "call_type": understanding.call_type,
        "analysable": understanding.analysable,
        "resolution": understanding.resolution,
        "sentiment_start": understanding.sentiment_start,
        "sentiment_end": understanding.sentiment_end,
        "summary": understanding.summary,
        "issue": understanding.issue,
        "actions_taken": understanding.actions_taken,
        "outcome": understanding.outcome,
        "next_steps": understanding.next_steps,
        "participants": [one.model_dump(mode="json") for one in understanding.participants],
        "quality_issues": understanding.quality_issues,
        "dropped": understanding.dropped,
        "created_at": datetime.now(UTC),
    }
    return [(CallFactsRow, facts), *_parts(understanding, facts_id)]


def _parts(understanding: Understanding, facts_id: str) -> Rows:
    reasons: Rows = [
        (
            CallReasonRow,
            {
                "facts_id": facts_id,
                "code": reason.code,
                "is_primary": reason.primary,
                "turn_ids": reason.turns,
            },
        )
        for reason in understanding.contact_reasons
    ]
    signals: Rows = [
        (CallSignalRow, {"facts_id": facts_id, "kind": signal.kind, "turn_ids": signal.turns})
        for signal in understanding.signals
    ]
    commitments: Rows = [
        (
            CallCommitmentRow,
            {
                "facts_id": facts_id,
                "number": number,
                "promised_by": commitment.by,
                "promise": commitment.text,
                "due": commitment.due,
                "turn_id": commitment.turn,
            },
        )
        for number, commitment in enumerate(understanding.commitments, start=1)
    ]
    entities: Rows = [
        (
            CallEntityRow,
            {
                "facts_id": facts_id,
                "number": number,
                "type": entity.type,
                "text": entity.text,
                "pii": entity.pii,
                "turn_id": entity.turn,
            },
        )
        for number, entity in enumerate(understanding.entities, start=1)
    ]
    return [*reasons, *signals, *commitments, *entities]


def audit_rows(scorecard: Scorecard, assessment: Assessment, batch_id: str, identity: str) -> Rows:
    """An audit and its answers."""
    audit_id = str(uuid4())
    audit = {
        "audit_id": audit_id,
        "call_id": assessment.call_id,
        "batch_id": batch_id,
        "scorecard_sha256": scorecard.sha256,
        "transcript_sha256": assessment.transcript_sha256,
        "llm_identity": identity,
        "pct": assessment.pct,
        "band": assessment.band,
        "passed": assessment.passed,
        "auto_failed": assessment.auto_failed,
        "needs_review": assessment.needs_review or assessment.not_auditable is not None,
        "review_reasons": [*assessment.review_reasons, *filter(None, [assessment.not_auditable])],
        "speaks_to_model": [one.model_dump(mode="json") for one in assessment.speaks_to_model],
        "strengths": assessment.strengths,
        "coaching": [one.model_dump(mode="json") for one in assessment.coaching],
        "comment": assessment.comment,
        "sections": [section.model_dump(mode="json") for section in assessment.sections],
        "created_at": datetime.now(UTC),
        "cofi_version": __version__,
    }
    return [(AuditRow, audit), *((AnswerRow, _answer_row(audit_id, one)) for one in assessment.answers)]


def _answer_row(audit_id: str, answer: AssessedAnswer) -> dict[str, Any]:
    return {
        "audit_id": audit_id,
        "criterion_id": answer.criterion_id,
        "answer": answer.answer,
        "answered_by": answer.answered_by,
        "justification": answer.justification,
        "confidence": answer.confidence,
        "standing": answer.standing,
        "earned": answer.earned,
        "potential": answer.potential,
        "auto_fail": answer.auto_fail,
        "review_reasons": answer.review_reasons,
        "opinions": [opinion.model_dump(mode="json") for opinion in answer.opinions],
        "evidence": [evidence.model_dump(mode="json") for evidence in answer.evidence],
        "absence": answer.absence and answer.absence.model_dump(mode="json"),
    }
