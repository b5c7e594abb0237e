"""Claims on events, and the event of a run."""

import threading
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from include.calls.call import CallState
from include.calls.stage import Stage
from include.database import batches, deliveries
from include.database.batches import Batch
from include.database.models import OutboxRow
from include.database.outcomes import Ended
from tests.unit.database.seeding import Day, recording

CALLS = [recording(f"{number:03}.wav") for number in range(60)]
MINUTE = timedelta(minutes=1)


@pytest.fixture
def batch(day: Day) -> Batch:
    """Sixty calls that have ended."""
    batch = day.planned(*CALLS)
    day.save(batch, Stage.LLM1, [Ended(call.call_id, CallState.SKIPPED, "silent") for call in CALLS])
    return batch


def claim(day: Day, limit: int, at: timedelta = timedelta()) -> list[deliveries.Event]:
    now = datetime.now(UTC) + at
    return day.database.write(lambda c: deliveries.claim_due(c, now, now + MINUTE, limit))


def test_deliverers_that_claim_at_once_get_different_events(day: Day, batch: Batch) -> None:
    claimed: Counter[str] = Counter()
    lock = threading.Lock()

    def claim_all() -> None:
        while events := claim(day, 7):
            with lock:
                claimed.update(event.event_id for event in events)

    threads = [threading.Thread(target=claim_all) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(claimed) == len(CALLS)
    assert set(claimed.values()) == {1}


def test_a_claim_ends_with_its_time_or_when_it_is_released(day: Day, batch: Batch) -> None:
    first = claim(day, 10)
    assert len(first) == 10
    assert len(claim(day, 100)) == 50
    assert claim(day, 100) == []
    day.database.write(lambda c: deliveries.release(c, first[:4]))
    assert {event.event_id for event in claim(day, 100)} == {event.event_id for event in first[:4]}
    assert len(claim(day, 100, at=2 * MINUTE)) == 60


def test_what_comes_late_from_a_lost_claim_changes_nothing_but_a_delivery_counts(
    day: Day, batch: Batch
) -> None:
    now = datetime.now(UTC)
    (slow,) = claim(day, 1)
    again = next(e for e in claim(day, 100, at=2 * MINUTE) if e.event_id == slow.event_id)

    def fail(event: deliveries.Event, status: int) -> None:
        attempt = deliveries.FailedAttempt("receiver", status, "no", now + 9 * MINUTE)
        day.database.write(lambda c: deliveries.mark_failed(c, event, attempt, now))

    fail(again, 500)
    fail(slow, 502)
    (row,) = day.rows(OutboxRow, event_id=slow.event_id)
    assert (row["attempts"], row["last_status"]) == (1, 500)

    day.database.write(lambda c: deliveries.mark_delivered(c, slow, "r", 200, now))
    fail(replace(again, attempts=1), 500)
    (row,) = day.rows(OutboxRow, event_id=slow.event_id)
    assert row["delivered_at"]
    assert (row["next_attempt_at"], row["dead_at"]) == (None, None)


def test_old_events_are_forgotten_but_not_while_they_are_sent(day: Day, batch: Batch) -> None:
    claim(day, 10)
    now = datetime.now(UTC)
    assert day.database.write(lambda c: deliveries.forget(c, now - MINUTE, now)) == 0
    assert day.database.write(lambda c: deliveries.forget(c, now + MINUTE, now)) == 50
    assert len(day.rows(OutboxRow)) == 10


def test_a_run_tells_its_ledger_once_and_again_when_it_has_changed(day: Day) -> None:
    batch = day.planned(*CALLS[:2])

    def close() -> None:
        day.database.write(lambda c: batches.close(c, batch))

    close()
    (event,) = day.rows(OutboxRow, call_id=None)
    assert event["event_type"] == event["payload"]["type"] == "run.incomplete"
    assert event["payload"]["data"]["ledger"]["pending"] == 2

    day.plan(batch)
    day.audit(batch, *CALLS[:2])
    close()
    close()

    events = {row["event_type"]: row["payload"]["data"] for row in day.rows(OutboxRow, call_id=None)}
    assert len(day.rows(OutboxRow, call_id=None)) == 2
    told = events["run.completed"]
    assert (told["batch_id"], told["day"], told["closed"]) == ("run-1", "2026-11-16", True)
    assert told["ledger"] == {
        **dict.fromkeys(("failed", "duplicate", "skipped", "quarantined", "pending"), 0),
        "audited": 2,
        "discovered": 2,
    }
