"""Which calls of lost and slow hosts may be moved, and what is left of them when they are."""

from datetime import date

import pytest

from include.calls.call import CallState
from include.calls.stage import Stage
from include.database import batches, recovery
from include.database.batches import Batch
from include.database.lanes import tell
from include.database.models import BatchCallRow, FailureRow, StageResultRow
from include.database.outcomes import Failure
from include.database.work import StageJob
from include.distribution.planner import Shard
from include.errors import NoHostReady
from tests.unit.database.seeding import Day, recording, success

CALLS = [recording(f"{n}.wav") for n in range(4)]
# Shards 0 and 1 are one host's, 2 and 3 another's; a call each.
HOST_OF = {0: "gpu_a", 1: "gpu_a", 2: "gpu_b", 3: "gpu_b"}


@pytest.fixture
def batch(day: Day) -> Batch:
    made = day.planned(*CALLS)
    with day.database.writing() as connection:
        shards = [Shard(n, host, (CALLS[n].call_id,), 1) for n, host in HOST_OF.items()]
        batches.assign(connection, made, shards)
    return made


def lane(day: Day, shard: int, stage: Stage, *, ended: bool = False, batch_id: str = "run-1") -> None:
    job = StageJob(batch_id, shard, HOST_OF[shard], stage)
    day.database.write(lambda c: tell(c, job, 1, in_flight=0 if ended else 1, ended=ended))


def movable(day: Day, batch: Batch, *, lost: str = "", slow: str = "") -> set[int]:
    with day.database.reading() as connection:
        loads = recovery.movable(connection, batch, lost.split(), slow.split())
    return {next(n for n, call in enumerate(CALLS) if call.call_id == load.call_id) for load in loads}


class TestMovable:
    def test_hosts_that_are_well_keep_theirs(self, day: Day, batch: Batch) -> None:
        assert movable(day, batch) == set()

    def test_a_host_gives_up_its_own(self, day: Day, batch: Batch) -> None:
        assert movable(day, batch, lost="gpu_a") == movable(day, batch, slow="gpu_a") == {0, 1}
        assert movable(day, batch, lost="gpu_a", slow="gpu_b") == {0, 1, 2, 3}

    @pytest.mark.parametrize("stage", [Stage.DENOISE, Stage.STT])
    def test_a_slow_host_keeps_what_a_gpu_task_has_begun(self, day: Day, batch: Batch, stage: Stage) -> None:
        lane(day, 0, stage, ended=True)
        assert movable(day, batch, slow="gpu_a") == {1}
        assert movable(day, batch, lost="gpu_a") == {0, 1}, "a lost one goes on with nothing"

    def test_a_slow_host_gives_up_what_it_was_only_sent(self, day: Day, batch: Batch) -> None:
        lane(day, 0, Stage.DISTRIBUTE, ended=True)
        lane(day, 1, Stage.DISTRIBUTE)
        assert movable(day, batch, slow="gpu_a") == {0}, "the other is on its way"

    @pytest.mark.parametrize("stage", [Stage.DISTRIBUTE, Stage.IVR])
    def test_what_a_task_works_on_is_left_to_it(self, day: Day, batch: Batch, stage: Stage) -> None:
        lane(day, 0, stage)
        assert movable(day, batch, lost="gpu_a", slow="gpu_a") == {1}
        lane(day, 0, stage, ended=True)
        assert 0 in movable(day, batch, lost="gpu_a")

    def test_an_llm_task_and_another_run_keep_no_call(self, day: Day, batch: Batch) -> None:
        day.discover(batch_id="run-2", day=date(2026, 11, 17))
        lane(day, 0, Stage.LLM1)
        lane(day, 1, Stage.STT, batch_id="run-2")
        assert movable(day, batch, lost="gpu_a") == movable(day, batch, slow="gpu_a") == {0, 1}

    def test_what_is_transcribed_or_has_ended_stays(self, day: Day, batch: Batch) -> None:
        day.audit(batch, CALLS[0], stages=list(Stage)[:5])
        day.save(batch, Stage.STT, [Failure(CALLS[1].call_id, "bug", "no", state=CallState.FAILED)])
        assert movable(day, batch, lost="gpu_a") == set()
        with day.database.reading() as connection:
            stranded = {load.call_id for load in recovery.stranded(connection, batch)}
        assert stranded == {CALLS[2].call_id, CALLS[3].call_id}


def test_what_is_moved_keeps_its_results_and_is_sent_again(day: Day, batch: Batch) -> None:
    day.audit(batch, CALLS[0], stages=[Stage.DISTRIBUTE, Stage.DENOISE])
    with day.database.writing() as connection:
        recovery.move(connection, batch, [Shard(9, "gpu_b", (CALLS[0].call_id,), 1)])
    current = day.rows(StageResultRow, call_id=CALLS[0].call_id, superseded_at=None)
    assert [row["stage"] for row in current] == ["denoise"]
    (planned,) = day.rows(BatchCallRow, call_id=CALLS[0].call_id)
    assert (planned["shard"], planned["host"]) == (9, "gpu_b")


@pytest.mark.parametrize(("least", "number"), [(2, 4), (4, 4), (32, 32)])
def test_a_new_shard_takes_no_number_that_one_has(day: Day, batch: Batch, least: int, number: int) -> None:
    with day.database.reading() as connection:
        assert recovery.next_shard(connection, batch, least) == number


def test_why_calls_were_not_moved_is_their_reason(day: Day, batch: Batch) -> None:
    day.save(batch, Stage.DISTRIBUTE, [success(CALLS[1])])
    with day.database.writing() as connection:
        loads = recovery.movable(connection, batch, ["gpu_a"], [])
        recovery.give_up(connection, batch, loads, NoHostReady("None is ready\0"))
    failures = {row["call_id"]: row for row in day.rows(FailureRow)}
    assert {call: (row["stage"], row["kind"], row["message"]) for call, row in failures.items()} == {
        CALLS[0].call_id: ("distribute", "no_host_ready", "None is ready\ufffd"),
        CALLS[1].call_id: ("denoise", "no_host_ready", "None is ready\ufffd"),
    }
