"""Audited calls for reviewers: the machine's answers become rows as the stages write them."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

from sqlalchemy import insert, update

from include.calls.call import CallState, call_id_for
from include.database import scorecards
from include.database.engine import Database
from include.database.models import AuditRow, Base, BatchCallRow, BatchRow, CallRow
from include.llm.rows import audit_rows
from include.review.filling import Filled, fill
from include.review.people import Actor
from include.review.rules import ReviewRules
from include.scorecards.answering import scored
from include.scorecards.assessment import AssessedAnswer, Assessment
from include.scorecards.schema import Scorecard
from include.scorecards.scoring import score

DAY = date(2026, 3, 2)  # a Monday
NOW = datetime(2026, 3, 3, 5, 0, tzinfo=UTC)
ANA, BEN, CAT = Actor("ana"), Actor("ben"), Actor("cat")
EVERYTHING = ReviewRules.model_validate(
    {"random": {"calls_per_agent_and_week": 100, "days_per_week": 1, "due_days": 7}, "passes": None}
)
RISKS = ReviewRules(random=None, passes=None)


def _options(fails: str = "none") -> list[dict[str, Any]]:
    return [
        {"key": "yes", "label": "Yes", "score": 1},
        {"key": "no", "label": "No", "score": 0, "auto_fail": fails},
    ]


def card(version: str = "1", **changes: Mapping[str, Any]) -> Scorecard:
    """`verified` (form auto-fail), `complaint`, `care` where complaint is yes, and `silence` by a metric."""
    criteria: dict[str, dict[str, Any]] = {
        "verified": {"section": "law", "options": _options("form"), "severity": "critical"},
        "complaint": {"section": "care", "options": _options(), "na_rule": "nobody complains"},
        "care": {
            "section": "care",
            "options": _options(),
            "applies_if": {"criterion": "complaint", "equals": "yes"},
        },
        "silence": {
            "section": "care",
            "options": _options(),
            "answered_by": "metric",
            "metric": {"field": "longest_dead_air_s", "op": "le", "value": 20.0},
        },
    }
    return Scorecard.model_validate(
        {
            "id": "centre",
            "version": version,
            "title": "Centre",
            "language": "en",
            "pass_threshold_pct": 75,
            "bands": [{"name": "good", "min_pct": 75}, {"name": "poor", "min_pct": 0}],
            "max_undetermined_share": 0.5,
            "sections": [
                {"id": "law", "title": "Law", "weight": 2},
                {"id": "care", "title": "Care", "weight": 2},
            ],
            "criteria": [
                {"id": name, "text": f"Is {name} right?", "weight": 1, **one, **changes.get(name, {})}
                for name, one in criteria.items()
            ],
        }
    )


ALL_YES = {"verified": "yes", "complaint": "yes", "care": "yes", "silence": "yes"}


def assessed(
    scorecard: Scorecard,
    call_id: str,
    answers: Mapping[str, str],
    doubts: Mapping[str, str] | None = None,
    confidence: float | None = 0.9,
) -> Assessment:
    """What the machine makes of a call; answers in doubt do not count."""
    made = [
        scored(
            criterion,
            AssessedAnswer(
                criterion_id=criterion.id,
                section_id=criterion.section,
                answer=answers[criterion.id],
                answered_by=criterion.answered_by,
                severity=criterion.severity,
                confidence=confidence,
                weight=scorecard.share(criterion.id),
            ),
            [doubts[criterion.id]] if doubts and criterion.id in doubts else [],
        )
        for criterion in scorecard.criteria
    ]
    reasons = [f"{one.criterion_id}: {reason}" for one in made for reason in one.review_reasons]
    return Assessment(
        call_id=call_id,
        transcript_sha256="t" * 64,
        scorecard_id=scorecard.id,
        scorecard_version=scorecard.version,
        scorecard_sha256=scorecard.sha256,
        answers=made,
        **vars(score(scorecard, made)),
        needs_review=bool(reasons),
        review_reasons=reasons,
    )


class ReviewDay:
    """Writes calls and audits."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def batch(self, batch_id: str = "run-1", day: date = DAY) -> str:
        row = {"batch_id": batch_id, "day": day, "location": "file:///calls", "params": {}}
        self.insert(BatchRow, **row, opened_at=NOW)
        return batch_id

    def call(self, path: str, batch_id: str = "run-1", agent: str | None = "Lee", day: date = DAY) -> str:
        call_id = call_id_for(day, path)
        row = {"uri": f"file:///calls/{path}", "size_bytes": 1, "state": CallState.AUDITED, "extra": {}}
        times = {"discovered_at": NOW, "changed_at": NOW}
        self.insert(
            CallRow, call_id=call_id, day=day, path=path, agent=agent, channel_roles=[], **row, **times
        )
        self.insert(BatchCallRow, batch_id=batch_id, call_id=call_id)
        return call_id

    def audit(
        self,
        call_id: str,
        answers: Mapping[str, str],
        *,
        batch_id: str = "run-1",
        doubts: Mapping[str, str] | None = None,
        confidence: float | None = 0.9,
        scorecard: Scorecard | None = None,
    ) -> str:
        """The call's new audit; answers in doubt do not count."""
        scorecard = scorecard or card()
        assessment = assessed(scorecard, call_id, answers, doubts, confidence)
        rows = audit_rows(scorecard, assessment, batch_id, "i" * 64)
        with self.database.writing() as connection:
            scorecards.record(connection, scorecard)
            old = update(AuditRow).where(AuditRow.call_id == call_id, AuditRow.superseded_at.is_(None))
            connection.execute(old.values(superseded_at=NOW))
            for table, row in rows:
                connection.execute(insert(table).values(**row))
        return str(rows[0][1]["audit_id"])

    def audited(self, path: str, answers: Mapping[str, str] = ALL_YES, **more: Any) -> str:
        """A call with its audit."""
        place = {name: more.pop(name) for name in ("agent", "day") if name in more}
        batch_id = more.get("batch_id", "run-1")
        call_id = self.call(path, batch_id, **place)
        self.audit(call_id, answers, **more)
        return call_id

    def fill(self, rules: ReviewRules = EVERYTHING, batch_id: str = "run-1", days: float = 0) -> Filled:
        return self.write(fill, batch_id, rules, NOW + timedelta(days=days))

    def write(self, work: Any, *arguments: Any, **named: Any) -> Any:
        return self.database.write(lambda connection: work(connection, *arguments, **named))

    def read(self, work: Any, *arguments: Any, **named: Any) -> Any:
        return self.database.read(lambda connection: work(connection, *arguments, **named))

    def rows(self, table: type[Base], **where: object) -> list[dict[str, Any]]:
        from sqlalchemy import select

        columns = table.__table__
        query = select(columns).filter_by(**where).order_by(*columns.primary_key.columns.values())
        with self.database.reading() as connection:
            return [dict(row) for row in connection.execute(query).mappings()]

    def insert(self, table: type[Base], **values: Any) -> None:
        with self.database.writing() as connection:
            connection.execute(insert(table).values(**values))
