"""Sends each alert once: alerts are stored by key, and the process that stores one first sends it."""

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import Connection, delete, select

from include.alerts.alert import Alert
from include.database.engine import insert_missing
from include.database.models import AlertRow


def claimed(
    connection: Connection, alerts: Iterable[Alert], token: str, now: datetime, timezone: str = "UTC"
) -> list[Alert]:
    """The alerts that no process has sent yet, in their order; the caller has to send them now.

    Args:
        connection: In a transaction.
        alerts: What there is to tell.
        token: The caller's own: of two at the same moment, one has it.
        now: When.
        timezone: The site's, for the times in their texts.
    """
    by_key = {alert.key: alert for alert in alerts}
    rows = [
        {"key": key, "subject": alert.subject, "text": alert.text(timezone), "sent_by": token, "sent_at": now}
        for key, alert in by_key.items()
    ]
    insert_missing(connection, AlertRow, rows)
    mine = select(AlertRow.key).where(AlertRow.key.in_(by_key), AlertRow.sent_by == token)
    keys = set(connection.execute(mine).scalars())
    return [alert for key, alert in by_key.items() if key in keys]


def given_back(connection: Connection, alerts: Iterable[Alert], token: str) -> None:
    """Forgets alerts that reached nobody: the next look sends them."""
    keys = [alert.key for alert in alerts]
    connection.execute(delete(AlertRow).where(AlertRow.key.in_(keys), AlertRow.sent_by == token))
