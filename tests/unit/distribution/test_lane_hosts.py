"""A lane tells a host that is lost or fails from calls that do, and finds what kills hosts."""

import asyncio
from datetime import date, timedelta

import pytest

from include.calls.stage import Stage
from include.database.batches import Batch
from include.database.lanes import tell
from include.database.models import FailureRow, LaneRow, StageResultRow
from include.database.outcomes import Ended, Failure, Success
from include.database.work import PendingCall, StageJob
from include.errors import (
    CallsPutOff,
    HostFailing,
    HostFault,
    HostLost,
    HostUnready,
)
from tests.unit.database.seeding import DAY, HOST, Day, recording, success
from tests.unit.distribution.lanes import CALLS, NUMBER, Handler, lane_of, put_aside, run, saved

LOST_AT_WORK = HostLost("gone", at_work=True)


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


@pytest.mark.long
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


@pytest.mark.long
async def test_a_call_that_two_hosts_died_of_is_quarantined_and_the_rest_is_done(
    day: Day, batch: Batch
) -> None:
    for attempt in (1, 2):
        with pytest.raises(HostLost):
            await run(lane_of(day, batch), Handler(call_3=LOST_AT_WORK), 1)
        assert len(put_aside(day)) == attempt - 1
    state, reason = put_aside(day)[3]
    assert state == "quarantined"
    assert "2 times a GPU host was lost while it worked on this recording" in str(reason)
    await run(lane_of(day, batch, attempt=3), Handler(), 4)
    assert saved(day) == set(range(12)) - {3}


class TestBesideOthers:
    """Another task works on the same host: what it is lost with cannot be told."""

    @pytest.fixture(autouse=True)
    def suspected(self, day: Day, batch: Batch) -> None:
        day.save(batch, Stage.DISTRIBUTE, [Failure(CALLS[3].call_id, HostLost.kind, "gone")])
        day.discover(batch_id="another-run", day=date(2026, 11, 17))

    @staticmethod
    def other(day: Day, host: str = HOST, stage: Stage = Stage.STT, *, ended: bool = False) -> None:
        job = StageJob("another-run", 5, host, stage)
        day.database.write(lambda c: tell(c, job, 9, in_flight=0 if ended else 4, ended=ended))

    async def test_a_suspect_waits_until_the_host_does_nothing_else(self, day: Day, batch: Batch) -> None:
        self.other(day)
        handler = Handler()
        running = asyncio.create_task(run(lane_of(day, batch), handler, 4))
        async with asyncio.timeout(10):
            while not waits(day, batch):
                await asyncio.sleep(0.01)
        await asyncio.sleep(0.1)
        assert sorted(handler.begun) == [n for n in range(12) if n != 3]

        self.other(day, ended=True)
        async with asyncio.timeout(10):
            await running
        assert handler.begun[-1] == 3

    @pytest.mark.long
    async def test_lanes_that_wait_for_each_other_go_one_after_the_other(
        self, day: Day, batch: Batch
    ) -> None:
        theirs = recording("theirs.wav", DAY + timedelta(days=1))
        others = day.planned(theirs, batch_id="run-2")
        day.save(others, Stage.DISTRIBUTE, [Failure(theirs.call_id, HostLost.kind, "gone")])
        at_work, most = set[str](), 0

        async def handle(call: PendingCall) -> Success | Ended:
            nonlocal most
            if call.host_kills:
                at_work.add(call.call_id)
                most = max(most, len(at_work))
                await asyncio.sleep(0.05)
                at_work.remove(call.call_id)
            return success(call.call_id)

        async with asyncio.timeout(60):
            await asyncio.gather(*(lane_of(day, each).run(handle, 4) for each in (batch, others)))
        assert most == 1
        assert len(day.rows(StageResultRow)) == len(CALLS) + 1

    @pytest.mark.parametrize(("host", "stage"), [("gpu_b", Stage.STT), (HOST, Stage.LLM1)])
    async def test_what_works_elsewhere_is_no_company(
        self, day: Day, batch: Batch, host: str, stage: Stage
    ) -> None:
        self.other(day, host, stage)
        async with asyncio.timeout(5):
            await run(lane_of(day, batch), Handler(), 4)
        assert saved(day) == set(range(12))

    @pytest.mark.long
    async def test_a_suspect_that_got_company_is_not_quarantined(self, day: Day, batch: Batch) -> None:
        alone = Handler(call_3=LOST_AT_WORK)

        async def handle(call: PendingCall) -> Success | Ended:
            if NUMBER[call.call_id] == 3:
                self.other(day)  # begins, and is lost with the host, a moment before this lane sees it
                self.other(day, ended=True)
            return await alone(call)

        lane = lane_of(day, batch)
        await lane.begin()
        with pytest.raises(HostLost):
            await lane.run(handle, 4)
        assert put_aside(day) == {}
        with pytest.raises(HostLost):
            await run(lane_of(day, batch), Handler(call_3=LOST_AT_WORK), 4)
        assert put_aside(day)[3][0] == "quarantined", "alone the next time"

    @pytest.mark.long
    async def test_four_times_are_no_chance(
        self, day: Day, batch: Batch, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("include.distribution.suspects._PATIENCE_S", 0)
        self.other(day)
        for quarantined in (False, False, True):
            with pytest.raises(HostLost):
                await run(lane_of(day, batch), Handler(call_3=LOST_AT_WORK), 4)
            assert bool(put_aside(day)) is quarantined


def waits(day: Day, batch: Batch) -> bool:
    rows = day.rows(LaneRow, batch_id=batch.batch_id)
    return bool(rows) and rows[0]["ended_at"] is not None


async def test_a_host_that_fails_one_call_after_the_other_ends_the_lane(day: Day, batch: Batch) -> None:
    handler = Handler(**{f"call_{n}": HostFault("no JSON") for n in range(12)})
    with pytest.raises(HostFailing, match="failed 10 calls in a row, the last with: no JSON"):
        await run(lane_of(day, batch), handler, 1)
    assert len(handler.begun) == 10


async def test_a_host_that_is_not_ready_for_too_long_is_not_waited_for_again(day: Day, batch: Batch) -> None:
    handler = Handler(**{f"call_{n}": HostUnready("503") for n in range(12)})
    with pytest.raises(HostFailing, match="gpu_a is not ready, the last with: 503"):
        await run(lane_of(day, batch), handler, 1)
    assert len(handler.begun) == 1


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
