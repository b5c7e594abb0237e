"""Where all that is known of a call comes from: engines, models, prompts, attempts, cost."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, func, select

from include.calls.stage import STAGES, Stage
from include.database.models import (
    AuditRow,
    FailureRow,
    LlmResultRow,
    LlmSpendingRow,
    StageResultRow,
    TranscriptRow,
)


@dataclass(frozen=True)
class StageDone:
    """A stage's current result."""

    stage: str
    host: str
    engine: str
    seconds: float
    created_at: datetime
    batch_id: str


@dataclass(frozen=True)
class LlmAnswer:
    """An answer of the LLM that what is shown stands on.

    Attributes:
        redactions: How often what was replaced, by kind, before the transcript left.
    """

    stage: str
    model: str
    identity: str
    prompt_sha256: str
    prompt_tokens: int
    completion_tokens: int
    cost_usd: float | None
    latency_s: float
    attempts: int
    repaired: bool
    redactions: dict[str, Any]
    created_at: datetime


@dataclass(frozen=True)
class Attempt:
    """A failed attempt."""

    batch_id: str
    stage: str
    shard: int | None
    host: str
    attempt: int
    kind: str
    message: str
    failed_at: datetime


@dataclass(frozen=True)
class Provenance:
    """Where the results of a call come from.

    Attributes:
        spent_usd: None when nothing was paid, or no model has a price.
        cofi_version: Of the program that made the audit; None without one, or when it was not kept yet.
    """

    stages: Sequence[StageDone]
    llm: Sequence[LlmAnswer]
    failed: Sequence[Attempt]
    spent_usd: float | None
    transcript_sha256: str | None
    cofi_version: str | None


def provenance_of(connection: Connection, call_id: str) -> Provenance:
    """Reads where the results of a call come from."""
    stages = _rows(connection, StageResultRow, StageDone, call_id, StageResultRow.superseded_at.is_(None))
    failed = _rows(connection, FailureRow, Attempt, call_id)
    spent = select(func.sum(LlmSpendingRow.cost_usd)).where(LlmSpendingRow.call_id == call_id)
    transcript = select(TranscriptRow.sha256).where(TranscriptRow.call_id == call_id)
    current = (AuditRow.call_id == call_id, AuditRow.superseded_at.is_(None))
    return Provenance(
        stages=sorted(stages, key=lambda one: STAGES.index(Stage(one.stage))),
        llm=sorted(_answers(connection, call_id), key=lambda one: one.stage),
        failed=sorted(failed, key=lambda one: one.failed_at),
        spent_usd=connection.scalar(spent),
        transcript_sha256=connection.scalar(transcript),
        cofi_version=connection.scalar(select(AuditRow.cofi_version).where(*current)),
    )


def last_failure(connection: Connection, batch_id: str, call_id: str) -> Attempt | None:
    """The last attempt at a call that failed in a run; None where none did."""
    failed = _rows(connection, FailureRow, Attempt, call_id, FailureRow.batch_id == batch_id)
    return max(failed, key=lambda one: one.failed_at, default=None)


def _answers(connection: Connection, call_id: str) -> Sequence[LlmAnswer]:
    """The LLM answers, by the identities that current results name: another call may have paid for one."""
    query = select(StageResultRow.result).where(
        StageResultRow.call_id == call_id,
        StageResultRow.stage.in_(["llm1", "llm2"]),
        StageResultRow.superseded_at.is_(None),
    )
    identities = [result.get("identity") for result in connection.scalars(query)]
    columns = [getattr(LlmResultRow, name) for name in LlmAnswer.__dataclass_fields__]
    rows = connection.execute(select(*columns).where(LlmResultRow.identity.in_(identities)))
    return [LlmAnswer(**row._mapping) for row in rows]


def _rows(connection: Connection, table: Any, made: Any, call_id: str, *where: Any) -> list[Any]:
    columns = [getattr(table, name) for name in made.__dataclass_fields__]
    query = select(*columns).where(table.call_id == call_id, *where)
    return [made(**row._mapping) for row in connection.execute(query)]
