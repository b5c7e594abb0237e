"""What is left to do in a stage of a shard."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, Connection, ScalarSelect, and_, case, exists, func, or_, select

from include.calls.call import CallState, ChannelRole
from include.calls.parts import Part, parts_from_json
from include.calls.stage import GPU_STAGES, STAGES, Stage
from include.database.accounted import accounted_for
from include.database.models import BatchCallRow, BatchRow, CallRow, FailureRow, StageResultRow
from include.errors import HostLost

# What became of a call in a batch: calls that are done again have a state in it, and their own beside that;
# when a run has closed, all have.
STATE = func.coalesce(BatchCallRow.state, CallRow.state)
REASON = case((BatchCallRow.state.is_not(None), BatchCallRow.state_reason), else_=CallRow.state_reason)


class BatchKind(StrEnum):
    """What a batch is to its calls.

    `AUDIT`: all stages; what becomes of a call in it is the call's state. One that was audited before stays
    so until it is audited again. `RESCORE`: the LLM stages again, over stored transcripts; its audit takes
    the place of the call's when it is done. `SHADOW`: the same, and no call's result changes.
    """

    AUDIT = "audit"
    RESCORE = "rescore"
    SHADOW = "shadow"


@dataclass(frozen=True)
class StageJob:
    """One stage over the calls of one shard of one batch; `attempt` counts the task's tries from 1."""

    batch_id: str
    shard: int
    host: str
    stage: Stage
    attempt: int = 1
    kind: BatchKind = BatchKind.AUDIT


@dataclass(frozen=True)
class PendingCall:
    """A call that a stage has to work on.

    Attributes:
        sha256: Of the recording, when it was read before.
        host_kills: How often a GPU host died while it worked on this call.
        channels: Of the recording; None when its header could not be read.
        roles_source: The source of the channels' roles.
        details: See `CallRow`.
        parts: Its files, when it is not one that says itself what it is.
    """

    call_id: str
    uri: str
    size_bytes: int
    channel_roles: list[ChannelRole]
    agent: str | None
    customer_ref: str | None
    sha256: str | None = None
    host_kills: int = 0
    direction: str | None = None
    started_at: datetime | None = None
    channels: int | None = None
    queue: str | None = None
    roles_source: str | None = None
    details: Mapping[str, Any] = field(default_factory=dict)
    parts: tuple[Part, ...] = ()


@dataclass
class StageCounts:
    """How far a stage of a shard is.

    Attributes:
        total: Calls of the shard.
        done_before: Those that had the stage's result when the task began.
        waiting: Those that waited for the stage then.
        done: Done by this task.
        ended: Ended by this task without a result: nothing to audit.
        failed: Failed for good, by kind.
    """

    total: int = 0
    done_before: int = 0
    waiting: int = 0
    done: int = 0
    ended: int = 0
    failed: Counter[str] = field(default_factory=Counter)

    def as_dict(self) -> dict[str, Any]:
        """The counts as values for XCom."""
        return {**vars(self), "failed": dict(self.failed)}


def pending_calls(
    connection: Connection,
    job: StageJob,
    *,
    after: str = "",
    limit: int | None = None,
    suspects: bool | None = None,
) -> list[PendingCall]:
    """Calls of the shard that have what the stage needs and lack its result, in order of their ids.

    Args:
        connection: For reading.
        job: Which stage of which shard.
        after: Only call ids that follow this one: the last of the page before.
        limit: Length of a page; None for all.
        suspects: Only calls that a GPU host has died of, or only the others; None for both.
    """
    columns = (
        CallRow.call_id,
        CallRow.uri,
        CallRow.size_bytes,
        CallRow.channel_roles,
        CallRow.agent,
        CallRow.customer_ref,
        CallRow.sha256,
        CallRow.direction,
        CallRow.started_at,
        CallRow.channels,
        CallRow.queue,
        CallRow.roles_source,
        CallRow.details,
        CallRow.parts,
        _host_kills().label("host_kills"),
    )
    query = (
        select(*columns)
        .join(BatchCallRow)
        .where(*_waits_for(job), CallRow.call_id > after)
        .order_by(CallRow.call_id)
        .limit(limit)
    )
    if suspects is not None:
        query = query.where(_host_kills() > 0 if suspects else _host_kills() == 0)
    rows = connection.execute(query).mappings()
    return [PendingCall(**{**row, "parts": parts_from_json(row["parts"])}) for row in rows]


def counts(connection: Connection, job: StageJob) -> StageCounts:
    """The shard's calls, how many of them have the stage's result already, and how many wait for it."""
    calls = select(func.count()).select_from(CallRow).join(BatchCallRow)

    def count(*where: ColumnElement[bool]) -> int:
        return int(connection.execute(calls.where(*where)).scalar_one())

    return StageCounts(
        total=count(_in_shard(job)),
        done_before=count(_in_shard(job), passed(job.stage)),
        waiting=count(*_waits_for(job)),
    )


def leads_on(connection: Connection, job: StageJob) -> bool:
    """Whether a later stage has work in the shard, though this one has none."""
    later = [replace(job, stage=stage) for stage in job.stage.following[1:]]
    waiting = (select(CallRow.call_id).join(BatchCallRow).where(*_waits_for(each)).limit(1) for each in later)
    return any(connection.execute(query).first() is not None for query in waiting)


def _in_shard(job: StageJob) -> ColumnElement[bool]:
    return and_(accounted_for(job.batch_id), BatchCallRow.shard == job.shard)


def is_open(job: StageJob) -> ColumnElement[bool]:
    """Whether a call of the batch is to be worked on, and by this batch."""
    waits = STATE == CallState.PENDING
    if job.kind is BatchKind.SHADOW:
        return waits
    return and_(waits, func.coalesce(CallRow.claimed_by, "") == job.batch_id)


def _waits_for(job: StageJob) -> list[ColumnElement[bool]]:
    return [_in_shard(job), is_open(job), ~passed(job.stage), *_needs(job)]


def _host_kills() -> ScalarSelect[int]:
    """How often a host died of a call: it was in flight when the host was lost."""
    kills = select(func.count()).select_from(FailureRow)
    return kills.where(
        FailureRow.call_id == CallRow.call_id, FailureRow.kind == HostLost.kind
    ).scalar_subquery()


@cache  # it takes longer to put together than to answer
def has_result(stage: Stage) -> ColumnElement[bool]:
    """Whether a call has a current result of a stage."""
    return exists().where(
        StageResultRow.call_id == CallRow.call_id,
        StageResultRow.stage == stage,
        StageResultRow.superseded_at.is_(None),
    )


@cache
def passed(stage: Stage) -> ColumnElement[bool]:
    """Whether a call of a batch has passed a stage; what is done again counts when the batch has done it.

    Where a recording lies is nothing that is kept beside: of two copies on hosts, the last one counts.
    """
    if stage is Stage.DISTRIBUTE:
        return has_result(stage)
    own = exists().where(
        StageResultRow.call_id == CallRow.call_id,
        StageResultRow.stage == stage,
        StageResultRow.batch_id == BatchCallRow.batch_id,
    )
    return case((is_done_again(stage), own), else_=has_result(stage))


def is_of_an_audit() -> ColumnElement[bool]:
    """Whether a call's batch audits, and is no rescore."""
    return BatchCallRow.batch_id.in_(select(BatchRow.batch_id).where(BatchRow.kind == BatchKind.AUDIT))


def is_done_again(stage: Stage) -> ColumnElement[bool]:
    """Whether a batch does a stage of a call again, and the call's own result stays until all is done."""
    return func.coalesce(BatchCallRow.redo_from, "").in_([*stage.before, stage])


def counts_here(result: Any) -> ColumnElement[bool]:
    """Whether a result (`StageResultRow`, or an alias of it) is what a batch goes on from."""
    again = or_(*(and_(result.stage == stage, is_done_again(stage)) for stage in STAGES[1:]))
    return case((again, result.batch_id == BatchCallRow.batch_id), else_=result.superseded_at.is_(None))


def _needs(job: StageJob) -> list[ColumnElement[bool]]:
    """What a call must have, or lack, before a stage can work on it."""
    if job.stage is Stage.DISTRIBUTE:
        return [~passed(Stage.STT)]  # all GPU work done: the host need not have the recording
    before = [passed(job.stage.before[-1])]
    return [*before, passed(Stage.DISTRIBUTE)] if job.stage in GPU_STAGES else before
