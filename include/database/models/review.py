"""What people say about calls: what they are asked to listen to, what they answer, and what comes of it."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from include.database.columns import Base

_OPEN = text("state = 'open'")


class ReviewItemRow(Base):
    """A call that somebody should listen to; at most one per call, whichever audit it has.

    `questions` are the criteria that are asked, `rank` is what the queue is ordered by, the highest first.
    `probability` is the chance that the call had of getting into the random sample; None outside of it.
    `blind`: the machine's answers are hidden until the person has answered.
    """

    __tablename__ = "review_items"

    item_id: Mapped[str] = mapped_column(String(36), primary_key=True)
    call_id: Mapped[str] = mapped_column(ForeignKey("calls.call_id"), unique=True)
    audit_id: Mapped[str] = mapped_column(ForeignKey("audits.audit_id"))
    batch_id: Mapped[str] = mapped_column(ForeignKey("batches.batch_id"))
    day: Mapped[date]
    state: Mapped[str] = mapped_column(String(16))
    value: Mapped[float]
    rank: Mapped[float]
    questions: Mapped[list[Any]]
    blind: Mapped[bool]
    probability: Mapped[float | None]
    due_at: Mapped[datetime]
    assigned_to: Mapped[str | None] = mapped_column(String(250))
    taken_by: Mapped[str | None] = mapped_column(String(250))
    taken_at: Mapped[datetime | None]
    skip_reason: Mapped[str | None] = mapped_column(Text)
    opened_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    ended_by: Mapped[str | None] = mapped_column(String(250))

    __table_args__ = (
        Index("ix_review_items_queue", "state", "rank"),
        Index("ix_review_items_day", "day"),
        Index("ix_review_items_audit", "audit_id"),
        Index("ix_review_items_ended", "ended_by", "ended_at"),
    )


class ReviewDrawRow(Base):
    """Why a call is in the queue: the rule that put it there, and the sample that it belongs to by it."""

    __tablename__ = "review_draws"

    item_id: Mapped[str] = mapped_column(ForeignKey("review_items.item_id"), primary_key=True)
    rule: Mapped[str] = mapped_column(String(40), primary_key=True)
    sample: Mapped[str] = mapped_column(String(16))
    questions: Mapped[list[Any]]
    reasons: Mapped[list[Any]]
    probability: Mapped[float | None]
    stratum: Mapped[str | None] = mapped_column(Text)
    drawn_at: Mapped[datetime]

    __table_args__ = (Index("ix_review_draws_sample", "sample"),)


class ReviewFrameRow(Base):
    """What a random rule drew from: `calls` of a stratum, of which `drawn` came into the sample.

    `week` is its Monday. `probability` is the chance that each of them had.
    """

    __tablename__ = "review_frames"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    rule: Mapped[str] = mapped_column(String(40))
    stratum: Mapped[str] = mapped_column(Text)
    week: Mapped[date]
    day: Mapped[date]
    batch_id: Mapped[str] = mapped_column(ForeignKey("batches.batch_id"))
    calls: Mapped[int]
    drawn: Mapped[int]
    probability: Mapped[float]
    drawn_at: Mapped[datetime]

    __table_args__ = (
        Index("ix_review_frames_week", "rule", "week"),
        Index("ix_review_frames_batch", "batch_id"),
    )


class ReviewAnswerRow(Base):
    """What a person answered to a criterion of a call. Never changed: who thinks again adds a row.

    `answer` is None for a transcript error alone: the machine's answer has lost its ground, and nobody has
    given another. `kind` is `review`, or `dispute` for a decision. `seconds`: from seeing to answering.
    """

    __tablename__ = "review_answers"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    call_id: Mapped[str] = mapped_column(ForeignKey("calls.call_id"))
    audit_id: Mapped[str] = mapped_column(ForeignKey("audits.audit_id"))
    criterion_id: Mapped[str] = mapped_column(String(100))
    item_id: Mapped[str | None] = mapped_column(ForeignKey("review_items.item_id"))
    dispute_id: Mapped[str | None] = mapped_column(String(36))
    kind: Mapped[str] = mapped_column(String(16))
    verdict: Mapped[str] = mapped_column(String(20))
    answer: Mapped[str | None] = mapped_column(String(100))
    machine_answer: Mapped[str] = mapped_column(String(100))
    reason_code: Mapped[str | None] = mapped_column(String(40))
    reason: Mapped[str] = mapped_column(Text, server_default="")
    turn_id: Mapped[str | None] = mapped_column(String(64))
    right_words: Mapped[str | None] = mapped_column(Text)
    sample: Mapped[str] = mapped_column(String(16))
    blind: Mapped[bool]
    reviewer: Mapped[str] = mapped_column(String(250))
    seconds: Mapped[float | None]
    answered_at: Mapped[datetime]

    __table_args__ = (
        Index("ix_review_answers_call", "call_id", "criterion_id"),
        Index("ix_review_answers_item", "item_id"),
        Index("ix_review_answers_reviewer", "reviewer", "answered_at"),
        Index("ix_review_answers_answered", "answered_at"),
    )


class ReviewedAnswerRow(Base):
    """The answer that stands for a criterion of an audit in place of the machine's, scored as that would be.

    `given`: the person's answer; None where it follows from another criterion's.
    """

    __tablename__ = "reviewed_answers"

    audit_id: Mapped[str] = mapped_column(ForeignKey("audits.audit_id"), primary_key=True)
    criterion_id: Mapped[str] = mapped_column(String(100), primary_key=True)
    given: Mapped[int | None] = mapped_column(ForeignKey("review_answers.id"))
    answer: Mapped[str] = mapped_column(String(100))
    standing: Mapped[str] = mapped_column(String(20))
    earned: Mapped[float]
    potential: Mapped[float]
    auto_fail: Mapped[str] = mapped_column(String(16))

    __table_args__ = (Index("ix_reviewed_answers_given", "given"),)


class ReviewedScoreRow(Base):
    """The score of an audit with the answers of people in place of the machine's: the official one.

    `answered`: criteria that people have answered; `changed`: those with another answer than the machine's.
    """

    __tablename__ = "reviewed_scores"

    audit_id: Mapped[str] = mapped_column(ForeignKey("audits.audit_id"), primary_key=True)
    call_id: Mapped[str] = mapped_column(ForeignKey("calls.call_id"))
    pct: Mapped[float | None]
    band: Mapped[str | None] = mapped_column(String(40))
    passed: Mapped[bool | None]
    auto_failed: Mapped[bool]
    needs_review: Mapped[bool]
    review_reasons: Mapped[list[Any]]
    sections: Mapped[list[Any]]
    not_auditable: Mapped[str | None] = mapped_column(Text)
    answered: Mapped[int]
    changed: Mapped[int]
    reviewers: Mapped[list[Any]]
    reviewed_at: Mapped[datetime]

    __table_args__ = (
        Index("ix_reviewed_scores_call", "call_id"),
        Index("ix_reviewed_scores_reviewed", "reviewed_at"),
    )


class DisputeRow(Base):
    """An agent's objection to the answer to one criterion of their call.

    `state`: `open`, `kept`, `taken` (the agent's answer), `third` (another one), `withdrawn`.
    """

    __tablename__ = "disputes"

    dispute_id: Mapped[str] = mapped_column(String(36), primary_key=True)
    call_id: Mapped[str] = mapped_column(ForeignKey("calls.call_id"))
    audit_id: Mapped[str] = mapped_column(ForeignKey("audits.audit_id"))
    criterion_id: Mapped[str] = mapped_column(String(100))
    raised_by: Mapped[str] = mapped_column(String(250))
    raised_at: Mapped[datetime]
    disputed_answer: Mapped[str] = mapped_column(String(100))
    held_answer: Mapped[str] = mapped_column(String(100))
    why: Mapped[str] = mapped_column(Text)
    due_at: Mapped[datetime]
    state: Mapped[str] = mapped_column(String(16))
    decided_by: Mapped[str | None] = mapped_column(String(250))
    decided_at: Mapped[datetime | None]
    answer: Mapped[str | None] = mapped_column(String(100))
    decision: Mapped[str | None] = mapped_column(Text)

    __table_args__ = (
        Index("ix_disputes_state", "state", "due_at"),
        Index("ix_disputes_call", "call_id"),
        Index("ix_disputes_raised", "raised_by", "raised_at"),
        Index(
            "uq_disputes_open",
            "call_id",
            "criterion_id",
            unique=True,
            sqlite_where=_OPEN,
            postgresql_where=_OPEN,
        ),
    )


class CalibrationSessionRow(Base):
    """Several people answer the same calls, each alone, to see how far they agree. It scores nothing.

    `closed_at`: from then on answers are shown. `withdrawn_at`: it was called off, and they never are.
    """

    __tablename__ = "calibration_sessions"

    session_id: Mapped[str] = mapped_column(String(36), primary_key=True)
    title: Mapped[str] = mapped_column(Text)
    scorecard_sha256: Mapped[str] = mapped_column(ForeignKey("scorecards.sha256"))
    questions: Mapped[list[Any]]
    opened_by: Mapped[str] = mapped_column(String(250))
    opened_at: Mapped[datetime]
    due_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]
    withdrawn_at: Mapped[datetime | None]


class CalibrationCallRow(Base):
    """A call of a session, in the session's order."""

    __tablename__ = "calibration_calls"

    session_id: Mapped[str] = mapped_column(ForeignKey("calibration_sessions.session_id"), primary_key=True)
    call_id: Mapped[str] = mapped_column(ForeignKey("calls.call_id"), primary_key=True)
    place: Mapped[int]


class CalibrationPersonRow(Base):
    """Somebody who takes part; `submitted_at` ends their answering. At most one is the `expert`."""

    __tablename__ = "calibration_people"

    session_id: Mapped[str] = mapped_column(ForeignKey("calibration_sessions.session_id"), primary_key=True)
    person: Mapped[str] = mapped_column(String(250), primary_key=True)
    expert: Mapped[bool]
    submitted_at: Mapped[datetime | None]

    __table_args__ = (Index("ix_calibration_people_person", "person"),)


class CalibrationAnswerRow(Base):
    """What somebody answered in a session; it may be changed until they submit."""

    __tablename__ = "calibration_answers"

    session_id: Mapped[str] = mapped_column(ForeignKey("calibration_sessions.session_id"), primary_key=True)
    person: Mapped[str] = mapped_column(String(250), primary_key=True)
    call_id: Mapped[str] = mapped_column(ForeignKey("calls.call_id"), primary_key=True)
    criterion_id: Mapped[str] = mapped_column(String(100), primary_key=True)
    answer: Mapped[str] = mapped_column(String(100))
    comment: Mapped[str] = mapped_column(Text, server_default="")
    answered_at: Mapped[datetime]


class ReviewEventRow(Base):
    """Who did what, and when; rows are only ever added. `subject`: the item, dispute or session."""

    __tablename__ = "review_events"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    at: Mapped[datetime]
    person: Mapped[str] = mapped_column(String(250))
    action: Mapped[str] = mapped_column(String(40))
    subject: Mapped[str] = mapped_column(String(36))
    call_id: Mapped[str | None] = mapped_column(ForeignKey("calls.call_id"))
    details: Mapped[dict[str, Any]]

    __table_args__ = (
        Index("ix_review_events_subject", "subject"),
        Index("ix_review_events_call", "call_id"),
        Index("ix_review_events_person", "person", "at"),
    )
