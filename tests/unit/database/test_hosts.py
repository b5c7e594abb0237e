"""How hosts do in a batch: speed, what is left, trouble."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import delete, insert, update

from include.calls.call import CallState
from include.calls.stage import GPU_STAGES, Stage
from include.database import batches, hosts
from include.database.models import LaneRow, StageResultRow
from include.database.outcomes import Failure
from include.distribution.planner import Shard
from tests.unit.database.seeding import HOST, Day, recording, success

CALLS = [recording(f"{n}.wav", duration_s=60.0) for n in range(4)]
BEGAN = datetime(2026, 11, 16, tzinfo=UTC)


def ask(day: Day, query, *arguments):
    with day.database.reading() as connection:
        return query(connection, *arguments)


def lane(day: Day, shard: int, began_s: float, ended_s: float | None, seen_s: float = 0) -> None:
    """A GPU task of a shard, in seconds of the run; `ended_s` is None while it runs."""

    def at(seconds: float) -> datetime:
        return BEGAN + timedelta(seconds=seconds)

    row = {"batch_id": "run-1", "shard": shard, "stage": Stage.STT, "host": HOST, "attempt": 1}
    row |= {"waiting": 4, "in_flight": 0, "began_at": at(began_s), "seen_at": at(seen_s)}
    row |= {"ended_at": None if ended_s is None else at(ended_s)}
    with day.database.writing() as connection:
        connection.execute(insert(LaneRow).values(row))


def last_result_at(day: Day, seconds: float) -> None:
    with day.database.writing() as connection:
        connection.execute(update(StageResultRow).values(created_at=BEGAN + timedelta(seconds=seconds)))


def test_speed_is_audio_through_all_stages_while_a_task_worked_on_the_host(day: Day) -> None:
    batch = day.planned(*CALLS)
    day.audit(batch, *CALLS, stages=[Stage.DISTRIBUTE, *GPU_STAGES])
    last_result_at(day, 150)
    # Two at once, one within another, an hour of nothing, and one that runs: 60 + 40 + 50 s.
    for shard, (began_s, ended_s) in enumerate([(0, 60), (20, 100), (30, 40), (3700, 3750)]):
        lane(day, shard, began_s, ended_s)
    assert ask(day, hosts.measured_speeds, batch.batch_id) == {HOST: pytest.approx(240 / 150)}
    assert ask(day, hosts.past_speeds, [HOST, "gpu_b"]) == {HOST: pytest.approx(240 / 150)}


def test_a_lane_that_runs_has_worked_until_its_last_result(day: Day) -> None:
    batch = day.planned(*CALLS)
    day.audit(batch, *CALLS, stages=GPU_STAGES)
    last_result_at(day, 80)
    lane(day, 0, 0, None, seen_s=30)
    assert ask(day, hosts.measured_speeds, batch.batch_id) == {HOST: pytest.approx(240 / 80)}


def test_what_was_done_before_the_batch_was_planned_anew_says_nothing(day: Day) -> None:
    batch = day.planned(*CALLS)
    day.audit(batch, *CALLS, stages=GPU_STAGES)
    last_result_at(day, 80)
    lane(day, 0, 0, 80)
    assert ask(day, hosts.measured_speeds, batch.batch_id)
    day.plan(batch)
    assert day.rows(LaneRow) == []
    lane(day, 0, 90_000, 90_010)
    assert ask(day, hosts.measured_speeds, batch.batch_id) == {}


def test_few_results_or_no_task_say_nothing(day: Day) -> None:
    batch = day.planned(*CALLS)
    day.audit(batch, *CALLS, stages=[Stage.DISTRIBUTE, Stage.DENOISE])
    lane(day, 0, 0, 10)
    assert ask(day, hosts.measured_speeds, batch.batch_id) == {}
    day.audit(batch, *CALLS, stages=GPU_STAGES[1:])
    with day.database.writing() as connection:
        connection.execute(delete(LaneRow))
    assert ask(day, hosts.measured_speeds, batch.batch_id) == {}


def test_what_is_left_is_what_has_no_transcript_and_is_still_open(day: Day) -> None:
    batch = day.planned(*CALLS)
    with day.database.writing() as connection:
        shards = [
            Shard(0, HOST, tuple(c.call_id for c in CALLS[:3]), 1),
            Shard(1, "gpu_b", (CALLS[3].call_id,), 1),
        ]
        batches.record_plan(connection, batch, shards)
    day.audit(batch, CALLS[0], stages=[Stage.DISTRIBUTE, *GPU_STAGES])
    day.save(batch, Stage.DENOISE, [Failure(CALLS[1].call_id, "bug", "x", state=CallState.FAILED)])
    assert ask(day, hosts.audio_left, batch.batch_id) == {HOST: 60, "gpu_b": 60}


def test_a_call_counts_by_the_stages_that_are_left(day: Day) -> None:
    batch = day.planned(*CALLS)
    whole = ask(day, hosts.audio_left, batch.batch_id)[HOST]
    day.audit(batch, CALLS[0], stages=[Stage.DISTRIBUTE, *GPU_STAGES[:3]])
    assert ask(day, hosts.audio_left, batch.batch_id) == {HOST: whole - 0.75 * 60}


def test_a_host_is_in_trouble_until_it_works_again(day: Day) -> None:
    batch = day.planned(*CALLS)
    day.save(batch, Stage.DISTRIBUTE, [success(CALLS[0])])
    assert ask(day, hosts.troubles, batch.batch_id) == {}
    day.save(batch, Stage.DENOISE, [Failure(None, "host_lost", "gone")])
    trouble = ask(day, hosts.troubles, batch.batch_id)[HOST]
    assert trouble.kind == "host_lost"
    day.save(batch, Stage.DENOISE, [Failure(None, "host_failing", "garbage")])
    again = ask(day, hosts.troubles, batch.batch_id)[HOST]
    assert (again.kind, again.since) == ("host_failing", trouble.since), "since the first, as the last"
    day.save(batch, Stage.DENOISE, [success(CALLS[0])])
    assert ask(day, hosts.troubles, batch.batch_id) == {}
