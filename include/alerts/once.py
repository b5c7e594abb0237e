"""Sends each alert once: alerts are stored by key, and the process that stores one first sends it.

One that no place has taken, or whose process has died, is owed: the next look sends it as it is stored.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, or_, select, update

from include.alerts.alert import Alert
from include.database.engine import insert_missing
from include.database.models import AlertRow

# Longer than a process takes to send one: Airflow tries a mail server six times for 30 s, a chat has 20 s.
_SENDING = timedelta(minutes=10)


@dataclass(frozen=True)
class Owed:
    """An alert that was raised before and has reached nobody, in the words of then."""

    key: str
    subject: str
    text: str
    raised_at: datetime


def claimed(
    connection: Connection, alerts: Iterable[Alert], token: str, now: datetime, timezone: str = "UTC"
) -> list[Alert]:
    """The alerts that nobody has raised before, in their order; the caller has to send them now.

    Args:
        connection: In a transaction.
        alerts: What there is to tell.
        token: The caller's own: of two at the same moment, one has it.
        now: When.
        timezone: The site's, for the times in their texts.
    """
    by_key = {alert.key: alert for alert in alerts}
    rows = [
        {
            "key": key,
            "subject": alert.subject,
            "text": alert.text(timezone),
            "raised_at": now,
            "claimed_at": now,
            "sent_by": token,
            "sent_at": None,
        }
        for key, alert in by_key.items()
    ]
    insert_missing(connection, AlertRow, rows)
    mine = select(AlertRow.key).where(AlertRow.key.in_(by_key), AlertRow.sent_by == token)
    keys = set(connection.execute(mine).scalars())
    return [alert for key, alert in by_key.items() if key in keys]


def claimed_of_owed(connection: Connection, token: str, now: datetime, since: datetime) -> list[Owed]:
    """The alerts that are owed, the first that was raised first; the caller has to send them now.

    Args:
        connection: In a transaction.
        token: The caller's own.
        now: When.
        since: What was raised before is given up: it is news no more.
    """
    nobody_sends = or_(AlertRow.claimed_at.is_(None), AlertRow.claimed_at < now - _SENDING)
    is_owed = (AlertRow.sent_at.is_(None), AlertRow.raised_at >= since, nobody_sends)
    connection.execute(update(AlertRow).where(*is_owed).values(sent_by=token, claimed_at=now))
    query = select(AlertRow.key, AlertRow.subject, AlertRow.text, AlertRow.raised_at)
    mine = query.where(AlertRow.sent_by == token, AlertRow.sent_at.is_(None))
    rows = connection.execute(mine.order_by(AlertRow.raised_at, AlertRow.key))
    return [Owed(*row) for row in rows]


def sent(connection: Connection, keys: Collection[str], token: str, now: datetime) -> None:
    """Notes that a place has taken the caller's alerts."""
    mine = (AlertRow.key.in_(keys), AlertRow.sent_by == token)
    connection.execute(update(AlertRow).where(*mine).values(sent_at=now))


def given_back(connection: Connection, keys: Collection[str], token: str) -> None:
    """Notes that no place has taken the caller's alerts: the next look sends them."""
    mine = (AlertRow.key.in_(keys), AlertRow.sent_by == token)
    connection.execute(update(AlertRow).where(*mine).values(claimed_at=None))
