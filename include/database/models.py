"""The tables of cofi's own database.

    calls ─┬─ batch_calls ── batches          which run works on which call, in which shard, on which host
           ├─ stage_results                   one row per success; superseded rows are history
           ├─ failures                        every attempt that failed; never mixed with results
           ├─ lanes                           the stage tasks of shards: what they have in flight
           ├─ transcripts                     what STT heard, in original time
           ├─ llm_results                     one row per answer that was paid for, by request identity
           ├─ llm_spending                    what every answer of the LLM API cost
           ├─ audits ── answers               the scored scorecard; scorecards keeps each version's text
           └─ webhook_outbox                  one event per final state and run, written in its transaction

Times are UTC. JSON columns are JSONB on PostgreSQL.
"""

from datetime import date, datetime
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from include.database.columns import Base

_CURRENT = text("superseded_at IS NULL")


class CallRow(Base):
    """A recording that discovery found, and the state it is in.

    `claimed_by` is the batch that works on it: of several runs that account for a call, one audits it.
    """

    __tablename__ = "calls"

    call_id: Mapped[str] = mapped_column(String(80), primary_key=True)
    day: Mapped[date]
    path: Mapped[str] = mapped_column(Text)
    uri: Mapped[str] = mapped_column(Text)
    size_bytes: Mapped[int] = mapped_column(BigInteger)
    modified_at: Mapped[datetime | None]
    duration_s: Mapped[float | None]
    sample_rate_hz: Mapped[int | None]
    channels: Mapped[int | None]
    sha256: Mapped[str | None] = mapped_column(String(64))
    state: Mapped[str] = mapped_column(String(16))
    state_reason: Mapped[str | None] = mapped_column(Text)
    duplicate_of: Mapped[str | None] = mapped_column(String(80))
    claimed_by: Mapped[str | None] = mapped_column(String(250))
    agent: Mapped[str | None] = mapped_column(Text)
    queue: Mapped[str | None] = mapped_column(Text)
    direction: Mapped[str | None] = mapped_column(Text)
    customer_ref: Mapped[str | None] = mapped_column(Text)
    started_at: Mapped[datetime | None]
    channel_roles: Mapped[list[Any]]
    extra: Mapped[dict[str, Any]]
    discovered_at: Mapped[datetime]
    changed_at: Mapped[datetime]

    # Duplicates are looked for by size first, then by content.
    __table_args__ = (
        Index("ix_calls_day_state", "day", "state"),
        Index("ix_calls_size", "size_bytes"),
        Index("ix_calls_claimed_by", "claimed_by"),
    )


class BatchRow(Base):
    """One run over a day, a rescore also over the days up to `last_day`; it closes with its `ledger`."""

    __tablename__ = "batches"

    batch_id: Mapped[str] = mapped_column(String(250), primary_key=True)
    kind: Mapped[str] = mapped_column(String(16), server_default="audit")
    day: Mapped[date]
    last_day: Mapped[date | None]
    scorecard_sha256: Mapped[str | None] = mapped_column(ForeignKey("scorecards.sha256"))
    location: Mapped[str] = mapped_column(Text)
    params: Mapped[dict[str, Any]]
    opened_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]
    ledger: Mapped[dict[str, Any] | None]


class BatchCallRow(Base):
    """A call that a batch accounts for; `shard` and `host` are None when it had nothing to do for it.

    An audit's calls have their state in `calls`; a rescore's have it here, with the audit they had before.
    """

    __tablename__ = "batch_calls"

    batch_id: Mapped[str] = mapped_column(ForeignKey("batches.batch_id"), primary_key=True)
    call_id: Mapped[str] = mapped_column(ForeignKey("calls.call_id"), primary_key=True)
    shard: Mapped[int | None]
    host: Mapped[str | None] = mapped_column(String(200))
    state: Mapped[str | None] = mapped_column(String(16))
    state_reason: Mapped[str | None] = mapped_column(Text)
    old_audit_id: Mapped[str | None] = mapped_column(String(36))

    __table_args__ = (
        Index("ix_batch_calls_shard", "batch_id", "shard"),
        Index("ix_batch_calls_call", "call_id"),
    )


class StageResultRow(Base):
    """A stage that succeeded for a call. At most one row per call and stage is not superseded."""

    __tablename__ = "stage_results"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    call_id: Mapped[str] = mapped_column(ForeignKey("calls.call_id"))
    stage: Mapped[str] = mapped_column(String(16))
    batch_id: Mapped[str] = mapped_column(ForeignKey("batches.batch_id"))
    host: Mapped[str] = mapped_column(String(200))
    engine: Mapped[str] = mapped_column(Text)
    seconds: Mapped[float]
    result: Mapped[dict[str, Any]]
    created_at: Mapped[datetime]
    superseded_at: Mapped[datetime | None]

    __table_args__ = (
        Index(
            "uq_stage_results_current",
            "call_id",
            "stage",
            unique=True,
            sqlite_where=_CURRENT,
            postgresql_where=_CURRENT,
        ),
        Index("ix_stage_results_batch", "batch_id", "stage"),
    )


class FailureRow(Base):
    """One failed attempt. `call_id` is None when a whole host or task failed."""

    __tablename__ = "failures"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    batch_id: Mapped[str] = mapped_column(ForeignKey("batches.batch_id"))
    call_id: Mapped[str | None] = mapped_column(ForeignKey("calls.call_id"))
    stage: Mapped[str] = mapped_column(String(16))
    shard: Mapped[int | None]
    host: Mapped[str] = mapped_column(String(200))
    attempt: Mapped[int]
    kind: Mapped[str] = mapped_column(String(40))
    message: Mapped[str] = mapped_column(Text)
    raw_answer: Mapped[str | None] = mapped_column(Text)
    failed_at: Mapped[datetime]

    __table_args__ = (Index("ix_failures_batch", "batch_id", "stage"), Index("ix_failures_call", "call_id"))


class LaneRow(Base):
    """A stage task of a shard, as it last told; `ended_at` is None while it runs, or when it was killed."""

    __tablename__ = "lanes"

    batch_id: Mapped[str] = mapped_column(ForeignKey("batches.batch_id"), primary_key=True)
    shard: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    stage: Mapped[str] = mapped_column(String(16), primary_key=True)
    host: Mapped[str] = mapped_column(String(200))
    attempt: Mapped[int]
    waiting: Mapped[int]
    in_flight: Mapped[int]
    began_at: Mapped[datetime]
    seen_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]


class TranscriptRow(Base):
    """The current transcript of a call: `include.calls.transcript.Transcript` as JSON."""

    __tablename__ = "transcripts"

    call_id: Mapped[str] = mapped_column(ForeignKey("calls.call_id"), primary_key=True)
    sha256: Mapped[str] = mapped_column(String(64))
    language: Mapped[str | None] = mapped_column(String(16))
    transcript: Mapped[dict[str, Any]]
    created_at: Mapped[datetime]


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
    model.
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
    created_at: Mapped[datetime]
    superseded_at: Mapped[datetime | None]

    __table_args__ = (
        Index("ix_audits_call", "call_id"),
        Index(
            "uq_audits_current",
            "call_id",
            unique=True,
            sqlite_where=_CURRENT,
            postgresql_where=_CURRENT,
        ),
    )


class AnswerRow(Base):
    """One answer of an audit: exactly one per criterion."""

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


class OutboxRow(Base):
    """A webhook event (transactional outbox). It waits as long as it has a next attempt.

    `call_id` is None for the event of a run. While `claimed_until` lies ahead, somebody is sending it. It
    ends as delivered or, after its last attempt, as a dead letter.
    """

    __tablename__ = "webhook_outbox"

    event_id: Mapped[str] = mapped_column(String(36), primary_key=True)
    call_id: Mapped[str | None] = mapped_column(ForeignKey("calls.call_id"))
    event_type: Mapped[str] = mapped_column(String(60))
    payload: Mapped[dict[str, Any]]
    created_at: Mapped[datetime]
    next_attempt_at: Mapped[datetime | None]
    claimed_until: Mapped[datetime | None]
    delivered_at: Mapped[datetime | None]
    dead_at: Mapped[datetime | None]
    attempts: Mapped[int] = mapped_column(default=0)
    receiver: Mapped[str | None] = mapped_column(Text)
    last_status: Mapped[int | None]
    last_error: Mapped[str | None] = mapped_column(Text)

    __table_args__ = (
        Index("ix_webhook_outbox_waiting", "next_attempt_at"),
        Index("ix_webhook_outbox_created", "created_at"),
    )
