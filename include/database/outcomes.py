"""What came of calls in a stage: results once, failures apart, final states with their events."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, func, insert, select, update
from sqlalchemy.exc import DBAPIError

from include.calls.call import CallState
from include.calls.stage import LLM_STAGES, Stage
from include.card_data.masking import masked_text
from include.database.columns import Base
from include.database.engine import insert_missing, upsert
from include.database.models import (
    AuditRow,
    BatchCallRow,
    CallFactsRow,
    CallRow,
    FailureRow,
    LlmResultRow,
    StageResultRow,
    TranscriptRow,
)
from include.database.outbox import announce
from include.database.refused import clean_text, lose, writable, write_apart
from include.database.work import BatchKind, StageJob, has_result, is_open
from include.errors import RowRefused

# Characters of what is kept of a failure: pages of proxies and answers without an end come too.
_LONGEST_MESSAGE = 4_000
_LONGEST_ANSWER = 100_000

# Of these, a call has at most one current row; what a rescore makes becomes current with its audit, if ever.
_ONE_CURRENT: tuple[type[AuditRow | CallFactsRow], ...] = (AuditRow, CallFactsRow)


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


def save(connection: Connection, job: StageJob, outcomes: Sequence[Outcome]) -> list[Failure]:
    """Writes what came of some calls, final states and their events included, in one transaction.

    An outcome that the database refuses (a NUL, a text or number that fits no column) ends its call as
    failed; the others are stored. An answer that was paid for is kept, cleaned: the next run uses it.

    Returns:
        What was written in place of outcomes that were refused.
    """
    refused: list[Failure] = []

    def fail(outcome: Outcome, error: Exception) -> None:
        failure = _unwritable(outcome, error)
        write_apart(connection, lambda these: _save(connection, job, these), [failure], lose)
        refused.append(failure)
        if isinstance(outcome, Success):
            paid = [writable(table, row) for table, row in outcome.rows if table is LlmResultRow]
            write_apart(connection, lambda rows: insert_missing(connection, LlmResultRow, rows), paid, lose)

    write_apart(connection, lambda these: _save(connection, job, these), outcomes, fail)
    return refused


def _unwritable(outcome: Outcome, error: Exception) -> Failure:
    """Drivers quote what they refuse; nobody knows what that says."""
    cause = error.orig if isinstance(error, DBAPIError) else error
    why = type(cause).__name__
    told = (
        f"what came of it cannot be written to the database ({why}): see what made it, and run the day again"
    )
    state = CallState.FAILED if outcome.call_id else None
    return Failure(outcome.call_id, RowRefused.kind, told, state=state)


def _save(connection: Connection, job: StageJob, outcomes: Sequence[Outcome]) -> None:
    now = datetime.now(UTC)
    successes = _still_wanted(connection, job, [o for o in outcomes if isinstance(o, Success)])
    failures = [_fit_to_keep(outcome) for outcome in outcomes if isinstance(outcome, Failure)]
    _save_successes(connection, job, successes, now)
    if failures:
        connection.execute(insert(FailureRow), [_failure_row(job, failure, now) for failure in failures])
    ended = [(o.call_id, o.state, o.reason) for o in successes if o.state]
    ended += [(f.call_id, f.state, f"{job.stage}: {f.message}") for f in failures if f.state and f.call_id]
    ended += [(o.call_id, o.state, o.reason) for o in outcomes if isinstance(o, Ended)]
    finish(connection, job.batch_id, ended, now, job.kind)


def finish(
    connection: Connection,
    batch_id: str,
    ended: Iterable[tuple[str, CallState, str | None]],
    now: datetime,
    kind: BatchKind = BatchKind.AUDIT,
) -> None:
    """Brings pending calls that the batch has claimed to their final state, and queues one event for each.

    Args:
        connection: In a transaction.
        batch_id: The batch that did it.
        ended: Call id, final state, reason.
        now: When.
        kind: Of the batch: a rescore's calls end in it alone, and keep their official result unless a new one
            is there.
    """
    if kind is not BatchKind.AUDIT:
        return _finish_again(connection, batch_id, ended, now, official=kind is BatchKind.RESCORE)
    for call_id, state, reason in ended:
        reached = connection.execute(
            update(CallRow)
            .where(
                CallRow.call_id == call_id, CallRow.state == CallState.PENDING, CallRow.claimed_by == batch_id
            )
            .values(state=state, state_reason=reason, changed_at=now, claimed_by=None)
        )
        if reached.rowcount:
            announce(connection, batch_id, call_id, now)


def _finish_again(
    connection: Connection,
    batch_id: str,
    ended: Iterable[tuple[str, CallState, str | None]],
    now: datetime,
    *,
    official: bool,
) -> None:
    """Ends calls in a rescore; where it is an official one, its audits become the calls' current ones."""
    for call_id, state, reason in ended:
        reached = connection.execute(
            update(BatchCallRow)
            .where(
                BatchCallRow.batch_id == batch_id,
                BatchCallRow.call_id == call_id,
                BatchCallRow.state == CallState.PENDING,
            )
            .values(state=state, state_reason=reason)
        )
        if not reached.rowcount or not official:
            continue
        mine = update(CallRow).where(CallRow.call_id == call_id, CallRow.claimed_by == batch_id)
        if state is CallState.AUDITED:
            _adopt(connection, batch_id, call_id, now)
            connection.execute(mine.values(state=state, state_reason=None, changed_at=now, claimed_by=None))
            announce(connection, batch_id, call_id, now)
        else:
            stand_again(connection, batch_id, CallRow.call_id == call_id)
            connection.execute(mine.values(claimed_by=None))


def stand_again(connection: Connection, batch_id: str, *where: ColumnElement[bool]) -> None:
    """Gives calls that a rescore holds, and a run of their day has reopened, their old audit back.

    That run leaves them to the rescore, so nobody else would end them. A recording that was replaced has no
    result any more that could stand.
    """
    reopened = (CallRow.claimed_by == batch_id, CallRow.state == CallState.PENDING, has_result(Stage.LLM2))
    stands = {"state": CallState.AUDITED, "state_reason": None, "claimed_by": None}
    connection.execute(update(CallRow).where(*reopened, *where).values(stands))


def _adopt(connection: Connection, batch_id: str, call_id: str, now: datetime) -> None:
    """Makes a rescore's results and audit of a call the current ones."""
    supersede(connection, [call_id], LLM_STAGES, now)
    own = select(func.max(StageResultRow.id)).where(
        StageResultRow.batch_id == batch_id, StageResultRow.call_id == call_id
    )
    newest = connection.execute(own.group_by(StageResultRow.stage)).scalars().all()
    results = update(StageResultRow).where(StageResultRow.id.in_(newest))
    connection.execute(results.values(superseded_at=None))
    for table in _ONE_CURRENT:
        (key,) = table.__mapper__.primary_key
        made = select(key).where(table.batch_id == batch_id, table.call_id == call_id)
        mine = connection.execute(made.order_by(table.created_at.desc()).limit(1)).scalar_one_or_none()
        if mine is not None:  # a rescore of before the tables made no facts: the old ones stay
            _supersede_rows(connection, table, [call_id], now)
            connection.execute(update(table).where(key == mine).values(superseded_at=None))


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


def _still_wanted(connection: Connection, job: StageJob, successes: Sequence[Success]) -> list[Success]:
    """Without those of calls that have ended or are another run's by now: a task that was lost came late.

    An answer that was paid for is kept all the same, by the request's identity.
    """
    ids = [success.call_id for success in successes]
    known = select(CallRow.call_id, is_open(job).label("open")).where(CallRow.call_id.in_(ids))
    closed = {row.call_id for row in connection.execute(known) if not row.open}
    late = [success for success in successes if success.call_id in closed]
    insert_missing(connection, LlmResultRow, [r for s in late for t, r in s.rows if t is LlmResultRow])
    return [success for success in successes if success.call_id not in closed]


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
    for table in _ONE_CURRENT:
        current = by_table.get(table, [])
        if current and job.kind is BatchKind.AUDIT:
            _supersede_rows(connection, table, [row["call_id"] for row in current], now)
        elif current:
            by_table[table] = [{**row, "superseded_at": now} for row in current]
    upsert(connection, TranscriptRow, by_table.pop(TranscriptRow, []), ["call_id"])
    for made, rows in by_table.items():  # answers, facts, scorecards and audits never change
        insert_missing(connection, made, rows)


def _supersede_rows(
    connection: Connection, table: type[AuditRow | CallFactsRow], call_ids: Sequence[str], now: datetime
) -> None:
    current = update(table).where(table.call_id.in_(call_ids), table.superseded_at.is_(None))
    connection.execute(current.values(superseded_at=now))


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
        # A rescore's become the call's current ones, if ever, when its audit does.
        "superseded_at": None if job.kind is BatchKind.AUDIT else now,
    }


def _fit_to_keep(failure: Failure) -> Failure:
    """Messages and answers come from outside: nobody knows what they quote, or in which characters."""
    raw_answer = failure.raw_answer and _kept(failure.raw_answer, _LONGEST_ANSWER)
    return replace(failure, message=_kept(failure.message, _LONGEST_MESSAGE), raw_answer=raw_answer)


def _kept(text: str, longest: int) -> str:
    """What is cut off is cut twice: half a card number at the end would not be known for one."""
    return clean_text(masked_text(text[: 2 * longest])[:longest])


def _failure_row(job: StageJob, failure: Failure, now: datetime) -> dict[str, Any]:
    return {
        "batch_id": job.batch_id,
        "call_id": failure.call_id,
        "stage": job.stage,
        "shard": job.shard,
        "host": job.host,
        "attempt": job.attempt,
        "kind": failure.kind,
        "message": failure.message,
        "raw_answer": failure.raw_answer,
        "failed_at": now,
    }
