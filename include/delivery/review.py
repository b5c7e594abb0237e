"""Which calls somebody should listen to first, and at which moment."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, Row, Subquery, and_, case, func, or_, select

from include.database import official
from include.database.models import AnswerRow, AuditRow, CallRow
from include.database.work import REASON
from include.delivery.criteria import CriterionTerms, Scorecards, percentage
from include.delivery.outcome import of_current_audits
from include.scorecards.answers import Absence
from include.scorecards.evidence import CheckedEvidence

REVIEW_SHOWN = 20
FINDINGS_SHOWN = 3


class ReviewKind(StrEnum):
    """Why a call should be listened to, the most urgent first."""

    AUTO_FAIL = "auto-fail"
    NEEDS_REVIEW = "needs review"
    NOT_AUDITABLE = "not auditable"
    LOW_SCORE = "low score"


@dataclass(frozen=True)
class Finding:
    """An answer that a reviewer should look at.

    Attributes:
        auto_fail: What it fails if it stands: `none`, `section` or `form`.
        stands: Whether it does; not when there are doubts.
        earned_pct: Of the criterion's points; None when it leaves the score.
        doubts: Why the answer cannot stand by itself.
        quotes: What was said when, in ms of the original recording.
        absence: What was looked for and not found.
    """

    criterion_id: str
    text: str
    answer: str
    label: str
    answered_by: str
    auto_fail: str
    stands: bool
    earned_pct: float | None
    justification: str
    doubts: tuple[str, ...]
    quotes: tuple[CheckedEvidence, ...]
    absence: Absence | None


@dataclass(frozen=True)
class ReviewItem:
    """A call to listen to, and why: the kind, reasons that concern the whole call, the worst answers."""

    kind: ReviewKind
    auto_failed: bool
    call_id: str
    path: str
    agent: str | None
    queue: str | None
    pct: float | None
    band: str | None
    reasons: tuple[str, ...]
    findings: tuple[Finding, ...]

    @property
    def title(self) -> str:
        """The kind, and whether it is certain."""
        unsure = self.kind is ReviewKind.AUTO_FAIL and not self.auto_failed
        return f"possible {self.kind}" if unsure else self.kind.value


def list_reviews(connection: Connection, batch_id: str, scorecards: Scorecards) -> tuple[ReviewItem, ...]:
    """Lists the first calls to review: of each kind the worst, the kinds sharing the places fairly."""
    ranked = _ranked(batch_id, scorecards)
    query = select(ranked).order_by(ranked.c.place, ranked.c.kind).limit(REVIEW_SHOWN)
    rows = sorted(connection.execute(query), key=lambda row: (row.kind, row.place))
    answers: dict[str, list[Row[*tuple[Any, ...]]]] = {row.audit_id: [] for row in rows}
    for answer in connection.execute(select(AnswerRow.__table__).where(AnswerRow.audit_id.in_(answers))):
        answers[answer.audit_id].append(answer)
    return tuple(_item(row, answers[row.audit_id], scorecards) for row in rows)


def count_reviews(connection: Connection, batch_id: str, scorecards: Scorecards) -> dict[str, int]:
    """Counts all calls to review, each by its most urgent kind."""
    ranked = _ranked(batch_id, scorecards)
    query = select(ranked.c.kind, func.count()).group_by(ranked.c.kind)
    counts = {row[0]: row[1] for row in connection.execute(query)}
    return {kind.value: counts[place] for place, kind in enumerate(ReviewKind) if place in counts}


def _ranked(batch_id: str, scorecards: Scorecards) -> Subquery:
    """All calls to review with their kind (its place in `ReviewKind`) and their place within it, from 1."""
    kind = _kind(batch_id, scorecards)
    columns = (
        AuditRow.audit_id,
        AuditRow.scorecard_sha256,
        AuditRow.pct,
        AuditRow.band,
        AuditRow.auto_failed,
        AuditRow.review_reasons,
        REASON.label("state_reason"),
        CallRow.call_id,
        CallRow.path,
        CallRow.agent,
        CallRow.queue,
        kind.label("kind"),
    )
    # Where people have said what is right, nobody needs to listen first.
    waits = (kind.is_not(None), official.REVIEWED.is_(False))
    found = of_current_audits(select(*columns), batch_id).where(*waits).subquery()
    # Databases disagree about where NULL goes.
    sure_first = case((found.c.auto_failed, 0), else_=1)
    worst_first = (sure_first, func.coalesce(found.c.pct, 101.0), found.c.path)
    place = func.row_number().over(partition_by=found.c.kind, order_by=worst_first)
    return select(found, place.label("place")).subquery()


def _kind(batch_id: str, scorecards: Scorecards) -> Any:
    joined = of_current_audits(select(AuditRow.audit_id), batch_id)
    auto_failing = joined.join(AnswerRow, AnswerRow.audit_id == AuditRow.audit_id)
    auto_failing = auto_failing.where(scorecards.auto_failing())
    return case(
        (or_(AuditRow.auto_failed, AuditRow.audit_id.in_(auto_failing)), 0),
        (and_(AuditRow.needs_review, AuditRow.pct.is_not(None)), 1),
        (AuditRow.pct.is_(None), 2),
        (or_(AuditRow.passed.is_(None), AuditRow.passed.is_(False)), 3),
    )


def _item(
    row: Row[*tuple[Any, ...]], answers: Sequence[Row[*tuple[Any, ...]]], cards: Scorecards
) -> ReviewItem:
    terms = {id_: terms for (sha, id_), terms in cards.terms.items() if sha == row.scorecard_sha256}
    dearest_first = sorted(answers, key=lambda answer: (-_loss(answer, terms), answer.criterion_id))
    findings = [
        _finding(answer, terms.get(answer.criterion_id) or cards.criterion(answer.criterion_id))
        for answer in dearest_first
    ]
    worst_first = sorted((finding for finding in findings if _matters(finding)), key=_urgency)
    return ReviewItem(
        kind=list(ReviewKind)[row.kind],
        auto_failed=row.auto_failed,
        call_id=row.call_id,
        path=row.path,
        agent=row.agent,
        queue=row.queue,
        pct=row.pct,
        band=row.band,
        reasons=_reasons(row, findings),
        findings=tuple(worst_first[:FINDINGS_SHOWN]),
    )


def _reasons(row: Row[*tuple[Any, ...]], findings: Sequence[Finding]) -> tuple[str, ...]:
    """Those that no finding shows."""
    shown = {f"{finding.criterion_id}: {doubt}" for finding in findings for doubt in finding.doubts}
    own = [row.state_reason] if row.state_reason else []
    return tuple(dict.fromkeys([*own, *(reason for reason in row.review_reasons if reason not in shown)]))


def _loss(answer: Row[*tuple[Any, ...]], terms: dict[str, CriterionTerms]) -> float:
    """The share of the whole score that an answer costs."""
    earned_pct = percentage(answer.earned, answer.potential)
    weight = terms[answer.criterion_id].weight if answer.criterion_id in terms else 1.0
    return weight * (1 - earned_pct / 100) if earned_pct is not None else 0.0


def _finding(answer: Row[*tuple[Any, ...]], terms: CriterionTerms) -> Finding:
    return Finding(
        criterion_id=answer.criterion_id,
        text=terms.text,
        answer=answer.answer,
        label=terms.label(answer.answer),
        answered_by=answer.answered_by,
        auto_fail=terms.auto_fail(answer.answer),
        stands=answer.auto_fail != "none",
        earned_pct=percentage(answer.earned, answer.potential),
        justification=answer.justification,
        doubts=tuple(answer.review_reasons),
        quotes=tuple(CheckedEvidence.model_validate(item) for item in answer.evidence),
        absence=Absence.model_validate(answer.absence) if answer.absence else None,
    )


def _matters(finding: Finding) -> bool:
    lost = finding.earned_pct is not None and finding.earned_pct < 100
    return lost or finding.auto_fail != "none" or bool(finding.doubts)


def _urgency(finding: Finding) -> int:
    """Auto-fails, then what is in doubt, then what lost points; the sort keeps the dearest first."""
    return 0 if finding.auto_fail != "none" else 1 if finding.doubts else 2
