"""Every event that receivers are sent, as it was really made for a call of an example."""

import json
import tempfile
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, insert, select, update

from include.calls.call import CallState
from include.calls.days import DayState, JudgedDay, Verdict
from include.calls.ledger import Ledger
from include.database import batches, days
from include.database.batches import Batch
from include.database.engine import Database
from include.database.migrations import upgrade
from include.database.models import CallRow, OutboxRow
from include.database.outbox import announce, announce_alert, announce_review, announce_run

_DAY, _NOW = date(2026, 11, 16), datetime(2026, 11, 17, 1, 30, tzinfo=UTC)
_CALL = {
    "call_id": "20261116-9f8e7d6c5b4a39281706",
    "day": _DAY,
    "path": "call-001.ogg",
    "uri": "s3://calls/2026-11-16/call-001.ogg",
    "size_bytes": 481_203,
    "duration_s": 184.2,
    "state": "failed",
    "state_reason": "stt: The host answered 422",
    "agent": "Dana Fox",
    "queue": "billing",
    "channel_roles": ["agent", "customer"],
    "extra": {},
    "discovered_at": _NOW,
    "changed_at": _NOW,
}
_TOLD = {
    "call.audited": "a call was audited; with `audit` when it has a score",
    "call.failed": "a call ended without an audit; also `call.skipped`, `call.duplicate`, `call.quarantined`",
    "run.completed": "a run ended and its ledger closes; `run.incomplete` when it does not",
    "review.completed": "a person has finished reviewing a call",
    "score.changed": "a call's official score is another than before",
    "alert": "something that cannot wait for the next look at Airflow",
}


def page() -> str:
    """Each event with a payload."""
    parts = [
        "# Webhook events\n",
        "Sent by POST with the headers of Standard Webhooks (`webhook-id`, `webhook-timestamp`, "
        "`webhook-signature`), at least once; the same id is the same event. No transcript, no quote is in "
        "them.\n",
        "| event | |",
        "| --- | --- |",
        *(f"| `{name}` | {told} |" for name, told in _TOLD.items()),
        "",
    ]
    for name, payload in _made().items():
        parts += [f"## `{name}`\n", "```json", json.dumps(payload, indent=2), "```\n"]
    return "\n".join(parts)


def _made() -> dict[str, dict[str, Any]]:
    """By the code that makes them, in a database for the purpose."""
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{Path(folder) / 'cofi.db'}"
        upgrade(url)
        database = Database(url)
        with database.writing() as connection:
            _announce_all(connection)
            rows = connection.execute(select(OutboxRow.event_type, OutboxRow.payload)).all()
        database.close()
    by_name = {row.event_type: row.payload for row in rows}
    return {name: by_name[name] for name in _TOLD if name in by_name}


def _announce_all(connection: Connection) -> None:
    batch = Batch("scheduled__2026-11-16__2026-11-17T00:00:00+00:00", _DAY, "s3://calls", {})
    batches.open_batch(connection, batch)
    days.record_day(connection, batch.batch_id, JudgedDay(_DAY, DayState.OK, Verdict.OK, 10_000))
    connection.execute(insert(CallRow), [_CALL])
    announce(connection, batch.batch_id, [str(_CALL["call_id"])], _NOW)
    connection.execute(update(CallRow).values(state=CallState.AUDITED, state_reason=None))
    announce(connection, batch.batch_id, [str(_CALL["call_id"])], _NOW)
    ledger = Ledger.of({"audited": 9_712, "failed": 3, "quarantined": 8, "skipped": 270, "duplicate": 7})
    announce_run(connection, batch.batch_id, ledger, _NOW)
    answered = {"by": "ana", "cause": "review", "item_id": "0b9f4a52-6d7e-4a52-8c1f-2f3f6a7d9b10"}
    announce_review(connection, "review.completed", str(_CALL["call_id"]), answered, _NOW)
    scores = {
        "old": {"pct": 0.0, "band": "poor", "passed": False, "reviewed": False},
        "new": {"pct": 88.0, "band": "good", "passed": True, "reviewed": True},
    }
    announce_review(connection, "score.changed", str(_CALL["call_id"]), scores | answered, _NOW)
    alert = {"subject": "The audit of 2026-11-16 failed, and 1 more", "text": "…", "since": _NOW.isoformat()}
    also = [{"key": f"host/gpu_a/{_DAY}", "subject": "GPU host gpu_a is in trouble (host_lost)"}]
    announce_alert(connection, "run/…", {**alert, "link": "https://…", "also": also}, _NOW)
