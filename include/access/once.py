"""Doing once what is asked for twice: whoever loses the connection sends again what may have arrived."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, delete, insert, select

from include.access.rights import Person
from include.database.models import AnsweredRequestRow

# A browser that was closed sends what it has kept when it is opened again.
_KEPT_FOR = timedelta(days=30)
_KEY_CHARS = 80


def once(
    connection: Connection, person: Person, key: str, work: Callable[[], dict[str, Any]]
) -> dict[str, Any]:
    """Does the work, or answers what it came to the first time.

    Args:
        connection: In the transaction that does it: both are stored, or neither.
        person: Who asks; others' keys are other requests.
        key: Of the request; an empty one is never the same.
        work: What is asked for; its result goes into JSON.
    """
    if not key:
        return work()
    key = key[:_KEY_CHARS]
    mine = (AnsweredRequestRow.person == person.name, AnsweredRequestRow.key == key)
    known = connection.execute(select(AnsweredRequestRow.answer).where(*mine)).scalar_one_or_none()
    if known is not None:
        return dict(known)
    answer, now = work(), datetime.now(UTC)
    row = {"person": person.name, "key": key, "answer": answer, "answered_at": now}
    connection.execute(insert(AnsweredRequestRow).values(**row))
    old = AnsweredRequestRow.answered_at < now - _KEPT_FOR
    connection.execute(delete(AnsweredRequestRow).where(AnsweredRequestRow.person == person.name, old))
    return answer
