"""Calls, the runs that work on them, and what came of each stage."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from include.database.columns import CURRENT, Base

# Failures of whole hosts or tasks, which are few beside those of calls.
_WHOLE = text("call_id IS NULL")
# Of a long history, hardly any call is claimed.
_CLAIMED = text("claimed_by IS NOT NULL")


class CallRow(Base):
    """A recording that discovery found, and the state it is in.

    `claimed_by` is the batch that works on it: of several runs that account for a call, one audits it.
    `roles_source` says where `channel_roles` come from; None when they are unknown, or an earlier version's.
    `details` holds what nobody filters by: numbers and names of both sides, hold time, disposition, tags.
    `parts` are its files when it is not one that says itself what it is.
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
    sample_sha256: Mapped[str | None] = mapped_column(String(64))
    state: Mapped[str] = mapped_column(String(16))
    state_reason: Mapped[str | None] = mapped_column(Text)
    duplicate_of: Mapped[str | None] = mapped_column(String(80))
    claimed_by: Mapped[str | None] = mapped_column(String(250))
    agent: Mapped[str | None] = mapped_column(Text)
    agent_id: Mapped[str | None] = mapped_column(Text)
    team: Mapped[str | None] = mapped_column(Text)
    queue: Mapped[str | None] = mapped_column(Text)
    direction: Mapped[str | None] = mapped_column(Text)
    customer_ref: Mapped[str | None] = mapped_column(Text)
    interaction_id: Mapped[str | None] = mapped_column(Text)
    language: Mapped[str | None] = mapped_column(Text)
    started_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    channel_roles: Mapped[list[Any]]
    roles_source: Mapped[str | None] = mapped_column(String(16))
    details: Mapped[dict[str, Any]] = mapped_column(server_default="{}")
    parts: Mapped[list[Any]] = mapped_column(server_default="[]")
    extra: Mapped[dict[str, Any]]
    discovered_at: Mapped[datetime]
    changed_at: Mapped[datetime]

    # Copies are looked for by a sample first, then by content.
    __table_args__ = (
        Index("ix_calls_day_state", "day", "state"),
        Index("ix_calls_sample", "sample_sha256"),
        Index("ix_calls_sha256", "sha256"),
        Index("ix_calls_claimed_by", "claimed_by", sqlite_where=_CLAIMED, postgresql_where=_CLAIMED),
        Index("ix_calls_interaction", "interaction_id"),
        # Lists in pages go on after a call.
        Index("ix_calls_day_path", "day", "path"),
        Index("ix_calls_agent_day", "agent", "day", "call_id"),
        Index("ix_calls_newest", "day", "call_id"),
        Index("ix_calls_agent", "agent_id", "day"),
    )


class BatchRow(Base):
    """One run over a day, a rescore also over the days up to `last_day`; it closes with its `ledger`.

    `files` counts what lay in the day's folders beside recordings: `include.calls.files.DayFiles`.
    """

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
    files: Mapped[dict[str, Any] | None]


class RunRow(Base):
    """A run and what it owes, from before its batch is opened: see `include.database.owed`.

    It needs no row in `batches`: a run may fail before it has one. `trouble` is what the last of its first
    tasks failed of. Its books are closed when `closed_at` is set, with `failed` and the `reason`. `shown_as`
    is the state that Airflow shows, where that is another.
    """

    __tablename__ = "runs"

    batch_id: Mapped[str] = mapped_column(String(250), primary_key=True)
    day: Mapped[date | None]
    location: Mapped[str | None] = mapped_column(Text)
    began_at: Mapped[datetime]
    planned_at: Mapped[datetime | None]
    trouble: Mapped[str | None] = mapped_column(Text)
    closed_at: Mapped[datetime | None] = mapped_column(index=True)
    failed: Mapped[bool | None]
    reason: Mapped[str | None] = mapped_column(Text)
    reported_at: Mapped[datetime | None]
    cleaned_at: Mapped[datetime | None]
    shown_as: Mapped[str | None] = mapped_column(String(16))


class BatchDayRow(Base):
    """A day that an audit looked at: its own, and those before it where recordings may have come late.

    `state`, `verdict` and `problem`: see `include.calls.days.JudgedDay`.
    """

    __tablename__ = "batch_days"

    batch_id: Mapped[str] = mapped_column(ForeignKey("batches.batch_id"), primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True)
    state: Mapped[str] = mapped_column(String(16))
    verdict: Mapped[str] = mapped_column(String(8))
    recordings: Mapped[int]
    problem: Mapped[str | None] = mapped_column(Text)


class BatchCallRow(Base):
    """A call that a batch accounts for; `shard` and `host` are None when it had nothing to do for it.

    `state` is None while the state in `calls` is that of the run, too. It is set where a call is done again
    (`redo_from`: from which stage on) and keeps its old results until the new ones are whole, and for all
    calls when the run has ended: what they were then, and by which audit (`audit_id`), stays.
    `old_audit_id` is the audit before, `failed_try` why there is no new one.
    """

    __tablename__ = "batch_calls"

    batch_id: Mapped[str] = mapped_column(ForeignKey("batches.batch_id"), primary_key=True)
    call_id: Mapped[str] = mapped_column(ForeignKey("calls.call_id"), primary_key=True)
    shard: Mapped[int | None]
    host: Mapped[str | None] = mapped_column(String(200))
    state: Mapped[str | None] = mapped_column(String(16))
    state_reason: Mapped[str | None] = mapped_column(Text)
    old_audit_id: Mapped[str | None] = mapped_column(String(36))
    audit_id: Mapped[str | None] = mapped_column(String(36))
    redo_from: Mapped[str | None] = mapped_column(String(16))
    failed_try: Mapped[str | None] = mapped_column(Text)

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
            sqlite_where=CURRENT,
            postgresql_where=CURRENT,
        ),
        Index("ix_stage_results_batch", "batch_id", "stage"),
        Index("ix_stage_results_call", "call_id", "stage"),
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

    __table_args__ = (
        Index("ix_failures_batch", "batch_id", "stage"),
        Index("ix_failures_call", "call_id"),
        Index("ix_failures_whole", "batch_id", "stage", sqlite_where=_WHOLE, postgresql_where=_WHOLE),
    )


class LaneRow(Base):
    """A stage task of a shard as it last reported; `ended_at` is None while it runs, or if it was killed."""

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

    # The last one of a host, and those that work on it now.
    __table_args__ = (
        Index("ix_lanes_host_stage", "host", "stage", "began_at"),
        Index("ix_lanes_host_ended", "host", "ended_at"),
    )


class TranscriptRow(Base):
    """The current transcript of a call: `include.calls.transcript.Transcript` as JSON.

    `channel_roles` are those that its turns have, each with a confidence and its source:
    `include.roles.speaker_role.SpeakerRole`.
    """

    __tablename__ = "transcripts"

    call_id: Mapped[str] = mapped_column(ForeignKey("calls.call_id"), primary_key=True)
    sha256: Mapped[str] = mapped_column(String(64))
    language: Mapped[str | None] = mapped_column(String(16))
    transcript: Mapped[dict[str, Any]]
    channel_roles: Mapped[list[Any] | None]
    created_at: Mapped[datetime]


class NewTranscriptRow(Base):
    """The transcript of a call that is done again; it becomes the call's (`TranscriptRow`) with its audit."""

    __tablename__ = "new_transcripts"

    call_id: Mapped[str] = mapped_column(ForeignKey("calls.call_id"), primary_key=True)
    batch_id: Mapped[str] = mapped_column(ForeignKey("batches.batch_id"))
    sha256: Mapped[str] = mapped_column(String(64))
    language: Mapped[str | None] = mapped_column(String(16))
    transcript: Mapped[dict[str, Any]]
    channel_roles: Mapped[list[Any] | None]
    created_at: Mapped[datetime]
