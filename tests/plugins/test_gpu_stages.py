"""Distribution and the GPU stages of a shard, run as Airflow runs them, against a host on loopback."""

import asyncio
from pathlib import Path

import pytest
from aiohttp import web
from airflow.sdk.exceptions import AirflowSkipException, DownstreamTasksSkipped

from include.calls.stage import STAGES, Stage
from include.database import batches
from include.database.batches import Batch
from include.database.models import FailureRow, StageResultRow, TranscriptRow
from include.distribution.planner import Shard
from include.emulation.proxy import EmulatedProxy
from include.errors import CallsPutOff, HostFailing, HostLost, TransientError
from include.gpu.learned import LearnedPrompts
from tests.plugins.shard import CALLS, CONTENTS, context, operator_of, run
from tests.unit.database.seeding import Day
from tests.unit.gpu.fake_host import FakeGpuHost, broken_off, problem, text

ANSWERS_OTHERWISE = ["401 host", "403 page", "404 page", "408 empty", "421 json", "425 gateway"]
ANSWERS_OTHERWISE += ["a login page", "a redirect", "nested JSON"]
# Nothing tells the host's health when the request that was in flight breaks off.
TELLS_NOTHING = ["502 page", "ssh", "smtp", "tls", "http2"]


class TestGpuStages:
    async def test_a_shard_goes_through_distribution_and_the_gpu_stages(
        self, day: Day, batch: Batch, gpu_a: FakeGpuHost
    ) -> None:
        for stage in STAGES[:5]:
            result = await run(stage)
            assert (result["total"], result["done"], result["failed"]) == (3, 3, {}), stage

        assert gpu_a.audio == {call.call_id: CONTENTS[call.path] for call in CALLS}
        assert gpu_a.options["lid"]["languages"] == ["en", "es"]  # [cofi] languages
        assert len(day.rows(TranscriptRow)) == 3
        assert len(day.rows(StageResultRow, host="gpu_a")) == 15

    async def test_a_stage_with_nothing_to_do_skips_itself_and_asks_nobody(
        self, day: Day, batch: Batch, gpu_a: FakeGpuHost
    ) -> None:
        await run(Stage.DISTRIBUTE)
        gpu_a.asked.clear()
        with pytest.raises(AirflowSkipException, match="distribute: no call of shard 0 needs it"):
            await run(Stage.DISTRIBUTE)
        assert gpu_a.asked == []

    async def test_a_shard_that_has_nothing_for_later_stages_skips_them_too(
        self, day: Day, batch: Batch, gpu_a: FakeGpuHost
    ) -> None:
        with pytest.raises(DownstreamTasksSkipped) as skipped:
            await run(Stage.IVR)  # nothing was denoised
        later = ["lid", "stt", "llm1", "llm2"]
        assert skipped.value.tasks == [(f"audit.gpu_a.{stage}", 7) for stage in later]
        assert gpu_a.asked == []

    async def test_what_was_a_shard_before_its_calls_went_elsewhere_is_skipped(
        self, day: Day, batch: Batch, gpu_a: FakeGpuHost
    ) -> None:
        with day.database.writing() as connection:
            batches.assign(connection, batch, [Shard(28, "gpu_b", tuple(c.call_id for c in CALLS), 9)])
        with pytest.raises(DownstreamTasksSkipped) as skipped:
            await run(Stage.DENOISE)
        assert len(skipped.value.tasks) == 5
        assert gpu_a.asked == []

    async def test_a_task_instance_is_named_by_its_host_and_shard(
        self, day: Day, batch: Batch, gpu_a: FakeGpuHost
    ) -> None:
        operator = operator_of(Stage.DISTRIBUTE)
        template = operator.get_template_env().from_string(operator.map_index_template)
        assert template.render(task=operator) == "0"
        await operator.aexecute(context())
        assert template.render(task=operator) == "gpu_a · 0"

    async def test_the_host_is_kept_as_full_as_it_says_it_can_be(
        self, day: Day, batch: Batch, gpu_a: FakeGpuHost
    ) -> None:
        gpu_a.capacity, gpu_a.delay_s = 2, 0.05
        await run(Stage.DISTRIBUTE)
        await run(Stage.DENOISE)
        assert gpu_a.max_in_flight == 2

    async def test_calls_heard_before_a_prompt_in_them_was_learned_are_heard_again(
        self, day: Day, batch: Batch, gpu_a: FakeGpuHost
    ) -> None:
        ids = [call.call_id for call in CALLS]
        gpu_a.learned = LearnedPrompts(version="v2", calls_heard=3, prompts=[], hear_again=[ids[0], "other"])
        for stage in STAGES[:3]:
            await run(stage)
        assert gpu_a.asked_for("ivr").count(ids[0]) == 2 and len(gpu_a.asked_for("ivr")) == 4
        assert gpu_a.options["ivr"]["heard_with"] == "v2"
        results = day.rows(StageResultRow, stage="ivr")
        assert [row["call_id"] for row in results if row["superseded_at"]] == [ids[0]]
        assert sorted(row["call_id"] for row in results if not row["superseded_at"]) == sorted(ids)
        await run(Stage.LID)
        with pytest.raises(AirflowSkipException):
            await run(Stage.IVR)  # what LID has built on stays

    async def test_what_fails_is_counted_and_the_rest_goes_on(
        self, day: Day, batch: Batch, gpu_a: FakeGpuHost
    ) -> None:
        gpu_a.replies["PUT"] = [problem(422, "no audio stream")]
        result = await run(Stage.DISTRIBUTE)
        assert (result["total"], result["done"]) == (3, 2)
        gpu_a.replies["denoise"] = [problem(500, "engine crashed")]
        with pytest.raises(CallsPutOff, match="Stage denoise of shard 0: 1 of 3 calls"):
            await run(Stage.DENOISE)
        result = await run(Stage.DENOISE, attempt=2)
        assert (result["total"], result["done_before"], result["done"]) == (3, 1, 1)
        assert [row["kind"] for row in day.rows(FailureRow)] == ["recording_unusable", "host_fault"]

    async def test_the_task_tells_how_many_failed_of_each_kind(
        self, batch: Batch, gpu_a: FakeGpuHost
    ) -> None:
        gpu_a.replies["PUT"] = [problem(422, "no audio stream")]
        assert (await run(Stage.DISTRIBUTE))["failed"] == {"recording_unusable": 1}

    async def test_a_recording_that_is_gone_from_the_store_stops_no_other(
        self, day: Day, batch: Batch, gpu_a: FakeGpuHost, tmp_path: Path
    ) -> None:
        (tmp_path / "b.wav").unlink()
        result = await run(Stage.DISTRIBUTE)
        assert result["done"] == 2
        state, reason = day.state_of(CALLS[1])
        assert state == "failed"  # the next run looks for it again
        assert "is gone since it was discovered: copy it again" in str(reason)

    async def test_a_host_that_is_down_is_recorded_once_for_all_its_calls(
        self, day: Day, batch: Batch, connection, setting
    ) -> None:
        setting("gpu_attempts", 1)
        connection("gpu_a", conn_type="http", host="127.0.0.1", port=1)
        with pytest.raises(HostLost, match="GPU host gpu_a does not answer"):
            await run(Stage.DISTRIBUTE, attempt=2)
        (failure,) = day.rows(FailureRow)
        assert (failure["call_id"], failure["host"], failure["stage"]) == (None, "gpu_a", "distribute")
        assert (failure["kind"], failure["attempt"]) == ("host_lost", 2)

    async def test_a_host_that_is_lost_in_the_middle_keeps_what_it_did(
        self, day: Day, batch: Batch, gpu_a: FakeGpuHost
    ) -> None:
        await run(Stage.DISTRIBUTE)
        gpu_a.capacity = 1
        gpu_a.replies["denoise"] = [None, broken_off]
        gpu_a.replies["health"] = [broken_off] * 9
        with pytest.raises(HostLost):
            await run(Stage.DENOISE)
        assert len(day.rows(StageResultRow, stage="denoise")) == 1
        failures = [(row["call_id"] is None, row["kind"]) for row in day.rows(FailureRow)]
        assert failures == [(False, "host_lost"), (True, "host_lost")]  # the call is suspected

    async def test_a_host_that_answers_nothing_of_use_ends_the_task(
        self, day: Day, batch: Batch, gpu_a: FakeGpuHost
    ) -> None:
        await run(Stage.DISTRIBUTE)
        gpu_a.replies["denoise"] = [text("<html>")] * 3
        with pytest.raises(HostFailing, match="gpu_a failed 3 calls in a row"):
            await run(Stage.DENOISE)
        assert day.rows(FailureRow)[-1]["kind"] == "host_failing"

    @pytest.mark.parametrize("name", [*ANSWERS_OTHERWISE, *TELLS_NOTHING])
    async def test_a_host_that_is_not_itself_any_more_fails_no_call(
        self, day: Day, batch: Batch, gpu_a: FakeGpuHost, connection, name: str
    ) -> None:
        """Case R3: in the middle of a lane it, or what is before it, answers everybody otherwise."""
        proxy = EmulatedProxy(gpu_a.port)
        server = await proxy.start()
        connection("gpu_a", conn_type="http", host=f"http://127.0.0.1:{proxy.port}", password=gpu_a.token)
        await run(Stage.DISTRIBUTE)

        async def turns(request: web.Request) -> web.StreamResponse:
            proxy.answer_with(name)
            return web.Response()

        gpu_a.capacity = 1
        gpu_a.replies["denoise"] = [None, turns]
        with pytest.raises(HostLost, match="gpu_a") as ended:
            await run(Stage.DENOISE)
        server.close()
        assert ended.value.kind == ("host_lost" if name in TELLS_NOTHING else "host_misconfigured")
        assert len(day.rows(StageResultRow, stage="denoise")) == 1, "what was done is kept"
        assert {day.state_of(call)[0] for call in CALLS} == {"pending"}, "others can do them"
        told = [row for row in day.rows(FailureRow) if row["call_id"] is None]
        assert len(told) == 1, "announced once"

    async def test_a_lost_host_leaves_its_shards_while_others_go_on(
        self, day: Day, batch: Batch, gpu_a: FakeGpuHost
    ) -> None:
        await run(Stage.DISTRIBUTE)
        gpu_a.replies.update(ready=[broken_off] * 99, health=[broken_off] * 99)
        for attempt in (1, 2):  # nobody else could take its calls
            with pytest.raises(HostLost):
                await run(Stage.DENOISE, attempt=attempt)
        with day.database.writing() as connection:
            batches.assign(connection, batch, [Shard(1, "gpu_b", (CALLS[2].call_id,), 1)])
        for attempt in (1, 3):  # a task that had not begun, and one under which the host was lost
            with pytest.raises(DownstreamTasksSkipped):
                await run(Stage.DENOISE, attempt=attempt)
        assert [row["kind"] for row in day.rows(FailureRow)] == ["host_lost"] * 4

        gpu_a.replies.clear()  # it answers again
        assert (await run(Stage.DENOISE, attempt=3))["done"] == 2

    async def test_a_missing_connection_is_an_error_and_loses_no_call(self, day: Day, batch: Batch) -> None:
        with pytest.raises(Exception, match="gpu_a"):
            await run(Stage.DISTRIBUTE)
        assert {day.state_of(call)[0] for call in CALLS} == {"pending"}


class TestEndingATask:
    async def test_a_task_that_takes_too_long_is_tried_again_and_keeps_what_it_did(
        self, day: Day, batch: Batch, gpu_a: FakeGpuHost, setting
    ) -> None:
        await run(Stage.DISTRIBUTE)
        # Time for one call and no second, also on a busy machine.
        setting("task_timeout_s", 3)
        gpu_a.capacity = 1
        gpu_a.delay_s = 1.6
        with pytest.raises(TransientError, match=r"denoise took longer than \[cofi\] task_timeout_s"):
            await run(Stage.DENOISE)
        assert len(day.rows(StageResultRow, stage="denoise")) == 1
        (failure,) = day.rows(FailureRow)
        assert (failure["call_id"], failure["kind"]) == (None, "transient")

    async def test_a_task_that_is_killed_saves_what_it_has(
        self, day: Day, batch: Batch, gpu_a: FakeGpuHost
    ) -> None:
        await run(Stage.DISTRIBUTE)
        gpu_a.capacity, gpu_a.delay_s = 1, 0.2
        operator = operator_of(Stage.DENOISE)
        running = asyncio.create_task(operator.aexecute(context()))
        while len(gpu_a.asked_for("denoise")) < 2:  # one is done, one under way
            await asyncio.sleep(0.01)

        await asyncio.to_thread(operator.on_kill)

        with pytest.raises(asyncio.CancelledError):
            await asyncio.wait_for(running, 5)
        assert len(day.rows(StageResultRow, stage="denoise")) == 1

    def test_a_task_that_has_not_begun_can_be_killed(self) -> None:
        operator_of(Stage.DENOISE).on_kill()
