"""A lane works through a shard: what was done is saved, whatever happens to the rest."""

import asyncio
import logging
import re
from collections import Counter

import pytest
from sqlalchemy.exc import OperationalError

from include.calls.call import CallState
from include.calls.stage import STAGES, Stage
from include.database.batches import Batch
from include.database.lanes import SILENT
from include.database.models import FailureRow, LaneRow, OutboxRow
from include.database.outcomes import Ended, Failure
from include.database.work import StageJob
from include.distribution import lane as lane_module
from include.distribution.lane import Lane
from include.errors import (
    AnswerInvalid,
    BudgetReached,
    CallsPutOff,
    HostFault,
    HostLost,
    LlmBusy,
    LlmUnusable,
    RecordingUnusable,
    RequestRefused,
)
from tests.unit.database.seeding import HOST, Day, success
from tests.unit.distribution.lanes import CALLS, NUMBER, Handler, lane_of, put_aside, run, saved


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


async def test_an_error_of_the_stage_ends_the_lane_and_is_no_calls(day: Day, batch: Batch) -> None:
    handler = Handler(call_6=LlmUnusable("wrong key"))

    with pytest.raises(LlmUnusable, match="wrong key"):
        await run(lane_of(day, batch), handler, 1)

    # Calls come in the order of their ids.
    *before, last = handler.begun
    assert last == 6 and 0 < len(before) < 11
    assert saved(day) == set(before)
    assert day.rows(FailureRow) == []


async def test_calls_that_fail_for_now_are_put_off_and_the_next_try_takes_them_up(
    day: Day, batch: Batch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    lane = lane_of(day, batch)
    handler = Handler(call_0=LlmBusy("429"), call_7=LlmBusy("429"), call_9=HostFault("500"))

    with pytest.raises(CallsPutOff, match="Stage distribute of shard 0: 3 of 12 calls") as put_off:
        await run(lane, handler, 4)

    assert "2 llm_busy" in str(put_off.value)
    assert "1 host_fault" in str(put_off.value)
    assert re.search(r"total=12 done_before=0 failed=\{\} put_off=.*'llm_busy': 2", caplog.text)
    assert saved(day) == set(range(12)) - {0, 7, 9}
    assert put_aside(day) == {}
    assert len(day.rows(FailureRow)) == 3
    second, handler = lane_of(day, batch, attempt=2), Handler()
    result = await run(second, handler, 4)
    assert sorted(handler.begun) == [0, 7, 9]
    assert (result.done_before, result.done) == (9, 3)


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


async def test_the_lane_tells_that_it_begins_before_its_first_call_is_done(day: Day, batch: Batch) -> None:
    hold = asyncio.Event()
    handler = Handler(**{f"call_{number}": hold for number in range(12)})
    running = asyncio.create_task(run(lane_of(day, batch), handler, 4))
    async with asyncio.timeout(10):
        while len(handler.begun) < 4:
            await asyncio.sleep(0.01)
    (row,) = day.rows(LaneRow)
    assert (row["waiting"], row["ended_at"]) == (12, None)
    hold.set()
    await running
    (ended,) = day.rows(LaneRow)
    assert ended["began_at"] == row["began_at"] < ended["ended_at"]


async def test_the_lane_tells_of_calls_that_take_long(day: Day, batch: Batch) -> None:
    job = StageJob(batch.batch_id, 0, HOST, Stage.DISTRIBUTE)
    hold, lane = asyncio.Event(), Lane(day.database, job, log_every_s=0.05)
    running = asyncio.create_task(run(lane, Handler(**{f"call_{n}": hold for n in range(12)}), 4))
    async with asyncio.timeout(10):
        while not any(row["in_flight"] == 4 for row in day.rows(LaneRow)):
            await asyncio.sleep(0.01)
    hold.set()
    await running
    (row,) = day.rows(LaneRow)
    assert (row["in_flight"], row["ended_at"] is None) == (0, False)


async def test_a_lane_that_seldom_writes_into_its_log_is_not_taken_for_killed(
    day: Day, batch: Batch, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    assert SILENT.total_seconds() / 2 > lane_module._TELL_EVERY_S
    monkeypatch.setattr(lane_module, "_TELL_EVERY_S", 0.02)
    caplog.set_level(logging.INFO)
    job = StageJob(batch.batch_id, 0, HOST, Stage.DISTRIBUTE)
    hold, lane = asyncio.Event(), Lane(day.database, job, log_every_s=3600)
    running = asyncio.create_task(run(lane, Handler(**{f"call_{n}": hold for n in range(12)}), 4))
    async with asyncio.timeout(10):
        while not any(row["in_flight"] == 4 for row in day.rows(LaneRow)):
            await asyncio.sleep(0.01)
    assert not [record for record in caplog.records if "per_minute" in record.getMessage()]
    hold.set()
    await running


async def test_of_an_llm_stage_nobody_is_suspected(day: Day, batch: Batch) -> None:
    day.audit(batch, *CALLS, stages=STAGES[:5])
    day.save(batch, Stage.STT, [Failure(call.call_id, HostLost.kind, "gone") for call in CALLS])
    handler = Handler()
    await run(lane_of(day, batch, Stage.LLM1), handler, 5)
    assert handler.most_at_once == 5


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


async def test_what_the_database_refuses_is_counted_as_failed_and_not_as_done(day: Day, batch: Batch) -> None:
    lane, handler = lane_of(day, batch), Handler(call_2=success(CALLS[2], engine="half a pair: \ud800"))

    result = await run(lane, handler, 4)

    assert (result.done, result.failed) == (11, {"row_refused": 1})
    assert saved(day) == set(range(12)) - {2}


async def test_calls_that_wait_for_money_are_counted_and_no_lines_of_the_log(
    day: Day, batch: Batch, caplog: pytest.LogCaptureFixture
) -> None:
    paid_out = BudgetReached("the run has paid what it may")
    lane, handler = (
        lane_of(day, batch),
        Handler(call_1=paid_out, call_2=RequestRefused("no"), call_3=paid_out),
    )

    result = await run(lane, handler, 4)

    assert result.failed == {"budget_reached": 2, "request_refused": 1}
    assert [NUMBER[call.call_id] for call in CALLS if f"call_id={call.call_id}" in caplog.text] == [2]


async def test_the_log_of_a_bug_holds_no_card_data(
    day: Day, batch: Batch, caplog: pytest.LogCaptureFixture
) -> None:
    handler = Handler(call_3=ValueError("cannot read 'it is 5105 1051 0510 5100'"))
    await run(lane_of(day, batch), handler, 4)
    assert "ValueError: cannot read 'it is [card number ending 5100]'" in caplog.text
    assert "5105" not in caplog.text


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
