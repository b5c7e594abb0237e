"""The one order in which transactions lock rows, so that none waits for one that waits for it.

1. What has no row of its own, such as the content of recordings: `lock_names`.
2. Calls, in order of their ids: `lock_calls`, `lock_calls_where`.
3. Whatever belongs to these calls: results, audits, reviews, events, rows of batches.

All calls that a transaction writes are locked together, before anything else: of two parts that are each in
order, the second may wait for somebody who waits for the first. What concerns a run as a whole locks all
calls that the run accounts for: `lock_calls_of`.

What is read after the calls are locked nobody changes before the transaction ends: conditions that were read
before say nothing, PostgreSQL lets others commit between two statements. SQLite has one writer at a time.
"""

from collections.abc import Iterable
from hashlib import sha256

from sqlalchemy import BigInteger, ColumnElement, Connection, func, literal, select
from sqlalchemy.dialects.postgresql import ARRAY

from include.database.accounted import lies_among_those_of
from include.database.given import among
from include.database.models import BatchCallRow, CallRow


def lock_calls(connection: Connection, call_ids: Iterable[str]) -> None:
    """Locks calls until the transaction ends; what refers to them can be written meanwhile."""
    ids = set(call_ids)
    if ids:
        lock_calls_where(connection, among(connection, CallRow.call_id, sorted(ids)))


def lock_calls_where(connection: Connection, *where: ColumnElement[bool]) -> None:
    """Locks the calls for which a condition holds. One that another transaction changes is asked again."""
    if connection.dialect.name == "postgresql":
        ordered = select(CallRow.call_id).where(*where).order_by(CallRow.call_id)
        locked = ordered.with_for_update(key_share=True, of=CallRow).subquery()
        connection.execute(select(func.count()).select_from(locked))


def lock_calls_of(connection: Connection, batch_id: str) -> None:
    """Locks all calls that a run accounts for: its rows change by nobody else from now on."""
    mine = select(BatchCallRow.call_id).where(BatchCallRow.batch_id == batch_id)
    lock_calls_where(connection, CallRow.call_id.in_(mine), lies_among_those_of(batch_id))


def lock_names(connection: Connection, names: Iterable[str]) -> None:
    """Locks what no row stands for, by its name: of two that do, the second sees what the first has done."""
    numbers = sorted({int(sha256(name.encode()).hexdigest()[:15], 16) for name in names})
    if numbers and connection.dialect.name == "postgresql":
        ordered = select(func.unnest(literal(numbers, ARRAY(BigInteger))).label("number")).order_by("number")
        connection.execute(select(func.pg_advisory_xact_lock(ordered.subquery().c.number)))
