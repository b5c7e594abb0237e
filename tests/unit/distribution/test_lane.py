"""A lane works through a shard: what was done is saved, whatever happens to the rest."""

import asyncio
import logging
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy.exc import OperationalError

from include.calls.call import CallState
from include.calls.stage import Stage
from include.database.batches import Batch
from include.database.engine import Database
from include.database.migrations import upgrade
from include.database.models import CallRow, FailureRow, LaneRow, OutboxRow, StageResultRow
from include.database.outcomes import Ended, Success
from include.database.work import PendingCall, StageCounts, StageJob
from include.distribution.lane import Lane
from include.errors import (
    AnswerInvalid,
    CallsPutOff,
    HostFailing,
    HostFault,
    HostLost,
    LlmBusy,
    RecordingUnusable,
    RequestRefused,
)
from tests.unit.database.seeding import HOST, Day, recording, success

CALLS = [recording(f"{n:02}.wav") for n in range(12)]
NUMBER = {call.call_id: number for number, call in enumerate(CALLS)}


@pytest.fixture
def day(tmp_path: Path) -> Iterator[Day]:
    """A database without rows."""
    url = f"sqlite:///{tmp_path / 'cofi.db'}"
    upgrade(url)
    database = Database(url, patience_s=0)
    yield Day(database)
    database.close()


@pytest.fixture
def batch(day: Day) -> Batch:
    """Twelve calls that wait in one shard."""
    return day.planned(*CALLS)


class Handler:
    """What a stage does with a call: nothing, or what it is told to raise, return, or wait for."""

    def __init__(self, **plans: object) -> None:
        self.plans = {int(name.removeprefix("call_")): plan for name, plan in plans.items()}
        self.begun: list[int] = []
        self.at_once = self.most_at_once = 0

    async def __call__(self, call: PendingCall) -> Success | Ended:
        number = NUMBER[call.call_id]
        self.begun.append(number)
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            await asyncio.sleep(0.002)
            plan = self.plans.get(number)
            if isinstance(plan, Exception):
                raise plan
            if isinstance(plan, asyncio.Event):
                await plan.wait()
            return plan if isinstance(plan, Success | Ended) else success(call.call_id)
        finally:
            self.at_once -= 1


def lane_of(day: Day, batch: Batch, stage: Stage = Stage.DISTRIBUTE, attempt: int = 1) -> Lane:
    return Lane(day.database, StageJob(batch.batch_id, 0, HOST, stage, attempt))


async def run(lane: Lane, handler: Handler, width: int) -> StageCounts:
    await lane.begin()
    return await lane.run(handler, width)


def saved(day: Day) -> set[int]:
    return {NUMBER[row["call_id"]] for row in day.rows(StageResultRow)}


def put_aside(day: Day) -> dict[int, tuple[str, str]]:
    """Calls in a final state that is no success: state and reason."""
    rows = [row for row in day.rows(CallRow) if row["state"] != "pending"]
    return {NUMBER[row["call_id"]]: (row["state"], row["state_reason"]) for row in rows}


async def test_all_calls_are_done_and_saved_within_the_width(day: Day, batch: Batch) -> None:
    lane, handler = lane_of(day, batch), Handler()

    result = await run(lane, handler, 5)

    assert (result.total, result.done_before, result.done, result.failed) == (12, 0, 12, Counter())
    assert handler.most_at_once == 5
    assert saved(day) == set(range(12))
    assert (await lane_of(day, batch).begin()).waiting == 0


async def test_what_an_earlier_try_did_is_not_done_again(day: Day, batch: Batch) -> None:
    day.save(batch, Stage.DISTRIBUTE, [success(call) for call in CALLS[:7]])
    lane, handler = lane_of(day, batch), Handler()

    result = await run(lane, handler, 5)

    assert sorted(handler.begun) == sorted(NUMBER[call.call_id] for call in CALLS[7:])
    assert (result.total, result.done_before, result.done) == (12, 7, 5)


async def test_a_call_that_fails_for_good_stops_no_other(day: Day, batch: Batch) -> None:
    handler = Handler(
        call_1=RequestRefused("no"),
        call_2=RecordingUnusable("cut off"),
        call_3=AnswerInvalid("no JSON", raw_answer="Sure! Here"),
        call_4=Ended(CALLS[4].call_id, CallState.SKIPPED, "nobody speaks in it"),
        call_5=RequestRefused("no"),
    )
    lane = lane_of(day, batch, attempt=3)

    result = await run(lane, handler, 4)

    assert saved(day) == set(range(12)) - {1, 2, 3, 4, 5}
    assert (result.done, result.ended) == (7, 1)
    assert result.failed == {"request_refused": 2, "recording_unusable": 1, "answer_invalid": 1}
    assert put_aside(day) == {
        1: ("failed", "distribute: no"),
        2: ("quarantined", "distribute: cut off"),
        3: ("failed", "distribute: no JSON"),
        4: ("skipped", "nobody speaks in it"),
        5: ("failed", "distribute: no"),
    }
    failures = {NUMBER[row["call_id"]]: row for row in day.rows(FailureRow)}
    assert set(failures) == {1, 2, 3, 5}
    assert {row["attempt"] for row in failures.values()} == {3}
    assert failures[3]["raw_answer"] == "Sure! Here"
    assert len(day.rows(OutboxRow)) == 5


async def test_calls_that_fail_for_now_are_put_off_and_the_next_try_takes_them_up(
    day: Day, batch: Batch
) -> None:
    lane = lane_of(day, batch)
    handler = Handler(call_0=LlmBusy("429"), call_7=LlmBusy("429"), call_9=HostFault("500"))

    with pytest.raises(CallsPutOff, match="Stage distribute of shard 0: 3 of 12 calls") as put_off:
        await run(lane, handler, 4)

    assert "2 llm_busy" in str(put_off.value)
    assert "1 host_fault" in str(put_off.value)
    assert saved(day) == set(range(12)) - {0, 7, 9}
    assert put_aside(day) == {}
    assert len(day.rows(FailureRow)) == 3
    second, handler = lane_of(day, batch, attempt=2), Handler()
    result = await run(second, handler, 4)
    assert sorted(handler.begun) == [0, 7, 9]
    assert (result.done_before, result.done) == (9, 3)


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


async def test_the_lane_tells_what_it_has_in_flight(day: Day, batch: Batch) -> None:
    hold = asyncio.Event()
    running = asyncio.create_task(run(lane_of(day, batch), Handler(call_3=hold), 4))
    async with asyncio.timeout(10):
        while len(saved(day)) < 11:
            await asyncio.sleep(0.01)
    (row,) = day.rows(LaneRow)
    assert (row["waiting"], row["ended_at"], row["in_flight"] >= 1) == (12, None, True)
    hold.set()
    await running
    (row,) = day.rows(LaneRow)
    assert row["in_flight"] == 0
    assert row["ended_at"]


async def test_calls_are_read_page_by_page(day: Day, batch: Batch, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("include.distribution.lane._PAGE", 5)
    handler = Handler(call_7=LlmBusy("429"))
    with pytest.raises(CallsPutOff):
        await run(lane_of(day, batch), handler, 3)
    assert sorted(handler.begun) == list(range(12))  # what was put off is not met again


async def test_a_bug_fails_its_call_and_no_other(
    day: Day, batch: Batch, caplog: pytest.LogCaptureFixture
) -> None:
    lane, handler = lane_of(day, batch), Handler(call_3=KeyError("turns"))

    result = await run(lane, handler, 4)

    assert result.failed == {"bug": 1}
    (failure,) = day.rows(FailureRow)
    assert (failure["kind"], failure["message"]) == ("bug", "KeyError: 'turns'")
    assert put_aside(day) == {3: ("failed", "distribute: KeyError: 'turns'")}
    assert saved(day) == set(range(12)) - {3}
    assert "Traceback" in caplog.text  # for the engineer


async def test_a_lane_that_is_cancelled_saves_what_it_has(day: Day, batch: Batch) -> None:
    calls = sorted(CALLS, key=lambda call: call.call_id)
    numbers = [NUMBER[call.call_id] for call in calls]
    lane, never = lane_of(day, batch), asyncio.Event()
    handler = Handler(**{f"call_{number}": never for number in numbers[6:]})
    running = asyncio.create_task(run(lane, handler, 3))
    while len(handler.begun) < 9:  # six are done, three wait for what never comes
        await asyncio.sleep(0.001)

    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running

    assert saved(day) == set(numbers[:6])
    assert handler.at_once == 0
    assert (await lane_of(day, batch).begin()).waiting == 6


async def test_a_database_that_fails_ends_the_lane_with_its_error(
    day: Day, batch: Batch, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OperationalError("INSERT", {}, Exception("disk is full"))

    lane, handler = lane_of(day, batch), Handler()
    monkeypatch.setattr("include.distribution.lane.save", full)

    with pytest.raises(OperationalError, match="disk is full"):
        await asyncio.wait_for(run(lane, handler, 1), 5)
    assert len(handler.begun) < len(CALLS)  # nobody keeps what would come
    assert saved(day) == set()


async def test_a_database_that_fails_at_the_last_outcome_is_not_overlooked(
    day: Day, batch: Batch, monkeypatch: pytest.MonkeyPatch
) -> None:
    def locked(*_: object) -> None:
        raise OperationalError("INSERT", {}, Exception("database is locked"))

    lane = lane_of(day, batch)
    monkeypatch.setattr("include.distribution.lane.save", locked)
    with pytest.raises(OperationalError, match="locked"):
        await run(lane, Handler(), 12)


async def test_progress_is_told_while_the_lane_runs(
    day: Day, batch: Batch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    lane = Lane(day.database, StageJob(batch.batch_id, 0, HOST, Stage.DISTRIBUTE), log_every_s=0.05)
    last = asyncio.Event()
    asyncio.get_running_loop().call_later(0.3, last.set)

    await run(lane, Handler(call_11=last, call_2=RequestRefused("no")), 4)

    told = [record.getMessage() for record in caplog.records if "per_minute" in record.getMessage()]
    assert any("distribute shard=0 done=10/12 failed=1 put_off=0" in line for line in told)
