"""Copies that are found when hosts have received them, before any GPU works on them."""

from dataclasses import replace
from datetime import timedelta

import pytest

from include.calls.call import CallState, call_id_for
from include.calls.stage import Stage
from include.database.models import CallRow, OutboxRow
from include.database.outcomes import Failure
from tests.unit.database.seeding import DAY, Day, recording, success

A, B, C = recording("a.wav"), recording("b.wav"), recording("c.wav")
SAME, OTHER = "5" * 64, "0" * 64


def test_of_two_that_are_received_together_the_earlier_is_the_original(day: Day) -> None:
    batch = day.planned(A, B, C)
    received = [success(C, sha256=OTHER), success(B, sha256=SAME), success(A, sha256=SAME)]
    day.save(batch, Stage.DISTRIBUTE, received)

    assert day.state_of(B) == ("duplicate", "same content as 2026-11-16 a.wav")
    assert [call.call_id for call in day.pending(batch, Stage.DENOISE)] == sorted([A.call_id, C.call_id])
    [row] = day.rows(CallRow, call_id=B.call_id)
    assert (row["duplicate_of"], row["claimed_by"]) == (A.call_id, None)
    assert [event["event_type"] for event in day.rows(OutboxRow)] == ["call.duplicate"]


def test_what_was_received_first_stays_the_original(day: Day) -> None:
    batch = day.planned(A, B)
    day.save(batch, Stage.DISTRIBUTE, [success(B, sha256=SAME)])
    day.save(batch, Stage.DISTRIBUTE, [success(A, sha256=SAME)])
    assert (day.state_of(A)[0], day.state_of(B)[0]) == ("duplicate", "pending")


@pytest.mark.parametrize(("state", "is_copy"), [("audited", True), ("failed", False), ("quarantined", False)])
def test_a_call_that_ended_without_an_audit_is_no_original(day: Day, state: str, is_copy: bool) -> None:
    yesterday = DAY - timedelta(days=1)
    old = replace(
        A, call_id=call_id_for(yesterday, "a.wav"), day=yesterday, sha256=SAME, state=CallState(state)
    )
    day.discover(old, day=yesterday, batch_id="night")
    batch = day.planned(B)
    day.save(batch, Stage.DISTRIBUTE, [success(B, sha256=SAME)])
    assert day.state_of(B)[0] == ("duplicate" if is_copy else "pending")


def test_a_call_that_is_tried_again_is_an_original_once_a_host_has_it(day: Day) -> None:
    first = day.planned(A)
    day.save(first, Stage.DISTRIBUTE, [success(A, sha256=SAME)])
    day.save(first, Stage.DENOISE, [Failure(A.call_id, "bad", "it broke", state=CallState.FAILED)])
    failed = replace(A, state=CallState.FAILED, sha256=SAME)
    second = day.discover(failed, B, C, batch_id="run-2")
    day.plan(second)
    assert day.state_of(A)[0] == "pending"

    day.save(second, Stage.DISTRIBUTE, [success(B, sha256=SAME)])  # that is where A's file is now
    assert day.state_of(B) == ("pending", None)
    day.save(second, Stage.DISTRIBUTE, [success(A, sha256=SAME), success(C, sha256=SAME)])
    assert [day.state_of(call)[0] for call in (A, B, C)] == ["duplicate", "pending", "duplicate"]


def test_a_call_that_is_audited_again_is_no_copy_of_what_came_later(day: Day) -> None:
    from include.calls.discovery_rules import Redo

    first = day.planned(A)
    day.audit(first, A)
    second = day.discover(replace(A, state=CallState.AUDITED), B, batch_id="run-2")
    day.save(second, Stage.DISTRIBUTE, [])
    day.plan(second, Redo.ALL)
    day.save(second, Stage.DISTRIBUTE, [success(B, sha256=SAME), success(A, sha256=SAME)])
    assert (day.state_of(A)[0], day.state_of(B)[0]) == ("audited", "duplicate")


def test_the_same_call_sent_again_is_no_copy_of_itself(day: Day) -> None:
    batch = day.planned(A)
    for _ in range(2):
        day.save(batch, Stage.DISTRIBUTE, [success(A, sha256=SAME)])
    assert day.state_of(A) == ("pending", None)
