"""The record of who saw and heard which call, written before anything is shown."""

from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from sqlalchemy import Connection, insert, select

from include.access.rights import Person
from include.database.models import CallAccessRow

# A page says what was heard; a longer stretch than any recording is a mistake or a lie.
LONGEST_HEARD_S = 86_400.0


class Access(StrEnum):
    """What a person has accessed of a call.

    `TEXT`: what was said, with what the machine answered; `BLIND`: without that. `SOUND`: the server sent it,
    to be played. `AHEAD`: it sent it to the browser of somebody who was about to get the call; unless `HEARD`
    follows, which tells what was played, nobody heard it.
    """

    TEXT = "text"
    BLIND = "blind"
    PROMPT = "prompt"
    SOUND = "sound"
    AHEAD = "ahead"
    HEARD = "heard"


def record(
    connection: Connection,
    person: Person,
    call_id: str,
    what: Access,
    *,
    from_ms: int | None = None,
    seconds: float | None = None,
) -> None:
    """Records that a person gets, or has heard, something of a call.

    Args:
        connection: In a transaction.
        person: Who.
        call_id: Of which call.
        what: `SOUND` when the server gave the sound away, `HEARD` for what was played of it.
        from_ms: Where in the recording it began.
        seconds: How much of it was played.
    """
    row = {"at": datetime.now(UTC), "person": person.name, "call_id": call_id, "what": what}
    connection.execute(insert(CallAccessRow).values(**row, from_ms=from_ms, seconds=seconds))


def record_all(connection: Connection, person: Person, call_ids: Collection[str], what: Access) -> None:
    """Adds a row for each of these calls."""
    now = datetime.now(UTC)
    rows = [{"at": now, "person": person.name, "call_id": one, "what": what} for one in call_ids]
    if rows:
        connection.execute(insert(CallAccessRow), rows)


def has_read(connection: Connection, name: str, call_id: str) -> bool:
    """Whether somebody of this name has ever been shown what the machine answered to a call."""
    row = CallAccessRow
    query = select(row.id).where(row.call_id == call_id, row.person == name, row.what == Access.TEXT)
    return connection.execute(query.limit(1)).first() is not None


def was_recorded(
    connection: Connection, person: Person, call_id: str, what: Access, *, within_s: float
) -> bool:
    """Whether the same stands there already, of the last seconds."""
    since = datetime.now(UTC) - timedelta(seconds=within_s)
    query = select(CallAccessRow.id).where(
        CallAccessRow.call_id == call_id,
        CallAccessRow.at >= since,
        CallAccessRow.person == person.name,
        CallAccessRow.what == what,
    )
    return connection.execute(query.limit(1)).first() is not None
