"""Calls that stopped somewhere in a run: in which stage, and why."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, case, insert, select

from include.calls.call import CallState
from include.calls.ledger import Ledger
from include.calls.stage import LLM_STAGES, ON_HOSTS, Stage
from include.database.accounted import accounted_for
from include.database.batches import Batch, close, has_claimed
from include.database.finishing import finish
from include.database.given import among
from include.database.locking import lock_calls, lock_calls_of
from include.database.models import BatchCallRow, CallRow, FailureRow
from include.database.refused import clean_text
from include.database.rescores import end_strays
from include.database.work import STATE, BatchKind, passed
from include.distribution.planner import CallLoad
from include.errors import CofiError

_NO_HOST = "none"


def settle(connection: Connection, batch: Batch) -> None:
    """Ends calls that are still pending though it is known why they stopped where they did.

    The reason is their own last failure in the stage that they lack, or else their host's. A call without a
    known reason stays pending: the ledger then does not close, and the run must say so.
    """
    lock_calls(connection, connection.execute(_stopped(batch, CallRow.call_id)).scalars())
    stopped = connection.execute(_with_reasons(batch)).all()
    of_host = _of_hosts(connection, batch) if stopped else {}
    ended = [
        (call.call_id, CallState.FAILED, f"{call.stage}: {reason}")
        for call in stopped
        if (reason := call.own_reason or of_host.get((call.host, call.stage)))
    ]
    finish(connection, batch.batch_id, ended, datetime.now(UTC), batch.kind)


def end(
    connection: Connection, batch: Batch, more: Mapping[str, Any] | None = None
) -> tuple[Ledger, list[str]]:
    """Settles a run's calls, and closes it: see `batches.close`."""
    lock_calls_of(connection, batch.batch_id)
    settle(connection, batch)
    if batch.kind is not BatchKind.AUDIT:
        end_strays(connection, batch)
    return close(connection, batch, more)


def give_up(connection: Connection, batch: Batch, loads: Sequence[CallLoad], why: CofiError) -> None:
    """Records why stranded calls were not moved: it is the reason with which they end."""
    stranded = among(connection, CallRow.call_id, (load.call_id for load in loads))
    query = select(CallRow.call_id, lacked(batch).label("stage")).join(BatchCallRow)
    query = query.where(accounted_for(batch.batch_id), stranded)
    now = datetime.now(UTC)
    rows = [
        {
            "batch_id": batch.batch_id,
            "call_id": call.call_id,
            "stage": call.stage,
            "host": _NO_HOST,
            "attempt": 1,
            "kind": why.kind,
            "message": clean_text(str(why)),
            "failed_at": now,
        }
        for call in connection.execute(query)
        if call.stage
    ]
    if rows:
        connection.execute(insert(FailureRow), rows)


def lacked(batch: Batch) -> ColumnElement[str | None]:
    """The first stage that a call of a batch has not passed; NULL when it has passed all.

    A call whose GPU work was done earlier is not distributed again.
    """
    on_hosts = [(~passed(Stage.STT) & ~passed(stage), stage.value) for stage in ON_HOSTS]
    of_llm = [(~passed(stage), stage.value) for stage in LLM_STAGES]
    return case(*(on_hosts if batch.kind is BatchKind.AUDIT else []), *of_llm, else_=None)


def _stopped(batch: Batch, *columns: Any) -> Select[*tuple[Any, ...]]:
    """Pending calls that are the batch's own to end: another run ends those that it works on."""
    query = select(*columns).join(BatchCallRow, BatchCallRow.call_id == CallRow.call_id)
    query = query.where(accounted_for(batch.batch_id), STATE == CallState.PENDING)
    if batch.kind is BatchKind.AUDIT:
        query = query.where(has_claimed(batch))
    return query


def _with_reasons(batch: Batch) -> Select[*tuple[Any, ...]]:
    """The same, with their host, the stage that they lack, and their last failure in it."""
    query = _stopped(batch, CallRow.call_id, BatchCallRow.host, lacked(batch).label("stage"))
    stopped = query.subquery()
    newest = (
        select(FailureRow.message)
        .where(
            FailureRow.call_id == stopped.c.call_id,
            FailureRow.batch_id == batch.batch_id,
            FailureRow.stage == stopped.c.stage,
        )
        .order_by(FailureRow.id.desc())
        .limit(1)
    )
    return select(stopped, newest.correlate(stopped).scalar_subquery().label("own_reason"))


def _of_hosts(connection: Connection, batch: Batch) -> dict[tuple[str, str], str]:
    """The last message of each host that failed as a whole, by host and stage."""
    failures = (
        select(FailureRow.host, FailureRow.stage, FailureRow.message)
        .where(FailureRow.batch_id == batch.batch_id, FailureRow.call_id.is_(None))
        .order_by(FailureRow.id)
    )
    return {(row.host, row.stage): row.message for row in connection.execute(failures)}
