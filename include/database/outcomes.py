"""What came of calls in a stage: results once, failures apart, final states with their events."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, false, insert, select, update
from sqlalchemy.exc import DBAPIError

from include.calls.call import CallState
from include.calls.stage import Stage
from include.card_data.masking import masked_text
from include.database.columns import Base
from include.database.copies import late_copies
from include.database.engine import insert_missing, upsert
from include.database.finishing import finish
from include.database.given import among, given
from include.database.locking import lock_calls, lock_names
from include.database.models import (
    BatchCallRow,
    CallRow,
    FailureRow,
    LlmResultRow,
    NewTranscriptRow,
    StageResultRow,
    TranscriptRow,
)
from include.database.refused import clean_text, log_unwritable, writable, write_apart
from include.database.superseding import ONE_CURRENT, supersede_rows
from include.database.work import StageJob, is_done_again, is_open
from include.errors import RowRefused

# Characters of what is kept of a failure: pages of proxies and answers without an end come too.
_LONGEST_MESSAGE = 4_000
_LONGEST_ANSWER = 100_000


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
        write_apart(connection, lambda these: _save(connection, job, these), [failure], log_unwritable)
        refused.append(failure)
        if isinstance(outcome, Success):
            paid = [writable(table, row) for table, row in outcome.rows if table is LlmResultRow]
            write_apart(
                connection, lambda rows: insert_missing(connection, LlmResultRow, rows), paid, log_unwritable
            )

    lock_names(connection, (o.sha256 for o in outcomes if isinstance(o, Success) and o.sha256))
    lock_calls(connection, (outcome.call_id for outcome in outcomes if outcome.call_id))
    write_apart(connection, lambda these: _save(connection, job, these), outcomes, fail)
    return refused


def _unwritable(outcome: Outcome, error: Exception) -> Failure:
    """Drivers quote what they refuse; nobody knows what that says."""
    cause = error.orig if isinstance(error, DBAPIError) else error
    why = type(cause).__name__
    message = (
        f"what came of it cannot be written to the database ({why}): see what made it, and run the day again"
    )
    state = CallState.FAILED if outcome.call_id else None
    return Failure(outcome.call_id, RowRefused.kind, message, state=state)


def _save(connection: Connection, job: StageJob, outcomes: Sequence[Outcome]) -> None:
    now = datetime.now(UTC)
    made = [outcome for outcome in outcomes if isinstance(outcome, Success)]
    successes, again = _still_wanted(connection, job, made)
    copies = late_copies(connection, job, {s.call_id: s.sha256 for s in successes if s.sha256})
    failures = [_fit_to_keep(outcome) for outcome in outcomes if isinstance(outcome, Failure)]
    _save_successes(connection, job, successes, again, now)
    if failures:
        connection.execute(insert(FailureRow), [_failure_row(job, failure, now) for failure in failures])
    ended = [*copies, *((o.call_id, o.state, o.reason) for o in successes if o.state)]
    ended += [(f.call_id, f.state, f"{job.stage}: {f.message}") for f in failures if f.state and f.call_id]
    ended += [(o.call_id, o.state, o.reason) for o in outcomes if isinstance(o, Ended)]
    finish(connection, job.batch_id, ended, now, job.kind)


def _still_wanted(
    connection: Connection, job: StageJob, successes: Sequence[Success]
) -> tuple[list[Success], set[str]]:
    """Narrows to calls that have not ended and are still this run's: a task that was lost may come late.

    An answer that was paid for is kept all the same, by the request's identity.

    Returns:
        What is wanted, and the ids of calls whose old results stay until all is done again.
    """
    ids = [success.call_id for success in successes]
    again = is_done_again(job.stage) if job.stage is not Stage.DISTRIBUTE else false()
    known = (
        select(CallRow.call_id, is_open(job).label("open"), again.label("again"))
        .outerjoin(
            BatchCallRow,
            (BatchCallRow.call_id == CallRow.call_id) & (BatchCallRow.batch_id == job.batch_id),
        )
        .where(among(connection, CallRow.call_id, ids))
    )
    rows = {row.call_id: row for row in connection.execute(known)}
    closed = {call_id for call_id, row in rows.items() if not row.open}
    late = [success for success in successes if success.call_id in closed]
    insert_missing(connection, LlmResultRow, [r for s in late for t, r in s.rows if t is LlmResultRow])
    wanted = [success for success in successes if success.call_id not in closed]
    return wanted, {call_id for call_id, row in rows.items() if row.again}


def _save_successes(
    connection: Connection, job: StageJob, successes: Sequence[Success], again: set[str], now: datetime
) -> None:
    results = [
        _result_row(job, success, now, is_current=success.call_id not in again) for success in successes
    ]
    insert_missing(connection, StageResultRow, results)
    _keep_hashes(connection, {s.call_id: s.sha256 for s in successes if s.sha256})
    by_table: dict[type[Base], list[Mapping[str, Any]]] = defaultdict(list)
    for table, row in (row for success in successes for row in success.rows):
        by_table[table].append(row)
    for table in ONE_CURRENT:
        rows = by_table.get(table, [])
        if current := [row["call_id"] for row in rows if row["call_id"] not in again]:
            supersede_rows(connection, table, current, now)
        by_table[table] = [{**row, "superseded_at": now if row["call_id"] in again else None} for row in rows]
    _save_transcripts(connection, job, by_table.pop(TranscriptRow, []), again)
    for made, rows in by_table.items():  # answers, facts, scorecards and audits never change
        insert_missing(connection, made, rows)


def _save_transcripts(
    connection: Connection, job: StageJob, rows: Sequence[Mapping[str, Any]], again: set[str]
) -> None:
    heard = [row for row in rows if row["call_id"] not in again]
    heard_again = [{**row, "batch_id": job.batch_id} for row in rows if row["call_id"] in again]
    upsert(connection, TranscriptRow, heard, ["call_id"])
    upsert(connection, NewTranscriptRow, heard_again, ["call_id"])


def _keep_hashes(connection: Connection, hashes: Mapping[str, str]) -> None:
    if hashes:
        rows = [{"call_id": call_id, "sha256": sha256} for call_id, sha256 in hashes.items()]
        found = given(connection, rows, ["call_id", "sha256"])
        of_call = update(CallRow).where(CallRow.call_id == found.c.call_id)
        connection.execute(of_call.values(sha256=found.c.sha256))


def _result_row(job: StageJob, success: Success, now: datetime, *, is_current: bool) -> dict[str, Any]:
    return {
        "call_id": success.call_id,
        "stage": job.stage,
        "batch_id": job.batch_id,
        "host": success.worker,
        "engine": success.engine,
        "seconds": success.seconds,
        "result": success.result,
        "created_at": now,
        # What is done again becomes current, if ever, when its audit does.
        "superseded_at": None if is_current else now,
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
