"""The end of a run: own calls are settled, those of others awaited, hosts cleaned of what nobody needs."""

import pytest

from cofi import ending
from include.calls.stage import Stage
from include.database import batches
from include.database.batches import Batch
from include.database.outcomes import Failure
from tests.plugins.shard import CALLS, CONTENTS, OPENED, run
from tests.unit.database.seeding import Day
from tests.unit.gpu.fake_host import FakeGpuHost, problem


def nobody(run_id: str) -> bool:
    return False


def everybody(run_id: str) -> bool:
    return True


class TestSettling:
    def test_own_calls_end_by_what_stopped_them(self, day: Day, batch: Batch) -> None:
        day.save(batch, Stage.DISTRIBUTE, [Failure(None, "host_lost", "gpu_a is gone")])
        assert ending.settled(OPENED, everybody)
        assert {day.state_of(call) for call in CALLS} == {("failed", "distribute: gpu_a is gone")}

    def test_calls_of_a_run_that_goes_on_are_awaited_and_the_log_counts_them(
        self, day: Day, batch: Batch, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level("INFO")
        day.discover(*CALLS, batch_id="run-2")
        second = {**OPENED, "batch_id": "run-2"}
        assert not ending.settled(second, everybody)
        told = "Waiting for 3 calls of this run that others audit: 3 that run-1 works on."
        assert told in caplog.text
        day.audit(batch, *CALLS)
        assert ending.settled(second, everybody)
        assert "Waiting for nothing more" in caplog.text

    def test_a_run_that_goes_on_no_more_is_not_awaited(self, day: Day, batch: Batch) -> None:
        day.discover(*CALLS, batch_id="run-2")
        assert ending.settled({**OPENED, "batch_id": "run-2"}, nobody)

    def test_a_run_that_never_began_waits_for_nobody(self) -> None:
        assert ending.settled(None, everybody)


class TestCleaning:
    async def test_what_the_run_sent_is_deleted(self, day: Day, batch: Batch, gpu_a: FakeGpuHost) -> None:
        await run(Stage.DISTRIBUTE)
        assert len(gpu_a.audio) == len(CONTENTS)
        await ending.delete_from_hosts(OPENED["batch_id"])
        assert gpu_a.audio == {}

    async def test_calls_that_another_run_works_on_stay(
        self, day: Day, batch: Batch, gpu_a: FakeGpuHost
    ) -> None:
        await run(Stage.DISTRIBUTE)
        day.audit(batch, *CALLS[1:])
        with day.database.writing() as connection:
            batches.release(connection, batch)
        day.plan(day.discover(CALLS[0], batch_id="run-2"))
        await ending.delete_from_hosts(OPENED["batch_id"])
        assert set(gpu_a.audio) == {CALLS[0].call_id}

    async def test_a_host_that_is_down_fails_nothing(
        self, day: Day, batch: Batch, gpu_a: FakeGpuHost, connection, caplog: pytest.LogCaptureFixture
    ) -> None:
        await run(Stage.DISTRIBUTE)
        connection("gpu_a", conn_type="http", host="127.0.0.1", port=1)
        assert await ending.delete_from_hosts(OPENED["batch_id"]) == ["gpu_a"]
        assert "stay on gpu_a: the next look deletes them" in caplog.text

    async def test_a_call_that_a_host_fails_to_delete_stops_no_other_and_is_tried_again(
        self, day: Day, batch: Batch, gpu_a: FakeGpuHost
    ) -> None:
        await run(Stage.DISTRIBUTE)
        gpu_a.replies["DELETE"] = [problem(500)]
        await ending.delete_from_hosts(OPENED["batch_id"])
        assert gpu_a.audio == {}
        assert len(gpu_a.asked_for("DELETE")) == len(CONTENTS) + 1

    async def test_it_can_be_switched_off(self, day: Day, batch: Batch, gpu_a: FakeGpuHost, setting) -> None:
        await run(Stage.DISTRIBUTE)
        setting("delete_from_hosts", False)
        await ending.delete_from_hosts(OPENED["batch_id"])
        assert len(gpu_a.audio) == len(CONTENTS)
