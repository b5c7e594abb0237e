"""Recovery: what hosts left behind goes to those that are ready; what was done stays done."""

from dataclasses import replace

import pytest
from airflow.sdk.exceptions import DownstreamTasksSkipped

from cofi import recovery
from include.calls.stage import GPU_STAGES, STAGES, Stage
from include.database.batches import Batch
from include.database.lanes import tell
from include.database.models import BatchCallRow, FailureRow, StageResultRow
from include.database.outcomes import Failure
from include.database.work import StageJob, pending_calls
from include.errors import HostLost, NoHostReady
from tests.plugins.params import DEFAULTS
from tests.plugins.shard import CALLS, OPENED, run
from tests.unit.database.seeding import Day, success
from tests.unit.gpu.fake_host import FakeGpuHost, broken_off, problem

PARAMS = {**DEFAULTS, "hosts": ["gpu_a", "gpu_b"]}
GROUP = ["audit_recover_1.distribute", "audit_recover_1.stt"]
FIRST, SECOND, THIRD = CALLS
# The first number behind the places of the first plan: two hosts with 16 each.
NEW = 32


@pytest.fixture
async def gpu_b(connection, gpu_a: FakeGpuHost):
    async with FakeGpuHost() as host:
        connection("gpu_b", conn_type="http", host=host.url)
        yield host


def hosts_of(day: Day) -> dict[str, tuple[int, str]]:
    return {row["call_id"]: (row["shard"], row["host"]) for row in day.rows(BatchCallRow)}


async def test_stranded_calls_go_to_a_ready_host_in_new_shards(
    day: Day, batch: Batch, gpu_a: FakeGpuHost, gpu_b: FakeGpuHost
) -> None:
    day.audit(batch, FIRST, stages=STAGES[:5])  # its GPU work is done: LLM tasks of its shard go on
    day.audit(batch, SECOND, stages=[Stage.DISTRIBUTE, Stage.DENOISE])
    day.save(batch, Stage.DENOISE, [Failure(None, "host_lost", "gone")])
    gpu_a.replies["ready"] = [problem(503)]

    plan = await recovery.recover(OPENED, PARAMS, GROUP, early=False)

    assert plan == [NEW]
    assert hosts_of(day) == {
        FIRST.call_id: (0, "gpu_a"),
        SECOND.call_id: (NEW, "gpu_b"),
        THIRD.call_id: (NEW, "gpu_b"),
    }
    kept = {row["stage"] for row in day.rows(StageResultRow, call_id=SECOND.call_id, superseded_at=None)}
    assert kept == {"denoise"}  # only the recording must be sent again


async def test_a_moved_call_is_finished_on_its_new_host(
    day: Day, batch: Batch, gpu_a: FakeGpuHost, gpu_b: FakeGpuHost
) -> None:
    day.audit(batch, *CALLS, stages=[Stage.DISTRIBUTE, Stage.DENOISE])
    gpu_a.replies["ready"] = [problem(503)]
    (shard,) = await recovery.recover(OPENED, PARAMS, GROUP, early=False)
    for stage in [Stage.DISTRIBUTE, *GPU_STAGES[1:]]:
        await run(stage, shard=shard)
    assert len(day.rows(StageResultRow, stage="stt", host="gpu_b")) == 3
    assert gpu_b.asked_for("denoise") == gpu_b.asked_for("stt")  # it ran what it lacked, and told nobody


async def test_a_host_that_came_back_is_used_again(day: Day, batch: Batch, gpu_a: FakeGpuHost) -> None:
    day.save(batch, Stage.DISTRIBUTE, [Failure(None, "host_lost", "gone")])
    plan = await recovery.recover(OPENED, {**PARAMS, "hosts": ["gpu_a"]}, GROUP, early=False)
    assert len(plan) == 1


async def test_a_host_that_answers_and_fails_gets_nothing_unless_there_is_no_other(
    day: Day, batch: Batch, gpu_a: FakeGpuHost, gpu_b: FakeGpuHost
) -> None:
    day.save(batch, Stage.DENOISE, [Failure(None, "host_failing", "garbage")])
    await recovery.recover(OPENED, PARAMS, GROUP, early=False)
    assert {host for _, host in hosts_of(day).values()} == {"gpu_b"}
    gpu_b.replies["ready"] = [problem(503)]
    await recovery.recover(OPENED, PARAMS, GROUP, early=False)
    assert {host for _, host in hosts_of(day).values()} == {"gpu_a"}


async def test_a_host_that_refuses_is_left_out_and_the_run_goes_on(
    day: Day, batch: Batch, gpu_a: FakeGpuHost, gpu_b: FakeGpuHost
) -> None:
    gpu_a.replies["ready"] = [problem(401, "wrong token")]
    await recovery.recover(OPENED, PARAMS, GROUP, early=False)
    assert {host for _, host in hosts_of(day).values()} == {"gpu_b"}


async def test_without_a_ready_host_it_is_known_why_calls_end(
    day: Day, batch: Batch, gpu_a: FakeGpuHost
) -> None:
    day.audit(batch, FIRST, stages=[Stage.DISTRIBUTE])
    day.save(batch, Stage.DENOISE, [Failure(None, "host_lost", "gone")])
    gpu_a.replies["ready"] = [problem(503)] * 2
    for early in (True, False):
        with pytest.raises(NoHostReady, match="None of the GPU hosts gpu_a is ready"):
            await recovery.recover(OPENED, {**PARAMS, "hosts": ["gpu_a"]}, GROUP, early=early)
    of_calls = [(row["call_id"], row["stage"]) for row in day.rows(FailureRow) if row["call_id"]]
    assert sorted(of_calls) == sorted(
        [(FIRST.call_id, "denoise"), (SECOND.call_id, "distribute"), (THIRD.call_id, "distribute")]
    ), "once, by the last round"
    waiting = day.database.read(
        lambda c: pending_calls(c, StageJob(batch.batch_id, 0, "gpu_a", Stage.DENOISE))
    )
    assert [call.host_kills for call in waiting] == [0], "no host died of it"


async def test_nothing_stranded_skips_the_group(day: Day, batch: Batch, gpu_a: FakeGpuHost) -> None:
    day.audit(batch, FIRST, SECOND, stages=STAGES[:5])
    day.audit(batch, THIRD)
    for opened in (OPENED, None):
        with pytest.raises(DownstreamTasksSkipped) as skipped:
            await recovery.recover(opened, PARAMS, GROUP, early=False)
        assert skipped.value.tasks == GROUP
    assert gpu_a.asked == []


async def test_calls_that_another_run_works_on_are_not_stranded(
    day: Day, batch: Batch, gpu_a: FakeGpuHost
) -> None:
    again = day.discover(*(replace(call) for call in CALLS), batch_id="run-2")
    day.plan(again)
    with pytest.raises(DownstreamTasksSkipped):
        await recovery.recover(OPENED, PARAMS, GROUP, early=False)
    day.save(again, Stage.DISTRIBUTE, [success(FIRST)])
    assert len(day.rows(StageResultRow)) == 1


class TestEarly:
    """Other tasks are still at work."""

    async def test_all_that_a_lost_host_has_not_done_goes_to_others(
        self, day: Day, batch: Batch, gpu_a: FakeGpuHost, gpu_b: FakeGpuHost
    ) -> None:
        day.audit(batch, FIRST, stages=STAGES[:5])
        gpu_a.replies.update(ready=[broken_off] * 9, health=[broken_off] * 9)
        with pytest.raises(HostLost):
            await run(Stage.DISTRIBUTE)
        assert await recovery.recover(OPENED, PARAMS, GROUP, early=True) == [NEW]
        assert {c: host for c, (_, host) in hosts_of(day).items()} == {
            FIRST.call_id: "gpu_a",
            SECOND.call_id: "gpu_b",
            THIRD.call_id: "gpu_b",
        }

    async def test_what_a_sound_host_has_stays_there(
        self, day: Day, batch: Batch, gpu_a: FakeGpuHost, gpu_b: FakeGpuHost
    ) -> None:
        day.save(batch, Stage.DENOISE, [Failure(FIRST.call_id, "host_fault", "once")])
        with pytest.raises(DownstreamTasksSkipped) as skipped:
            await recovery.recover(OPENED, PARAMS, GROUP, early=True)
        assert skipped.value.tasks == GROUP

    async def test_a_shard_that_a_task_works_on_stays_there(
        self, day: Day, batch: Batch, gpu_a: FakeGpuHost, gpu_b: FakeGpuHost
    ) -> None:
        day.save(batch, Stage.DENOISE, [Failure(None, "host_lost", "gone")])
        gpu_a.replies["ready"] = [problem(503)]
        works = StageJob(batch.batch_id, 0, "gpu_a", Stage.DENOISE)
        day.database.write(lambda connection: tell(connection, works, 3, 1))
        with pytest.raises(DownstreamTasksSkipped):
            await recovery.recover(OPENED, PARAMS, GROUP, early=True)
        day.database.write(lambda connection: tell(connection, works, 3, 0, ended=True))
        assert len(await recovery.recover(OPENED, PARAMS, GROUP, early=True)) == 1

    async def test_what_failing_hosts_have_is_left_to_the_last_round_when_no_other_answers(
        self, day: Day, batch: Batch, gpu_a: FakeGpuHost
    ) -> None:
        day.save(batch, Stage.DENOISE, [Failure(None, "host_failing", "garbage")])
        with pytest.raises(DownstreamTasksSkipped):
            await recovery.recover(OPENED, {**PARAMS, "hosts": ["gpu_a"]}, GROUP, early=True)
        assert {shard for shard, _ in hosts_of(day).values()} == {0}
