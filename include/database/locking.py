"""The one order in which transactions lock rows, so that none waits for one that waits for it.

1. The contents of recordings, where copies are looked for: `lock_contents`.
2. Calls, in order of their ids: `lock_calls`, `lock_calls_where`.
3. Whatever belongs to these calls: results, audits, events, rows of batches.

What is read after the calls are locked nobody changes before the transaction ends: conditions that were read
before say nothing, PostgreSQL lets others commit between two statements. SQLite has one writer at a time.
"""

from collections.abc import Iterable

from sqlalchemy import BigInteger, ColumnElement, Connection, func, literal, select
from sqlalchemy.dialects.postgresql import ARRAY

from include.database.given import among
from include.database.models import CallRow


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


def lock_contents(connection: Connection, hashes: Iterable[str]) -> None:
    """Locks contents, by their hashes: of two that write the same one, the second sees the first's call."""
    numbers = sorted({int(content[:15], 16) for content in hashes})
    if numbers and connection.dialect.name == "postgresql":
        ordered = select(func.unnest(literal(numbers, ARRAY(BigInteger))).label("number")).order_by("number")
        connection.execute(select(func.pg_advisory_xact_lock(ordered.subquery().c.number)))
