"""The transactional outbox: an event for every final state, written in the transaction that reaches it."""

from datetime import datetime
from typing import Any
from uuid import uuid4

from sqlalchemy import Connection, RowMapping, insert, select

from include.database.models import AuditRow, CallRow, OutboxRow


def announce(connection: Connection, batch_id: str, call_id: str, now: datetime) -> None:
    """Queues the event `call.<state>` of a call that has just reached its final state."""
    audit = AuditRow.__table__.c
    query = (
        select(
            CallRow.__table__, audit.pct, audit.band, audit.passed, audit.needs_review, audit.scorecard_sha256
        )
        .outerjoin(AuditRow, (AuditRow.call_id == CallRow.call_id) & AuditRow.superseded_at.is_(None))
        .where(CallRow.call_id == call_id)
    )
    call = connection.execute(query).mappings().one()
    event_id = str(uuid4())
    connection.execute(
        insert(OutboxRow).values(
            event_id=event_id,
            call_id=call_id,
            event_type=f"call.{call['state']}",
            payload=_payload(call, batch_id, now),
            created_at=now,
            attempts=0,
        )
    )


def _payload(call: RowMapping, batch_id: str, now: datetime) -> dict[str, Any]:
    """The event's body in the form of Standard Webhooks: type, timestamp, data. No transcript, no quotes."""
    data = {name: call[name] for name in ("call_id", "path", "state", "agent", "queue", "customer_ref")}
    data |= {"day": call["day"].isoformat(), "reason": call["state_reason"], "batch_id": batch_id}
    if call["state"] == "audited":
        data["audit"] = {
            name: call[name] for name in ("pct", "band", "passed", "needs_review", "scorecard_sha256")
        }
    return {"type": f"call.{call['state']}", "timestamp": now.isoformat(), "data": data}
