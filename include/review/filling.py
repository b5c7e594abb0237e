"""Fills the queue at the end of a run: every audit is looked at once, by all rules together."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, func, insert, select, update

from include.database.accounted import accounted_for, lies_among_those_of
from include.database.engine import chunks
from include.database.given import among
from include.database.locking import lock_calls_where
from include.database.models import (
    AnswerRow,
    AuditRow,
    BatchCallRow,
    CallRow,
    ReviewAnswerRow,
    ReviewFrameRow,
    ScorecardRow,
)
from include.review.answering import Kind, Verdict
from include.review.candidates import Candidate, Considered, FrameKey, MachineAnswer, monday
from include.review.carrying import carry_over
from include.review.considering import consider
from include.review.events import at
from include.review.items import Sample
from include.review.placing import place
from include.review.rules import ReviewRules
from include.scorecards.assessment import Standing
from include.scorecards.schema import Scorecard
from include.scorecards.stored import stored_scorecard

# How often people overrule the machine is estimated from so many answers of the random sample, so many days.
_ENOUGH_TO_TELL = 20
_LOOK_BACK = timedelta(days=90)


@dataclass(frozen=True)
class Filled:
    """What came of filling the queue.

    Attributes:
        considered: Audits that the rules looked at; 0 when all had been looked at before.
        queued: Calls that are in the queue now for it.
        drawn: By rule, calls.
        left_out: By rule, calls beyond the most that it may draw in a run.
        carried_over: Calls on whose new audit what people had answered before stands again.
    """

    considered: int = 0
    queued: int = 0
    drawn: Mapping[str, int] = field(default_factory=dict)
    left_out: Mapping[str, int] = field(default_factory=dict)
    carried_over: int = 0

    def __str__(self) -> str:
        drawn = ", ".join(f"{rule} {calls}" for rule, calls in self.drawn.items()) or "none"
        left = ", ".join(f"{rule} {calls}" for rule, calls in self.left_out.items())
        beyond = f"; beyond their limit and left out: {left}" if left else ""
        return f"{self.considered} audits looked at, {self.queued} calls to review ({drawn}){beyond}"


def fill(connection: Connection, batch_id: str, rules: ReviewRules, now: datetime | None = None) -> Filled:
    """Puts the calls of a run into the queue that the rules name. A repetition finds nothing new to look at.

    What people answered about a call stands for its new audit too, as far as the criteria are the same.

    Args:
        connection: In a transaction.
        batch_id: Of the run; a shadow run's audits are none of the calls', and are left alone.
        rules: Of its scorecard.
        now: The moment; None for this one.
    """
    now = at(now)
    found = _candidates(connection, batch_id)
    if not found:
        return Filled()
    scorecard = _scorecard(connection, found)
    carried = carry_over(connection, [one.call_id for one in found], now)
    found = [_ready(one, scorecard, carried) for one in found]
    steps = _steps(connection, found)
    considered = consider(found, scorecard, rules, steps, _overruled(connection, now))
    queued = place(connection, batch_id, found, considered, now)
    _keep_frames(connection, batch_id, considered, now)
    for some in chunks([one.audit_id for one in found]):
        looked_at = update(AuditRow).where(among(connection, AuditRow.audit_id, some))
        connection.execute(looked_at.values(considered_at=now))
    drawn: dict[str, int] = {}
    for draws in considered.draws.values():
        for one in draws:
            drawn[one.rule] = drawn.get(one.rule, 0) + 1
    return Filled(len(found), queued, drawn, considered.left_out, len(carried))


def _candidates(connection: Connection, batch_id: str) -> list[Candidate]:
    """The run's audits that no rule has looked at. Two fills of a run at once wait for each other here."""
    columns = (
        AuditRow.audit_id,
        AuditRow.call_id,
        AuditRow.passed,
        AuditRow.needs_review,
        CallRow.day,
        CallRow.agent,
        CallRow.agent_id,
    )
    query = select(*columns).join(BatchCallRow, BatchCallRow.call_id == AuditRow.call_id)
    query = query.join(CallRow, CallRow.call_id == AuditRow.call_id)
    query = query.where(accounted_for(batch_id), AuditRow.batch_id == batch_id)
    not_looked_at = AuditRow.superseded_at.is_(None), AuditRow.considered_at.is_(None)
    mine = select(AuditRow.call_id).where(AuditRow.batch_id == batch_id, *not_looked_at)
    lock_calls_where(connection, CallRow.call_id.in_(mine), lies_among_those_of(batch_id))
    rows = connection.execute(query.where(*not_looked_at).order_by(AuditRow.call_id)).all()
    found = []
    for some in chunks(rows):
        answers = _answers(connection, [row.audit_id for row in some])
        before = _drawn_before(connection, [row.call_id for row in some])
        for row in some:
            found.append(
                Candidate(
                    audit_id=row.audit_id,
                    call_id=row.call_id,
                    day=row.day,
                    agent=row.agent or row.agent_id or "",
                    passed=row.passed,
                    needs_review=row.needs_review,
                    answers=answers.get(row.audit_id, {}),
                    drawn_before=row.call_id in before,
                )
            )
    return found


def _answers(connection: Connection, audit_ids: Sequence[str]) -> dict[str, dict[str, MachineAnswer]]:
    names = ("audit_id", "criterion_id", "answer", "standing", "confidence", "review_reasons")
    columns = [getattr(AnswerRow, name) for name in (*names, "earned", "potential")]
    found: dict[str, dict[str, MachineAnswer]] = {}
    for row in connection.execute(select(*columns).where(among(connection, AnswerRow.audit_id, audit_ids))):
        found.setdefault(row.audit_id, {})[row.criterion_id] = MachineAnswer(
            answer=row.answer,
            standing=Standing(row.standing),
            confidence=row.confidence,
            reasons=tuple(row.review_reasons),
            earned=row.earned or 0.0,
            potential=row.potential or 0.0,
        )
    return found


def _drawn_before(connection: Connection, call_ids: Sequence[str]) -> set[str]:
    looked_at = select(AuditRow.call_id).where(among(connection, AuditRow.call_id, call_ids))
    return set(connection.execute(looked_at.where(AuditRow.considered_at.is_not(None))).scalars())


def _scorecard(connection: Connection, found: Sequence[Candidate]) -> Scorecard:
    """A run's audits are all under one version."""
    query = select(ScorecardRow.scorecard, ScorecardRow.sha256)
    query = query.join(AuditRow, AuditRow.scorecard_sha256 == ScorecardRow.sha256)
    row = connection.execute(query.where(AuditRow.audit_id == found[0].audit_id)).one()
    return stored_scorecard(row.scorecard, row.sha256)


def _ready(one: Candidate, scorecard: Scorecard, people: Mapping[str, frozenset[str]]) -> Candidate:
    """With its answers in the scorecard's order, and what people have answered."""
    answers = {c.id: one.answers[c.id] for c in scorecard.criteria if c.id in one.answers}
    return replace(one, answers=answers, people=people.get(one.call_id, frozenset()))


def _steps(connection: Connection, found: Sequence[Candidate]) -> dict[FrameKey, int]:
    weeks = {monday(one.day) for one in found}
    key = (ReviewFrameRow.rule, ReviewFrameRow.stratum, ReviewFrameRow.week)
    query = select(*key, func.count()).where(ReviewFrameRow.week.in_(weeks)).group_by(*key)
    return {(rule, stratum, week): steps for rule, stratum, week, steps in connection.execute(query)}


def _overruled(connection: Connection, now: datetime) -> dict[str, float]:
    """How often people overrule the machine, by criterion."""
    row = ReviewAnswerRow
    query = select(row.criterion_id, row.verdict, func.count()).where(
        row.answered_at >= now - _LOOK_BACK,
        row.kind == Kind.REVIEW,
        row.sample.in_((Sample.RANDOM, Sample.PASSES)),
    )
    counts: dict[str, dict[str, int]] = {}
    for criterion_id, verdict, answers in connection.execute(query.group_by(row.criterion_id, row.verdict)):
        counts.setdefault(criterion_id, {})[verdict] = answers
    return {
        name: by_verdict.get(Verdict.OVERRULE, 0) / sum(by_verdict.values())
        for name, by_verdict in counts.items()
        if sum(by_verdict.values()) >= _ENOUGH_TO_TELL
    }


def _keep_frames(connection: Connection, batch_id: str, considered: Considered, now: datetime) -> None:
    rows: list[dict[str, Any]] = [
        {**vars(frame), "week": monday(frame.day), "batch_id": batch_id, "drawn_at": now}
        for frame in considered.frames
    ]
    for some in chunks(rows):
        connection.execute(insert(ReviewFrameRow), list(some))
