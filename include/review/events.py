"""Who did what: a row for everything that somebody changes, in the same transaction."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, insert

from include.database.models import ReviewEventRow
from include.review.people import Actor


def record(
    connection: Connection,
    actor: Actor,
    action: str,
    subject: str,
    now: datetime,
    *,
    call_id: str | None = None,
    details: Mapping[str, Any] | None = None,
) -> None:
    """Adds what somebody did.

    Args:
        connection: In the transaction that does it.
        actor: Who.
        action: What, such as `take`.
        subject: Id of the item, dispute or session.
        now: When.
        call_id: Of the call, where it is about one.
        details: What else there is to know: ids and keys, nothing that was said.
    """
    row = {"at": now, "person": actor.user, "action": action, "subject": subject, "call_id": call_id}
    connection.execute(insert(ReviewEventRow).values(**row, details=dict(details or {})))


def at(now: datetime | None) -> datetime:
    """The moment that is given, else this one."""
    return now or datetime.now(UTC)
