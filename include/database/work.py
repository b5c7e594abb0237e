"""What is left to do in a stage of a shard, and what came of it."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, exists, func, insert, select, update

from include.calls.call import CallState, ChannelRole
from include.calls.stage import GPU_STAGES, Stage
from include.database.engine import insert_missing, upsert
from include.database.models import (
    AuditRow,
    Base,
    BatchCallRow,
    CallRow,
    FailureRow,
    StageResultRow,
    TranscriptRow,
)
from include.database.outbox import announce


@dataclass(frozen=True)
class StageJob:
    """One stage over the calls of one shard of one batch; `attempt` counts the task's tries from 1."""

    batch_id: str
    shard: int
    host: str
    stage: Stage
    attempt: int = 1


@dataclass(frozen=True)
class PendingCall:
    """A call that a stage has to work on.

    Attributes:
        sha256: Of the recording, when it was read before.
        host_kills: How often a GPU host died while it worked on this call.
    """

    call_id: str
    uri: str
    size_bytes: int
    channel_roles: list[ChannelRole]
    agent: str | None
    customer_ref: str | None
    sha256: str | None = None
    host_kills: int = 0


@dataclass(frozen=True)
class Success:
    """A stage that succeeded for a call: the only thing that becomes a result row.

    Attributes:
        worker: Which host, or which LLM, did it.
        rows: Further rows of the same transaction (transcript, LLM answer, audit, …), by table.
        sha256: Of the recording, when the stage learned it.
        state: The final state that the call reaches by this; None while stages follow.
    """

    call_id: str
    worker: str
    engine: str
    seconds: float
    result: Mapping[str, Any]
    rows: Sequence[tuple[type[Base], Mapping[str, Any]]] = ()
    sha256: str | None = None
    state: CallState | None = None
    reason: str | None = None


@dataclass(frozen=True)
class Failure:
    """An attempt that failed; `call_id` is None when the whole host did. `state` when nobody tries again."""

    call_id: str | None
    kind: str
    message: str
    raw_answer: str | None = None
    state: CallState | None = None


@dataclass(frozen=True)
class Ended:
    """A call that ends here without a result or a failure: there is nothing to audit in it."""

    call_id: str
    state: CallState
    reason: str


Outcome = Success | Failure | Ended


@dataclass
class StageCounts:
    """How far a stage of a shard is.

    Attributes:
        total: Calls of the shard.
        done_before: Those that had the stage's result when the task began.
        done: Done by this task.
        ended: Ended by this task without a result: nothing to audit.
        failed: Failed for good, by kind.
    """

    total: int = 0
    done_before: int = 0
    done: int = 0
    ended: int = 0
    failed: Counter[str] = field(default_factory=Counter)

    def as_dict(self) -> dict[str, Any]:
        """For XCom."""
        return {**vars(self), "failed": dict(self.failed)}


def pending_calls(connection: Connection, job: StageJob) -> list[PendingCall]:
    """Calls of the shard that have what the stage needs and lack its result, in order of their ids."""
    columns = (
        CallRow.call_id,
        CallRow.uri,
        CallRow.size_bytes,
        CallRow.channel_roles,
        CallRow.agent,
        CallRow.customer_ref,
    )
    query = (
        select(*columns)
        .join(BatchCallRow)
        .where(_in_shard(job), CallRow.state == CallState.PENDING, ~has_result(job.stage), *_needs(job.stage))
        .order_by(CallRow.call_id)
    )
    return [PendingCall(**row) for row in connection.execute(query).mappings()]


def counts(connection: Connection, job: StageJob) -> StageCounts:
    """The shard's calls, and how many of them have the stage's result already."""
    calls = select(func.count()).select_from(CallRow).join(BatchCallRow).where(_in_shard(job))
    total = connection.execute(calls).scalar_one()
    return StageCounts(
        total=total, done_before=connection.execute(calls.where(has_result(job.stage))).scalar_one()
    )


def save(connection: Connection, job: StageJob, outcomes: Sequence[Outcome]) -> None:
    """Writes what came of some calls, final states and their events included, in one transaction."""
    now = datetime.now(UTC)
    successes = [outcome for outcome in outcomes if isinstance(outcome, Success)]
    failures = [outcome for outcome in outcomes if isinstance(outcome, Failure)]
    _save_successes(connection, job, successes, now)
    if failures:
        connection.execute(insert(FailureRow), [_failure_row(job, failure, now) for failure in failures])
    ended = [(o.call_id, o.state, o.reason) for o in successes if o.state]
    ended += [(f.call_id, f.state, f"{job.stage}: {f.message}") for f in failures if f.state and f.call_id]
    ended += [(o.call_id, o.state, o.reason) for o in outcomes if isinstance(o, Ended)]
    finish(connection, job.batch_id, ended, now)


def finish(
    connection: Connection,
    batch_id: str,
    ended: Iterable[tuple[str, CallState, str | None]],
    now: datetime,
) -> None:
    """Brings pending calls to their final state, and queues one event for each.

    Args:
        connection: In a transaction.
        batch_id: The batch that did it.
        ended: Call id, final state, reason.
        now: When.
    """
    for call_id, state, reason in ended:
        reached = connection.execute(
            update(CallRow)
            .where(CallRow.call_id == call_id, CallRow.state == CallState.PENDING)
            .values(state=state, state_reason=reason, changed_at=now)
        )
        if reached.rowcount:
            announce(connection, batch_id, call_id, now)


def supersede(
    connection: Connection, call_ids: Sequence[str], stages: Sequence[Stage], now: datetime
) -> None:
    """Makes results history, so that their stages are done again."""
    connection.execute(
        update(StageResultRow)
        .where(
            StageResultRow.call_id.in_(call_ids),
            StageResultRow.stage.in_(stages),
            StageResultRow.superseded_at.is_(None),
        )
        .values(superseded_at=now)
    )


def _save_successes(
    connection: Connection, job: StageJob, successes: Sequence[Success], now: datetime
) -> None:
    insert_missing(connection, StageResultRow, [_result_row(job, success, now) for success in successes])
    for success in successes:
        if success.sha256:
            connection.execute(
                update(CallRow).where(CallRow.call_id == success.call_id).values(sha256=success.sha256)
            )
    by_table: dict[type[Base], list[Mapping[str, Any]]] = defaultdict(list)
    for table, row in (row for success in successes for row in success.rows):
        by_table[table].append(row)
    _supersede_audits(connection, by_table.get(AuditRow, []), now)
    upsert(connection, TranscriptRow, by_table.pop(TranscriptRow, []), ["call_id"])
    for table, rows in by_table.items():  # answers, scorecards and audits never change
        insert_missing(connection, table, rows)


def _supersede_audits(connection: Connection, audits: Sequence[Mapping[str, Any]], now: datetime) -> None:
    call_ids = [audit["call_id"] for audit in audits]
    connection.execute(
        update(AuditRow)
        .where(AuditRow.call_id.in_(call_ids), AuditRow.superseded_at.is_(None))
        .values(superseded_at=now)
    )


def _in_shard(job: StageJob) -> ColumnElement[bool]:
    return and_(BatchCallRow.batch_id == job.batch_id, BatchCallRow.shard == job.shard)


def has_result(stage: Stage) -> ColumnElement[bool]:
    """Whether a call has a current result of a stage."""
    return exists().where(
        StageResultRow.call_id == CallRow.call_id,
        StageResultRow.stage == stage,
        StageResultRow.superseded_at.is_(None),
    )


def _needs(stage: Stage) -> list[ColumnElement[bool]]:
    """What a call must have, or lack, before a stage can work on it."""
    if stage is Stage.DISTRIBUTE:
        return [~has_result(Stage.STT)]  # all GPU work done: the host need not have the recording
    before = [has_result(stage.before[-1])]
    return [*before, has_result(Stage.DISTRIBUTE)] if stage in GPU_STAGES else before


def _result_row(job: StageJob, success: Success, now: datetime) -> dict[str, Any]:
    return {
        "call_id": success.call_id,
        "stage": job.stage,
        "batch_id": job.batch_id,
        "host": success.worker,
        "engine": success.engine,
        "seconds": success.seconds,
        "result": success.result,
        "created_at": now,
    }


def _failure_row(job: StageJob, failure: Failure, now: datetime) -> dict[str, Any]:
    return {
        "batch_id": job.batch_id,
        "call_id": failure.call_id,
        "stage": job.stage,
        "host": job.host,
        "attempt": job.attempt,
        "kind": failure.kind,
        "message": failure.message,
        "raw_answer": failure.raw_answer,
        "failed_at": now,
    }
