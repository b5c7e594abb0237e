"""A lane tells a host that is lost or fails from calls that do, and finds what kills hosts."""

import pytest

from include.calls.stage import Stage
from include.database.batches import Batch
from include.database.models import FailureRow, LaneRow
from include.errors import (
    CallsPutOff,
    HostFailing,
    HostFault,
    HostLost,
)
from tests.unit.database.seeding import HOST, Day, success
from tests.unit.distribution.lanes import CALLS, NUMBER, Handler, lane_of, put_aside, run, saved


async def test_a_lost_host_ends_the_lane_and_what_was_done_is_saved(day: Day, batch: Batch) -> None:
    calls = sorted(CALLS, key=lambda call: call.call_id)
    numbers = [NUMBER[call.call_id] for call in calls]
    lane = lane_of(day, batch)
    handler = Handler(**{f"call_{numbers[5]}": HostLost("GPU host gpu_a does not answer")})

    with pytest.raises(HostLost, match="gpu_a") as lost:
        await run(lane, handler, 1)
    await lane.record(lost.value)

    assert handler.begun == numbers[:6]
    assert saved(day) == set(numbers[:5])
    (failure,) = day.rows(FailureRow)
    assert (failure["call_id"], failure["host"], failure["kind"]) == (None, HOST, "host_lost")
    assert put_aside(day) == {}
    (row,) = day.rows(LaneRow)
    assert row["ended_at"], "nobody works on the shard"


async def test_a_lane_that_never_began_tells_nothing_of_itself(day: Day, batch: Batch) -> None:
    await lane_of(day, batch).record(HostLost("GPU host gpu_a does not answer"))
    assert day.rows(LaneRow) == []
    assert len(day.rows(FailureRow)) == 1


async def test_what_a_host_was_working_on_when_it_was_lost_is_suspected(day: Day, batch: Batch) -> None:
    handler = Handler(call_3=HostLost("gone", at_work=True), call_4=HostLost("refused"))
    with pytest.raises(HostLost):
        await run(lane_of(day, batch), handler, 12)
    assert {(NUMBER[r["call_id"]], r["kind"], r["shard"]) for r in day.rows(FailureRow)} == {
        (3, "host_lost", 0)
    }
    assert put_aside(day) == {}

    second = Handler()
    await run(lane_of(day, batch, attempt=2), second, 4)
    assert second.begun[-1] == 3  # alone, after all others


async def test_a_call_that_two_hosts_died_of_is_quarantined_and_the_rest_is_done(
    day: Day, batch: Batch
) -> None:
    for attempt in (1, 2):
        with pytest.raises(HostLost):
            await run(lane_of(day, batch), Handler(call_3=HostLost("gone", at_work=True)), 1)
        assert len(put_aside(day)) == attempt - 1
    state, reason = put_aside(day)[3]
    assert state == "quarantined"
    assert "2 times a GPU host was lost while it worked on this recording" in str(reason)
    await run(lane_of(day, batch, attempt=3), Handler(), 4)
    assert saved(day) == set(range(12)) - {3}


async def test_a_host_that_fails_one_call_after_the_other_ends_the_lane(day: Day, batch: Batch) -> None:
    handler = Handler(**{f"call_{n}": HostFault("no JSON") for n in range(12)})
    with pytest.raises(HostFailing, match="failed 10 calls in a row, the last with: no JSON"):
        await run(lane_of(day, batch), handler, 1)
    assert len(handler.begun) == 10


async def test_a_host_that_does_nothing_right_is_failing_though_its_calls_are_few(
    day: Day, batch: Batch
) -> None:
    day.save(batch, Stage.DISTRIBUTE, [success(call) for call in CALLS[4:]])
    handler = Handler(**{f"call_{n}": HostFault("no JSON") for n in range(4)})
    with pytest.raises(HostFailing, match="failed 4 calls in a row"):
        await run(lane_of(day, batch), handler, 2)


async def test_faults_with_successes_between_them_are_the_calls_own(day: Day, batch: Batch) -> None:
    handler = Handler(**{f"call_{n}": HostFault("no JSON") for n in range(0, 12, 2)})
    with pytest.raises(CallsPutOff, match="6 host_fault"):
        await run(lane_of(day, batch), handler, 1)
    assert len(saved(day)) == 6
