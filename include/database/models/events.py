"""The tables of webhook events and alerts."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from include.database.columns import Base

# Of all alerts, hardly any is owed.
_OWED = text("sent_at IS NULL")
# Of all events, hardly any is a dead letter.
_DEAD = text("dead_at IS NOT NULL")


class AlertRow(Base):
    """An alert, stored so that each is sent once. `sent_by` names the process that sends it, or has.

    It was raised at `raised_at`, claimed by that process at `claimed_at` (None when no place has taken it),
    and taken by a place at `sent_at`. As long as that is None, it is owed.
    """

    __tablename__ = "alerts"

    key: Mapped[str] = mapped_column(String(250), primary_key=True)
    subject: Mapped[str] = mapped_column(Text)
    text: Mapped[str] = mapped_column(Text)
    raised_at: Mapped[datetime]
    claimed_at: Mapped[datetime | None]
    sent_by: Mapped[str] = mapped_column(String(36))
    sent_at: Mapped[datetime | None]

    __table_args__ = (Index("ix_alerts_owed", "raised_at", sqlite_where=_OWED, postgresql_where=_OWED),)


class OutboxRow(Base):
    """A webhook event (transactional outbox). It waits as long as it has a next attempt.

    `call_id` is None for the event of a run. While `claimed_until` lies ahead, somebody is sending it. It
    ends as delivered or, after its last attempt, as a dead letter.
    """

    __tablename__ = "webhook_outbox"

    event_id: Mapped[str] = mapped_column(String(36), primary_key=True)
    call_id: Mapped[str | None] = mapped_column(ForeignKey("calls.call_id"))
    event_type: Mapped[str] = mapped_column(String(60))
    payload: Mapped[dict[str, Any]]
    created_at: Mapped[datetime]
    next_attempt_at: Mapped[datetime | None]
    claimed_until: Mapped[datetime | None]
    delivered_at: Mapped[datetime | None]
    dead_at: Mapped[datetime | None]
    attempts: Mapped[int] = mapped_column(default=0)
    receiver: Mapped[str | None] = mapped_column(Text)
    last_status: Mapped[int | None]
    last_error: Mapped[str | None] = mapped_column(Text)

    __table_args__ = (
        Index("ix_webhook_outbox_waiting", "next_attempt_at"),
        Index("ix_webhook_outbox_created", "created_at"),
        Index("ix_webhook_outbox_dead", "dead_at", sqlite_where=_DEAD, postgresql_where=_DEAD),
    )
