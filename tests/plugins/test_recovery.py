"""Recovery: what hosts left behind goes to those that are ready; what was done stays done."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from airflow.sdk.exceptions import DownstreamTasksSkipped

from cofi import recovery
from include.calls.stage import GPU_STAGES, STAGES, Stage
from include.database.batches import Batch, assign
from include.database.hosts import Trouble
from include.database.lanes import tell
from include.database.models import BatchCallRow, FailureRow, StageResultRow
from include.database.outcomes import Failure
from include.database.work import StageJob, pending_calls
from include.distribution.planner import Shard
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

    plan = await recovery.recover(OPENED, PARAMS, GROUP)

    assert plan == [NEW]
    assert hosts_of(day) == {
        FIRST.call_id: (0, "gpu_a"),
        SECOND.call_id: (NEW, "gpu_b"),
        THIRD.call_id: (NEW, "gpu_b"),
    }
    kept = {row["stage"] for row in day.rows(StageResultRow, call_id=SECOND.call_id, superseded_at=None)}
    assert kept == {"denoise"}  # only the recording must be sent again


async def test_a_round_makes_no_more_shards_than_airflow_maps_over(
    day: Day, batch: Batch, gpu_a: FakeGpuHost, setting, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recovery, "_MOST_SHARDS", 2)
    setting("shard_audio_s", 1)
    assert await recovery.recover(OPENED, PARAMS | {"hosts": ["gpu_a"]}, GROUP) == [NEW, NEW + 1]


async def test_a_moved_call_is_finished_on_its_new_host(
    day: Day, batch: Batch, gpu_a: FakeGpuHost, gpu_b: FakeGpuHost
) -> None:
    day.audit(batch, *CALLS, stages=[Stage.DISTRIBUTE, Stage.DENOISE])
    gpu_a.replies["ready"] = [problem(503)]
    (shard,) = await recovery.recover(OPENED, PARAMS, GROUP)
    for stage in [Stage.DISTRIBUTE, *GPU_STAGES[1:]]:
        await run(stage, shard=shard)
    assert len(day.rows(StageResultRow, stage="stt", host="gpu_b")) == 3
    assert gpu_b.asked_for("denoise") == gpu_b.asked_for("stt")  # it ran what it lacked, and told nobody


async def test_a_host_that_came_back_is_used_again(day: Day, batch: Batch, gpu_a: FakeGpuHost) -> None:
    day.save(batch, Stage.DISTRIBUTE, [Failure(None, "host_lost", "gone")])
    plan = await recovery.recover(OPENED, {**PARAMS, "hosts": ["gpu_a"]}, GROUP)
    assert len(plan) == 1


async def test_a_host_that_answers_and_fails_gets_nothing_unless_there_is_no_other(
    day: Day, batch: Batch, gpu_a: FakeGpuHost, gpu_b: FakeGpuHost
) -> None:
    day.save(batch, Stage.DENOISE, [Failure(None, "host_failing", "garbage")])
    await recovery.recover(OPENED, PARAMS, GROUP)
    assert {host for _, host in hosts_of(day).values()} == {"gpu_b"}
    gpu_b.replies["ready"] = [problem(503)]
    await recovery.recover(OPENED, PARAMS, GROUP)
    assert {host for _, host in hosts_of(day).values()} == {"gpu_a"}


async def test_a_host_that_refuses_is_left_out_and_the_run_goes_on(
    day: Day, batch: Batch, gpu_a: FakeGpuHost, gpu_b: FakeGpuHost
) -> None:
    gpu_a.replies["ready"] = [problem(401, "wrong token")]
    await recovery.recover(OPENED, PARAMS, GROUP)
    assert {host for _, host in hosts_of(day).values()} == {"gpu_b"}


async def test_without_a_ready_host_it_is_known_why_calls_end(
    day: Day, batch: Batch, gpu_a: FakeGpuHost
) -> None:
    day.audit(batch, FIRST, stages=[Stage.DISTRIBUTE])
    day.save(batch, Stage.DENOISE, [Failure(None, "host_lost", "gone")])
    gpu_a.replies["ready"] = [problem(503)]
    with pytest.raises(NoHostReady, match="None of the GPU hosts gpu_a is ready"):
        await recovery.recover(OPENED, {**PARAMS, "hosts": ["gpu_a"]}, GROUP)
    of_calls = [(row["call_id"], row["stage"]) for row in day.rows(FailureRow) if row["call_id"]]
    assert sorted(of_calls) == sorted(
        [(FIRST.call_id, "denoise"), (SECOND.call_id, "distribute"), (THIRD.call_id, "distribute")]
    )
    waiting = day.database.read(
        lambda c: pending_calls(c, StageJob(batch.batch_id, 0, "gpu_a", Stage.DENOISE))
    )
    assert [call.host_kills for call in waiting] == [0], "no host died of it"


async def test_nothing_stranded_skips_the_group(day: Day, batch: Batch, gpu_a: FakeGpuHost) -> None:
    day.audit(batch, FIRST, SECOND, stages=STAGES[:5])
    day.audit(batch, THIRD)
    for opened in (OPENED, None):
        with pytest.raises(DownstreamTasksSkipped) as skipped:
            await recovery.recover(opened, PARAMS, GROUP)
        assert skipped.value.tasks == GROUP
    assert gpu_a.asked == []


async def test_calls_that_another_run_works_on_are_not_stranded(
    day: Day, batch: Batch, gpu_a: FakeGpuHost
) -> None:
    again = day.discover(*(replace(call) for call in CALLS), batch_id="run-2")
    day.plan(again)
    with pytest.raises(DownstreamTasksSkipped):
        await recovery.recover(OPENED, PARAMS, GROUP)
    day.save(again, Stage.DISTRIBUTE, [success(FIRST)])
    assert len(day.rows(StageResultRow)) == 1


class TestWatch:
    """Other tasks are still at work."""

    @pytest.fixture(autouse=True)
    def at_once(self, setting) -> None:
        setting("gpu_lost_patience_s", 0)

    async def test_all_that_a_lost_host_has_not_done_goes_to_others(
        self, day: Day, batch: Batch, gpu_a: FakeGpuHost, gpu_b: FakeGpuHost
    ) -> None:
        day.audit(batch, FIRST, stages=STAGES[:5])
        gpu_a.replies.update(ready=[broken_off] * 9, health=[broken_off] * 9)
        with pytest.raises(HostLost):
            await run(Stage.DISTRIBUTE)
        assert await watched() == [NEW]
        assert {c: host for c, (_, host) in hosts_of(day).items()} == {
            FIRST.call_id: "gpu_a",
            SECOND.call_id: "gpu_b",
            THIRD.call_id: "gpu_b",
        }

    async def test_a_host_may_be_away_for_a_while(
        self, day: Day, batch: Batch, gpu_a: FakeGpuHost, gpu_b: FakeGpuHost, setting
    ) -> None:
        gpu_a.replies["ready"] = [broken_off] * 9
        setting("gpu_lost_patience_s", 60)
        day.save(batch, Stage.DENOISE, [Failure(None, "host_lost", "gone")])
        assert await watched() is None
        setting("gpu_lost_patience_s", 0)
        assert await watched() == [NEW]

    async def test_a_host_that_is_back_keeps_its_calls(
        self, day: Day, batch: Batch, gpu_a: FakeGpuHost, gpu_b: FakeGpuHost
    ) -> None:
        day.save(batch, Stage.DENOISE, [Failure(None, "host_lost", "gone")])
        assert await watched() is None

    async def test_a_failing_host_keeps_nothing_though_it_answers(
        self, day: Day, batch: Batch, gpu_a: FakeGpuHost, gpu_b: FakeGpuHost
    ) -> None:
        day.save(batch, Stage.DENOISE, [Failure(None, "host_failing", "garbage")])
        assert await watched() == [NEW]
        assert {host for _, host in hosts_of(day).values()} == {"gpu_b"}

    async def test_what_a_sound_host_has_stays_there(
        self, day: Day, batch: Batch, gpu_a: FakeGpuHost, gpu_b: FakeGpuHost
    ) -> None:
        day.save(batch, Stage.DENOISE, [Failure(FIRST.call_id, "host_fault", "once")])
        assert await watched() is None

    async def test_a_shard_that_a_task_works_on_stays_there(
        self, day: Day, batch: Batch, gpu_a: FakeGpuHost, gpu_b: FakeGpuHost
    ) -> None:
        day.save(batch, Stage.DENOISE, [Failure(None, "host_lost", "gone")])
        gpu_a.replies["ready"] = [problem(503)] * 2
        tells(day, batch, Stage.DENOISE)
        assert await watched() is None
        tells(day, batch, Stage.DENOISE, ended=True)
        assert await watched() == [NEW]

    async def test_when_all_that_answer_fail_the_last_round_has_to_do(
        self, day: Day, batch: Batch, gpu_a: FakeGpuHost
    ) -> None:
        day.save(batch, Stage.DENOISE, [Failure(None, "host_failing", "garbage")])
        assert await watched(hosts=["gpu_a"]) is None
        assert {shard for shard, _ in hosts_of(day).values()} == {0}

    async def test_when_no_host_is_ready_the_last_round_has_to_do(
        self, day: Day, batch: Batch, gpu_a: FakeGpuHost
    ) -> None:
        day.save(batch, Stage.DENOISE, [Failure(None, "host_lost", "gone")])
        gpu_a.replies["ready"] = [problem(503)]
        assert await watched(hosts=["gpu_a"]) is None
        assert len(day.rows(FailureRow)) == 1

    async def test_without_gpu_tasks_at_work_the_group_has_nothing_to_do(
        self, day: Day, batch: Batch, gpu_a: FakeGpuHost
    ) -> None:
        day.save(batch, Stage.DENOISE, [Failure(None, "host_lost", "gone")])
        for opened, at_work in ((OPENED, False), (None, True)):
            with pytest.raises(DownstreamTasksSkipped) as skipped:
                await recovery.watch(opened, PARAMS, GROUP, lambda at_work=at_work: at_work)
            assert skipped.value.tasks == GROUP


def test_a_look_says_what_each_host_has_left_and_when_one_loses_it() -> None:
    since = datetime(2026, 11, 16, 2, 0, tzinfo=UTC)
    seen = recovery._Seen(
        in_trouble={"gpu_c": Trouble("host_lost", since)},
        speeds={"gpu_a": 20.0},
        left_s={"gpu_a": 7_200.0, "gpu_b": 90.0, "gpu_c": 60.0},
        movable_s={},
    )
    assert seen.waiting_for(120) == (
        "Waiting for GPU hosts: gpu_a has 2 h 0 min of audio left, some 6 min 0 s at 20.0 times real time; "
        "gpu_b has 1 min 30 s of audio left, at a speed that is not known yet; "
        "gpu_c has 1 min 0 s of audio left, is in trouble (host_lost), and loses it if it does nothing until "
        "02:02:00 UTC."
    )
    assert "no audio is left on any host" in replace(seen, in_trouble={}, left_s={}).waiting_for(120)


class TestSlowHost:
    """Of two hosts with a shard each, one is slow."""

    @pytest.fixture(autouse=True)
    def speeds(
        self, day: Day, batch: Batch, gpu_a: FakeGpuHost, gpu_b: FakeGpuHost, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        # gpu_a: 9 s of audio are left, 90 s of work; with the other 1 s.
        measured = {"gpu_a": 0.1, "gpu_b": 10.0}
        monkeypatch.setattr("cofi.recovery.hosts.measured_speeds", lambda *_: measured)

    async def test_the_log_says_what_is_waited_for_in_numbers(
        self, day: Day, batch: Batch, setting, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level("INFO")
        setting("slow_host_gain_s", 100)
        assert await watched() is None
        assert (
            "Waiting for GPU hosts: gpu_a has 9 s of audio left, some 1 min 30 s at 0.1 times real"
            in caplog.text
        )

    async def test_it_hands_over_what_it_has_not_begun(self, day: Day) -> None:
        assert await watched() == [NEW + 1]
        assert {host for _, host in hosts_of(day).values()} == {"gpu_b"}
        assert {day.state_of(call)[0] for call in CALLS} == {"pending"}

    async def test_nothing_is_moved_while_the_others_are_busy(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """A host that looks slow at the beginning may not be: the round is for when it is known."""
        left_s = {"gpu_a": 9.0, "gpu_b": 10.0 * (recovery._LEAD_S + 1)}
        monkeypatch.setattr("cofi.recovery.hosts.audio_left", lambda *_: left_s)
        speeds = {"gpu_a": 0.005, "gpu_b": 10.0}
        monkeypatch.setattr("cofi.recovery.hosts.measured_speeds", lambda *_: speeds)
        assert await watched() is None
        left_s["gpu_b"] = 10.0 * (recovery._LEAD_S - 1)
        assert await watched() == [NEW + 1]

    async def test_what_does_not_answer_is_not_slow_but_soon_lost_with_all_that_it_has(
        self, day: Day, batch: Batch, gpu_a: FakeGpuHost, setting
    ) -> None:
        setting("slow_host_gain_s", 30)
        setting("gpu_lost_patience_s", 0)
        with day.database.writing() as connection:
            assign(connection, batch, [Shard(2, "gpu_a", (SECOND.call_id, THIRD.call_id), 6)])
        tells(day, batch, Stage.DENOISE, ended=True)
        gpu_a.replies.update(ready=[broken_off] * 9, health=[broken_off] * 9)
        assert await watched() is None
        day.save(batch, Stage.DENOISE, [Failure(None, "host_lost", "gone")])
        assert await watched() == [NEW]
        assert {host for _, host in hosts_of(day).values()} == {"gpu_b"}

    async def test_it_keeps_what_it_has_begun(self, day: Day, batch: Batch) -> None:
        for stage, ended in ((Stage.DISTRIBUTE, False), (Stage.DENOISE, False), (Stage.DENOISE, True)):
            tells(day, batch, stage, ended=ended)
            assert await watched() is None, stage

    async def test_of_its_shards_it_hands_over_those_that_are_not_begun(
        self, day: Day, batch: Batch, setting
    ) -> None:
        setting("slow_host_gain_s", 30)  # 60 of its 90 s
        with day.database.writing() as connection:
            assign(connection, batch, [Shard(2, "gpu_a", (SECOND.call_id, THIRD.call_id), 6)])
        tells(day, batch, Stage.DENOISE)
        assert await watched() == [NEW + 1]
        assert {c: host for c, (_, host) in hosts_of(day).items()} == {
            FIRST.call_id: "gpu_a",
            SECOND.call_id: "gpu_b",
            THIRD.call_id: "gpu_b",
        }

    async def test_what_was_only_sent_is_not_begun(self, day: Day, batch: Batch) -> None:
        tells(day, batch, Stage.DISTRIBUTE, ended=True)
        assert await watched() == [NEW + 1]

    async def test_it_keeps_everything_in_the_round_that_is_kept_for_lost_hosts(
        self, day: Day, batch: Batch, setting, gpu_a: FakeGpuHost
    ) -> None:
        setting("gpu_lost_patience_s", 0)
        assert await watched(only_lost=True) is None
        gpu_a.replies.update(ready=[broken_off] * 9, health=[broken_off] * 9)
        day.save(batch, Stage.DENOISE, [Failure(None, "host_lost", "gone")])
        assert await watched(only_lost=True) == [NEW]

    async def test_it_keeps_everything_for_a_small_gain(self, setting) -> None:
        setting("slow_host_gain_s", 100)
        assert await watched() is None

    async def test_it_is_planned_its_part_of_what_it_gave_up(self, day: Day, setting, monkeypatch) -> None:
        setting("slow_host_gain_s", 0)
        measured = {"gpu_a": 1.0, "gpu_b": 2.0}
        monkeypatch.setattr("cofi.recovery.hosts.measured_speeds", lambda *_: measured)
        assert await watched() == [NEW, NEW + 1]
        assert sorted(host for _, host in hosts_of(day).values()) == ["gpu_a", "gpu_b", "gpu_b"]


async def watched(*, only_lost: bool = False, **params: object) -> list[int] | None:
    return await recovery.watch(OPENED, {**PARAMS, **params}, GROUP, lambda: True, only_lost=only_lost)


def tells(day: Day, batch: Batch, stage: Stage, *, ended: bool = False) -> None:
    """A task of the shard says that it works, or has ended."""
    works = StageJob(batch.batch_id, 0, "gpu_a", stage)
    day.database.write(lambda connection: tell(connection, works, 3, 0 if ended else 1, ended=ended))
