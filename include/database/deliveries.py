"""What becomes of the events in the outbox: claimed, delivered, tried again, dead, replayed, forgotten."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, delete, func, select, update

from include.database.given import among
from include.database.models import OutboxRow

GONE_STATUS = 410


@dataclass(frozen=True)
class Event:
    """An event that is claimed for sending until `claimed_until`; `attempts` were made before."""

    event_id: str
    event_type: str
    payload: dict[str, Any]
    attempts: int
    claimed_until: datetime


@dataclass(frozen=True)
class FailedAttempt:
    """Why a receiver did not take an event; `next_attempt_at` is None after the last attempt."""

    receiver: str
    status: int | None
    error: str
    next_attempt_at: datetime | None


@dataclass(frozen=True)
class DeadLetter:
    """An event that failed for the last time."""

    event_id: str
    event_type: str
    call_id: str | None
    attempts: int
    dead_at: datetime
    last_error: str


def claim_due(connection: Connection, now: datetime, until: datetime, limit: int) -> list[Event]:
    """Claims events whose time has come; what is claimed no other deliverer gets before `until`.

    Args:
        connection: In a transaction.
        now: An event that is due, and not claimed beyond this, can be claimed.
        until: When the claims are void, if nobody has said by then what became of the events.
        limit: Most events.

    Returns:
        The events, those that wait longest first.
    """
    due = (
        select(OutboxRow.event_id)
        .where(OutboxRow.next_attempt_at <= now, _free(now))
        .order_by(OutboxRow.next_attempt_at, OutboxRow.event_id)
        .limit(limit)
        .with_for_update(skip_locked=True)  # on PostgreSQL; on SQLite writers take turns anyway
        .cte("due")
    )
    claimed = connection.execute(
        update(OutboxRow)
        .where(OutboxRow.event_id.in_(select(due.c.event_id)))
        .values(claimed_until=until)
        .returning(
            OutboxRow.event_id,
            OutboxRow.event_type,
            OutboxRow.payload,
            OutboxRow.attempts,
            OutboxRow.claimed_until,
            OutboxRow.created_at,
        )
    )
    rows = sorted(claimed.mappings(), key=lambda row: (row["created_at"], row["event_id"]))
    return [Event(**{name: row[name] for name in Event.__annotations__}) for row in rows]


def mark_delivered(connection: Connection, event: Event, receiver: str, status: int, now: datetime) -> None:
    """Says that the receiver has taken the event, whoever else may have claimed it meanwhile."""
    connection.execute(
        update(OutboxRow)
        .where(OutboxRow.event_id == event.event_id, OutboxRow.delivered_at.is_(None))
        .values(
            attempts=event.attempts + 1,
            delivered_at=now,
            receiver=receiver,
            last_status=status,
            last_error=None,
            **_ENDED,
        )
    )


def mark_failed(connection: Connection, event: Event, attempt: FailedAttempt, now: datetime) -> None:
    """Says that an attempt failed. Without a next one the event is a dead letter.

    What comes late, when another deliverer has claimed and tried the event already, changes nothing.
    """
    ends: dict[str, Any] = {"dead_at": now, **_ENDED}
    goes_on = {"next_attempt_at": attempt.next_attempt_at, "claimed_until": None}
    connection.execute(
        update(OutboxRow)
        .where(
            OutboxRow.event_id == event.event_id,
            OutboxRow.attempts == event.attempts,
            OutboxRow.next_attempt_at.is_not(None),
        )
        .values(
            attempts=event.attempts + 1,
            receiver=attempt.receiver,
            last_status=attempt.status,
            last_error=attempt.error,
            **(goes_on if attempt.next_attempt_at else ends),
        )
    )


def release(connection: Connection, events: Sequence[Event]) -> None:
    """Gives up claims on events that were not sent."""
    connection.execute(
        update(OutboxRow)
        .where(
            OutboxRow.event_id.in_([event.event_id for event in events]),
            OutboxRow.claimed_until.in_({event.claimed_until for event in events}),
        )
        .values(claimed_until=None)
    )


def gone_event(connection: Connection, receiver: str) -> str | None:
    """The event to which this receiver has answered that it wants no more, if there is one."""
    query = select(OutboxRow.event_id).where(
        OutboxRow.receiver == receiver,
        OutboxRow.last_status == GONE_STATUS,
        OutboxRow.dead_at.is_not(None),
    )
    return connection.execute(query.limit(1)).scalar_one_or_none()


def count_waiting(connection: Connection) -> int:
    """Events that are neither delivered nor dead."""
    query = select(func.count()).select_from(OutboxRow).where(OutboxRow.next_attempt_at.is_not(None))
    return int(connection.execute(query).scalar_one())


def dead_letters(connection: Connection) -> list[DeadLetter]:
    """All dead letters, oldest first."""
    columns = [getattr(OutboxRow, name) for name in DeadLetter.__annotations__]
    query = select(*columns).where(OutboxRow.dead_at.is_not(None)).order_by(OutboxRow.dead_at)
    return [DeadLetter(**row) for row in connection.execute(query).mappings()]


def replay(connection: Connection, now: datetime, event_ids: Sequence[str] | None) -> list[str]:
    """Queues events anew under their own ids, delivered ones too; None for all dead letters.

    Returns:
        The ids of those that there are. One that is being sent at the moment is left alone.
    """
    chosen = (
        OutboxRow.dead_at.is_not(None)
        if event_ids is None
        else among(connection, OutboxRow.event_id, event_ids)
    )
    replayed = connection.execute(
        update(OutboxRow)
        .where(chosen, _free(now))
        .values(
            next_attempt_at=now,
            claimed_until=None,
            delivered_at=None,
            dead_at=None,
            attempts=0,
            last_status=None,
        )
        .returning(OutboxRow.event_id)
    )
    return sorted(replayed.scalars())


def forget(connection: Connection, before: datetime, now: datetime) -> int:
    """Deletes events that were created before a time, delivered or not; how many."""
    return connection.execute(delete(OutboxRow).where(OutboxRow.created_at < before, _free(now))).rowcount


_ENDED: dict[str, Any] = {"next_attempt_at": None, "claimed_until": None}


def _free(now: datetime) -> ColumnElement[bool]:
    return OutboxRow.claimed_until.is_(None) | (OutboxRow.claimed_until <= now)
