"""What the LLM answered and cost, and the audits that were made of it."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from include.database.columns import CURRENT, Base


class LlmResultRow(Base):
    """An answer that the LLM gave and that was valid, found again by the identity of its request."""

    __tablename__ = "llm_results"

    identity: Mapped[str] = mapped_column(String(64), primary_key=True)
    call_id: Mapped[str] = mapped_column(ForeignKey("calls.call_id"))
    stage: Mapped[str] = mapped_column(String(16))
    model: Mapped[str] = mapped_column(Text)
    prompt_sha256: Mapped[str] = mapped_column(String(64))
    transcript_sha256: Mapped[str] = mapped_column(String(64))
    scorecard_sha256: Mapped[str | None] = mapped_column(String(64))
    prompt_tokens: Mapped[int]
    completion_tokens: Mapped[int]
    cached_tokens: Mapped[int]
    cost_usd: Mapped[float | None]
    latency_s: Mapped[float]
    attempts: Mapped[int]
    repaired: Mapped[bool]
    redactions: Mapped[dict[str, Any]]
    answer: Mapped[dict[str, Any]]
    batch_id: Mapped[str] = mapped_column(ForeignKey("batches.batch_id"))
    created_at: Mapped[datetime]

    __table_args__ = (
        Index("ix_llm_results_call", "call_id", "stage"),
        Index("ix_llm_results_batch", "batch_id"),
    )


class LlmSpendingRow(Base):
    """An answer of the LLM API that has to be paid for, of use or not: budgets are held against these.

    `cost_usd` is None when the model has no price.
    """

    __tablename__ = "llm_spending"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    batch_id: Mapped[str] = mapped_column(ForeignKey("batches.batch_id"))
    call_id: Mapped[str] = mapped_column(ForeignKey("calls.call_id"))
    stage: Mapped[str] = mapped_column(String(16))
    model: Mapped[str] = mapped_column(Text)
    prompt_tokens: Mapped[int]
    completion_tokens: Mapped[int]
    cached_tokens: Mapped[int]
    cost_usd: Mapped[float | None]
    paid_at: Mapped[datetime]

    __table_args__ = (
        Index("ix_llm_spending_batch", "batch_id", "stage"),
        Index("ix_llm_spending_call", "call_id"),
        Index("ix_llm_spending_paid", "paid_at"),
    )


class ScorecardRow(Base):
    """A scorecard version as it was used; immutable. The one promoted last is what audits use by default."""

    __tablename__ = "scorecards"

    sha256: Mapped[str] = mapped_column(String(64), primary_key=True)
    scorecard_id: Mapped[str] = mapped_column(String(100))
    version: Mapped[str] = mapped_column(String(40))
    scorecard: Mapped[dict[str, Any]]
    first_used_at: Mapped[datetime]
    promoted_at: Mapped[datetime | None]


class AuditRow(Base):
    """The score of a call under one scorecard. At most one per call is not superseded: its official one.

    A shadow run's are superseded from the beginning. `speaks_to_model`: turns that may be meant for the
    model. `strengths`, `coaching` and `comment` are the model's, about the agent's work. `considered_at`:
    when the rules of review looked at it; None before. `cofi_version`: of the program that made it; None when
    it was made before versions were kept.
    """

    __tablename__ = "audits"

    audit_id: Mapped[str] = mapped_column(String(36), primary_key=True)
    call_id: Mapped[str] = mapped_column(ForeignKey("calls.call_id"))
    batch_id: Mapped[str] = mapped_column(ForeignKey("batches.batch_id"))
    scorecard_sha256: Mapped[str] = mapped_column(ForeignKey("scorecards.sha256"))
    transcript_sha256: Mapped[str] = mapped_column(String(64))
    llm_identity: Mapped[str] = mapped_column(String(64))
    pct: Mapped[float | None]
    band: Mapped[str | None] = mapped_column(String(40))
    passed: Mapped[bool | None]
    auto_failed: Mapped[bool] = mapped_column(default=False)
    needs_review: Mapped[bool]
    review_reasons: Mapped[list[Any]]
    sections: Mapped[list[Any]]
    speaks_to_model: Mapped[list[Any]] = mapped_column(server_default="[]")
    strengths: Mapped[list[Any]] = mapped_column(server_default="[]")
    coaching: Mapped[list[Any]] = mapped_column(server_default="[]")
    comment: Mapped[str] = mapped_column(Text, server_default="")
    created_at: Mapped[datetime]
    superseded_at: Mapped[datetime | None]
    considered_at: Mapped[datetime | None]
    cofi_version: Mapped[str | None] = mapped_column(String(20))

    __table_args__ = (
        Index("ix_audits_call", "call_id"),
        Index("ix_audits_batch", "batch_id"),
        Index(
            "uq_audits_current",
            "call_id",
            unique=True,
            sqlite_where=CURRENT,
            postgresql_where=CURRENT,
        ),
    )


class AnswerRow(Base):
    """One answer of an audit: exactly one per criterion.

    `standing`: whether it is `counted` in the score, or why not: `unsupported`, `undetermined`,
    `not_applicable`. `opinions`: what others said who were asked about it; they score nothing.
    """

    __tablename__ = "answers"

    audit_id: Mapped[str] = mapped_column(ForeignKey("audits.audit_id"), primary_key=True)
    criterion_id: Mapped[str] = mapped_column(String(100), primary_key=True)
    answer: Mapped[str] = mapped_column(String(100))
    answered_by: Mapped[str] = mapped_column(String(16))
    justification: Mapped[str] = mapped_column(Text)
    confidence: Mapped[float | None]
    earned: Mapped[float | None]
    potential: Mapped[float | None]
    auto_fail: Mapped[str] = mapped_column(String(16), default="none")
    review_reasons: Mapped[list[Any]] = mapped_column(default=list)
    evidence: Mapped[list[Any]]
    absence: Mapped[dict[str, Any] | None]
    standing: Mapped[str] = mapped_column(String(20), server_default="counted")
    opinions: Mapped[list[Any]] = mapped_column(server_default="[]")

    __table_args__ = (Index("ix_answers_criterion", "criterion_id", "answer"),)


class CanaryRow(Base):
    """What a run answered about a call whose right answers are known: a test of the judge, and no audit.

    It need not be a call that cofi knows: then it says so as its failure.
    `night`: the site's date when the run was opened. `answers`: answer by criterion; None where there are
    none, for `failure`. `model`: as the API named it.
    """

    __tablename__ = "canaries"

    batch_id: Mapped[str] = mapped_column(ForeignKey("batches.batch_id"), primary_key=True)
    call_id: Mapped[str] = mapped_column(String(80), primary_key=True)
    day: Mapped[date]
    path: Mapped[str] = mapped_column(Text)
    night: Mapped[date]
    scorecard_sha256: Mapped[str] = mapped_column(ForeignKey("scorecards.sha256"))
    model: Mapped[str | None] = mapped_column(Text)
    answers: Mapped[dict[str, Any] | None]
    failure: Mapped[str | None] = mapped_column(Text)
    asked_at: Mapped[datetime]

    __table_args__ = (Index("ix_canaries_night", "scorecard_sha256", "night"),)
