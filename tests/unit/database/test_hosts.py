"""How hosts do in a batch: speed, what is left, trouble."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import update

from include.calls.call import CallState
from include.calls.stage import GPU_STAGES, Stage
from include.database import batches, hosts
from include.database.models import StageResultRow
from include.database.outcomes import Failure
from include.distribution.planner import Shard
from tests.unit.database.seeding import HOST, Day, recording, success

CALLS = [recording(f"{n}.wav", duration_s=60.0) for n in range(4)]
BEGAN = datetime(2026, 11, 16, tzinfo=UTC)


def ask(day: Day, query, *arguments):
    with day.database.reading() as connection:
        return query(connection, *arguments)


def spread_over(day: Day, seconds: float) -> None:
    """Sets the results' times apart evenly."""
    rows = day.rows(StageResultRow)
    with day.database.writing() as connection:
        for number, row in enumerate(rows):
            at = BEGAN + timedelta(seconds=seconds * number / (len(rows) - 1))
            change = update(StageResultRow).where(StageResultRow.id == row["id"]).values(created_at=at)
            connection.execute(change)


def test_speed_is_audio_through_all_stages_between_first_and_last_result(day: Day) -> None:
    batch = day.planned(*CALLS)
    day.audit(batch, *CALLS, stages=[Stage.DISTRIBUTE, *GPU_STAGES])
    spread_over(day, 190)  # the uploads come first, and do not count
    assert ask(day, hosts.measured_speeds, batch.batch_id) == {HOST: pytest.approx(240 / 150)}
    assert ask(day, hosts.past_speeds, [HOST, "gpu_b"]) == {HOST: pytest.approx(240 / 150)}


def test_few_results_say_nothing(day: Day) -> None:
    batch = day.planned(*CALLS)
    day.audit(batch, *CALLS, stages=[Stage.DISTRIBUTE, Stage.DENOISE])
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


def test_a_host_is_in_trouble_until_it_works_again(day: Day) -> None:
    batch = day.planned(*CALLS)
    day.save(batch, Stage.DISTRIBUTE, [success(CALLS[0])])
    assert ask(day, hosts.troubles, batch.batch_id) == {}
    day.save(batch, Stage.DENOISE, [Failure(None, "host_lost", "gone")])
    assert ask(day, hosts.troubles, batch.batch_id) == {HOST: "host_lost"}
    day.save(batch, Stage.DENOISE, [success(CALLS[0])])
    assert ask(day, hosts.troubles, batch.batch_id) == {}
