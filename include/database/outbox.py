"""The transactional outbox: an event for every final state, written in the transaction that reaches it."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import NAMESPACE_URL, uuid4, uuid5

from sqlalchemy import Connection, RowMapping, func, insert, select

from include.calls.ledger import Ledger
from include.database import official
from include.database.days import late_calls, own_day, was_discovered
from include.database.engine import insert_missing
from include.database.given import among
from include.database.models import AnswerRow, AuditRow, BatchRow, CallRow, OutboxRow
from include.database.spending import count_stopped
from include.scorecards.assessment import Standing


def announce(connection: Connection, batch_id: str, call_ids: Sequence[str], now: datetime) -> None:
    """Queues the event `call.<state>` of each call that has just reached its final state."""
    if not call_ids:
        return
    query = (
        select(
            CallRow.__table__,
            AuditRow.audit_id,
            official.PCT.label("pct"),
            official.BAND.label("band"),
            official.PASSED.label("passed"),
            official.NEEDS_REVIEW.label("needs_review"),
            official.REVIEWED.label("reviewed"),
            AuditRow.scorecard_sha256,
            AuditRow.cofi_version,
        )
        .outerjoin(AuditRow, (AuditRow.call_id == CallRow.call_id) & AuditRow.superseded_at.is_(None))
        .outerjoin(*official.SCORE)
        .where(among(connection, CallRow.call_id, call_ids))
        .order_by(CallRow.call_id)
    )
    calls = connection.execute(query).mappings().all()
    standings = _standings(connection, [call["audit_id"] for call in calls if call["state"] == "audited"])
    rows = []
    for call in calls:
        data = _of_call(call, batch_id)
        if "audit" in data:
            data["audit"]["answers"] = standings[call["audit_id"]]
        row = _row(f"call.{call['state']}", data, now)
        rows.append({"event_id": str(uuid4()), "call_id": call["call_id"], **row})
    connection.execute(insert(OutboxRow), rows)


def announce_review(
    connection: Connection, event_type: str, call_id: str, more: Mapping[str, Any], now: datetime
) -> None:
    """Queues an event about what people said of a call: `review.completed` or `score.changed`.

    Args:
        connection: In the transaction in which it happens.
        event_type: Which.
        call_id: Of the call.
        more: Further fields of the event beside the call itself.
        now: When.
    """
    query = select(CallRow.__table__).where(CallRow.call_id == call_id)
    call = connection.execute(query).mappings().one()
    row = _row(event_type, {**_head(call), **more}, now)
    connection.execute(insert(OutboxRow).values(event_id=str(uuid4()), call_id=call_id, **row))


def _standings(connection: Connection, audit_ids: Sequence[str | None]) -> dict[str | None, dict[str, int]]:
    """How many answers count, and how many do not and why: those leave the score, up and down alike."""
    standings = {audit_id: dict.fromkeys(map(str, Standing), 0) for audit_id in audit_ids}
    of_audits = among(connection, AnswerRow.audit_id, filter(None, audit_ids))
    query = select(AnswerRow.audit_id, AnswerRow.standing, func.count()).where(of_audits)
    if standings:
        for audit_id, standing, count in connection.execute(
            query.group_by(AnswerRow.audit_id, AnswerRow.standing)
        ):
            standings[audit_id][standing] = count
    return standings


def announce_run(
    connection: Connection,
    batch_id: str,
    ledger: Ledger,
    now: datetime,
    more: Mapping[str, Any] | None = None,
) -> None:
    """Queues the event of a run that ends, with its ledger: `run.completed`, or `run.incomplete`.

    One that never found out what there is to audit is incomplete, though nothing is open in its ledger. A run
    whose end is repeated says the same again only if its counts have changed: the event's id is made of the
    run's and them.

    Args:
        connection: In a transaction.
        batch_id: Of the run.
        ledger: Its counts.
        now: When.
        more: Further figures of the event by name, such as `canaries` (`CanaryNight.event_values`).
    """
    day = connection.execute(select(BatchRow.day).where(BatchRow.batch_id == batch_id)).scalar_one()
    closed = ledger.closed and was_discovered(connection, batch_id)
    counts = {**vars(ledger), "discovered": ledger.discovered}
    waiting = {"waiting_for_budget": count_stopped(connection, batch_id)}
    rest = waiting | _of_days(connection, batch_id) | dict(more or {})
    data = {"batch_id": batch_id, "day": day.isoformat(), "closed": closed, "ledger": counts}
    event_id = str(uuid5(NAMESPACE_URL, f"cofi:run:{batch_id}:{json.dumps(counts | rest)}"))
    row = _row("run.completed" if closed else "run.incomplete", data | rest, now)
    insert_missing(connection, OutboxRow, [{"event_id": event_id, "call_id": None, **row}])


def announce_alert(connection: Connection, key: str, fields: Mapping[str, Any], now: datetime) -> None:
    """Queues the event of an alert, once for each key.

    Args:
        connection: In a transaction.
        key: Of what it is about.
        fields: The alert's subject, text, since and link.
        now: When.
    """
    event_id = str(uuid5(NAMESPACE_URL, f"cofi:alert:{key}"))
    row = _row("alert", {"key": key, **fields}, now)
    insert_missing(connection, OutboxRow, [{"event_id": event_id, "call_id": None, **row}])


def _of_days(connection: Connection, batch_id: str) -> dict[str, Any]:
    """How a run found its day, and what it took up of days before; neither of a rescore."""
    day = own_day(connection, batch_id)
    late = [
        {"day": each.isoformat(), "new": calls.new, "again": calls.again}
        for each, calls in late_calls(connection, batch_id).items()
    ]
    problem = day and day.problem
    # Receivers that were written for the older name find the sentence there as well.
    return {"day_state": day and day.state, "day_problem": problem, "day_told": problem, "late": late}


def _row(event_type: str, data: dict[str, Any], now: datetime) -> dict[str, Any]:
    """The body has the form of Standard Webhooks: type, timestamp, data. No transcript, no quotes."""
    return {
        "event_type": event_type,
        "payload": {"type": event_type, "timestamp": now.isoformat(), "data": data},
        "created_at": now,
        "next_attempt_at": now,
        "attempts": 0,
    }


def _of_call(call: RowMapping, batch_id: str) -> dict[str, Any]:
    data = _head(call) | {"state": call["state"], "reason": call["state_reason"], "batch_id": batch_id}
    if call["state"] == "audited":
        named = ("pct", "band", "passed", "needs_review", "scorecard_sha256", "cofi_version")
        data["audit"] = {name: call[name] for name in named}
        data["audit"]["reviewed"] = call["reviewed"]
    return data


def _head(call: RowMapping) -> dict[str, Any]:
    """The fields of an event that name the call and its agent."""
    named = ("call_id", "path", "agent", "agent_id", "team", "queue", "customer_ref", "interaction_id")
    return {name: call[name] for name in named} | {"day": call["day"].isoformat()}
