"""Makes answers of people stand for an audit: its official answers and score, and the event."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, select

from include.database import official
from include.database.engine import upsert
from include.database.models import AuditRow, ReviewedAnswerRow, ReviewedScoreRow
from include.database.outbox import announce_review
from include.review.material import Audited, standing_answers
from include.review.rescoring import Reviewed


@dataclass(frozen=True)
class OfficialScore:
    """The score that counts; None where the call is not auditable.

    Attributes:
        reviewed: Whether people's answers are in it.
    """

    pct: float | None
    band: str | None
    passed: bool | None
    auto_failed: bool
    reviewed: bool


def official_score(connection: Connection, audit_id: str) -> OfficialScore:
    """The score of an audit that counts now."""
    columns = (official.PCT, official.BAND, official.PASSED, official.AUTO_FAILED, official.REVIEWED)
    query = select(*columns).select_from(AuditRow).outerjoin(*official.SCORE)
    return OfficialScore(*connection.execute(query.where(AuditRow.audit_id == audit_id)).one())


def settle(
    connection: Connection, call: Audited, given: Sequence[Row[Any]], cause: Mapping[str, Any], now: datetime
) -> tuple[OfficialScore, OfficialScore]:
    """Lets answers stand beside those that stand already, and queues `score.changed` if the score changes.

    What was decided in a dispute stays: a later review does not change it.

    Args:
        connection: In a transaction that has locked the call.
        call: With its current audit.
        given: Rows of `review_answers`, one at most for each criterion.
        cause: What the event tells of why: `by`, `cause` and an id.
        now: When.

    Returns:
        The official score before, and after.
    """
    before = official_score(connection, call.audit_id)
    rows = standing_answers(connection, call.audit_id)
    for row in given:
        decided = rows.get(row.criterion_id)
        if row.kind == "dispute" or decided is None or decided.kind != "dispute":
            rows[row.criterion_id] = row
    found = call.standing({name: row.answer for name, row in rows.items()})
    _keep(connection, call, found, rows, now)
    after = official_score(connection, call.audit_id)
    if (before.pct, before.band, before.passed) != (after.pct, after.band, after.passed):
        more = {
            "old": event_values(before),
            "new": event_values(after),
            "scorecard_sha256": call.scorecard.sha256,
        }
        announce_review(connection, "score.changed", call.call_id, {**more, **cause}, now)
    return before, after


def _keep(
    connection: Connection, call: Audited, found: Reviewed, rows: Mapping[str, Row[Any]], now: datetime
) -> None:
    """Replaces what stood for the audit: it all follows from the rows."""
    connection.execute(delete(ReviewedAnswerRow).where(ReviewedAnswerRow.audit_id == call.audit_id))
    changed = [
        one for one in found.answers if one.criterion_id in rows or one != call.machine.get(one.criterion_id)
    ]
    stands = [
        {
            "audit_id": call.audit_id,
            "criterion_id": one.criterion_id,
            "given": rows[one.criterion_id].id if one.criterion_id in rows else None,
            **{
                name: getattr(one, name)
                for name in ("answer", "standing", "earned", "potential", "auto_fail")
            },
        }
        for one in changed
    ]
    if stands:
        connection.execute(insert(ReviewedAnswerRow), stands)
    score = found.score
    of_score = {
        "audit_id": call.audit_id,
        "call_id": call.call_id,
        "pct": score.pct,
        "band": score.band,
        "passed": score.passed,
        "auto_failed": score.auto_failed,
        "needs_review": bool(found.reasons),
        "review_reasons": list(found.reasons),
        "sections": [section.model_dump(mode="json") for section in score.sections],
        "not_auditable": score.not_auditable,
        "answered": len(rows),
        "changed": sum(row.answer != call.machine[name].answer for name, row in rows.items()),
        "reviewers": sorted({row.reviewer for row in rows.values()}),
        "reviewed_at": now,
    }
    upsert(connection, ReviewedScoreRow, [of_score], ["audit_id"])


def event_values(score: OfficialScore) -> dict[str, Any]:
    """The fields of a score in events."""
    return {"pct": score.pct, "band": score.band, "passed": score.passed, "reviewed": score.reviewed}
