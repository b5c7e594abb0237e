"""What the scorecards of several calls ask: without the answers, of which a list has no need."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, select

from include.call_pages.score import Option, options_of
from include.database.models import AuditRow, ScorecardRow


@dataclass(frozen=True)
class Question:
    """A criterion as a scorecard asks it, and what can be answered."""

    text: str
    options: Sequence[Option]


def questions_of(connection: Connection, call_ids: Collection[str]) -> dict[str, Mapping[str, Question]]:
    """By call and criterion, of the calls that have an audit; two statements."""
    audits = select(AuditRow.call_id, AuditRow.scorecard_sha256).where(
        AuditRow.call_id.in_(call_ids), AuditRow.superseded_at.is_(None)
    )
    shas = {row.call_id: row.scorecard_sha256 for row in connection.execute(audits).all()}
    cards = select(ScorecardRow.sha256, ScorecardRow.scorecard).where(
        ScorecardRow.sha256.in_(set(shas.values()))
    )
    asked = {
        row.sha256: {one["id"]: Question(one["text"], options_of(one)) for one in row.scorecard["criteria"]}
        for row in connection.execute(cards).all()
    }
    return {call_id: asked[sha] for call_id, sha in shas.items()}
