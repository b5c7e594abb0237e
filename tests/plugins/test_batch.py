"""The tasks before the shards, over a real folder and database: what they find and plan."""

import os
import shutil
import time
from collections import Counter
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from airflow.sdk.exceptions import DownstreamTasksSkipped

from cofi import batch as tasks
from cofi.discovering import discover
from cofi.hosts import ready_hosts
from include.calls.call import CallState, call_id_for
from include.calls.stage import STAGES, Stage
from include.database.batches import Batch, stage_job
from include.database.models import BatchCallRow, BatchRow, CallRow, OutboxRow, StageResultRow
from include.database.outcomes import Failure
from include.database.work import StageJob, pending_calls
from include.errors import HostLost, InvalidInput, NoHostReady, StoreFault
from tests.plugins.params import params
from tests.unit.calls.site import recording, sha256_of
from tests.unit.database.seeding import Day, success
from tests.unit.gpu.fake_host import FakeGpuHost, problem

DAY = date(2026, 11, 16)
Opened = dict[str, Any]


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """A store with two calls of the day."""
    folder = tmp_path / "calls" / "2026-11-16"
    folder.mkdir(parents=True)
    (folder / "a.wav").write_bytes(recording(3, seed=1))
    (folder / "b.wav").write_bytes(recording(4, seed=2))
    return folder.parent


@pytest.fixture(autouse=True)
def only_gpu_a(setting, connection) -> None:
    setting("gpu_hosts", "gpu_a")
    connection("cofi_llm", conn_type="http", host="http://llm/v1", extra={"model": "m"})


def discovered(
    store: Path, run_id: str = "run-1", **changes: object
) -> tuple[dict[str, Any], dict[str, int]]:
    """Opens a batch and discovers, while no other run goes on: what both tasks answered."""
    wanted = params(store, **changes)
    opened = tasks.open_batch(run_id, wanted, None)
    return opened, discover(opened, wanted, lambda _: False)


def call_id(path: str) -> str:
    return call_id_for(DAY, path)


def batch_of(opened: Opened) -> Batch:
    return Batch(opened["batch_id"], DAY, opened["location"], {})


def jobs_of(day: Day, opened: Opened, shards: list[int]) -> list[StageJob]:
    """What the first stage is told of shards."""
    with day.database.reading() as connection:
        jobs = [stage_job(connection, opened["batch_id"], shard, Stage.DISTRIBUTE) for shard in shards]
    assert None not in jobs
    return [job for job in jobs if job]


def to_distribute(day: Day, opened: Opened, shards: list[int]) -> list[str]:
    """Calls that the first stage would work on."""
    with day.database.reading() as connection:
        pending = (pending_calls(connection, job) for job in jobs_of(day, opened, shards))
        return sorted(call.call_id for calls in pending for call in calls)


def calls_in(day: Day, opened: Opened, shards: list[int]) -> int:
    """How many calls shards hold."""
    return sum(row["shard"] in shards for row in day.rows(BatchCallRow, batch_id=opened["batch_id"]))


async def planned(opened: Opened, wanted: dict[str, Any], *going_on: str) -> list[int]:
    """Plans as a run does while others go on; the numbers of the shards."""
    return await tasks.plan(opened, wanted, lambda run_id: run_id in going_on)


def states(day: Day) -> dict[str, str]:
    return {row["path"]: row["state"] for row in day.rows(CallRow)}


class TestDiscover:
    def test_a_day_is_found_and_accounted_for(self, day: Day, store: Path) -> None:
        folder = store / "2026-11-16"
        (folder / "empty.wav").touch()
        (folder / "short.wav").write_bytes(recording(1))
        shutil.copy(folder / "a.wav", folder / "copy.wav")

        opened, by_state = discovered(store)

        batch = {"batch_id": "run-1", "day": "2026-11-16", "location": f"file://{store}", "kind": "audit"}
        assert opened == batch | {"last_day": None, "run_type": "manual", "lookback_days": 0}
        assert {state: count for state, count in by_state.items() if count} == {
            "pending": 2,
            "duplicate": 1,
            "skipped": 1,
            "quarantined": 1,
        }
        assert states(day)["copy.wav"] == "duplicate"
        assert len(day.rows(BatchCallRow)) == 5
        assert Counter(row["event_type"] for row in day.rows(OutboxRow)) == {
            "call.duplicate": 1,
            "call.skipped": 1,
            "call.quarantined": 1,
        }
        (batch,) = day.rows(BatchRow)
        assert (batch["day"], batch["params"]["redo"]) == (DAY, "skip")
        uris = {row["path"]: row["uri"] for row in day.rows(CallRow)}
        assert uris["a.wav"] == f"file://{folder}/a.wav"

    def test_a_copy_of_yesterdays_call_is_a_duplicate(self, day: Day, store: Path) -> None:
        discovered(store)
        (store / "2026-11-17").mkdir()
        shutil.copy(store / "2026-11-16" / "a.wav", store / "2026-11-17" / "sent-again.wav")

        discovered(store, "run-2", day="2026-11-17")

        (copy,) = day.rows(CallRow, path="sent-again.wav")
        assert (copy["state"], copy["duplicate_of"]) == ("duplicate", call_id("a.wav"))
        assert copy["state_reason"] == "same content as 2026-11-16 a.wav"

    def test_a_copy_whose_original_is_gone_is_audited(self, day: Day, store: Path) -> None:
        discovered(store)
        (store / "2026-11-17").mkdir()
        (store / "2026-11-16" / "a.wav").rename(store / "2026-11-17" / "moved.wav")
        discovered(store, "run-2", day="2026-11-17")
        assert states(day)["moved.wav"] == "pending"

    def test_a_recording_that_failed_and_was_moved_is_audited_on_its_new_day(
        self, day: Day, store: Path
    ) -> None:
        discovered(store)
        content = sha256_of((store / "2026-11-16" / "a.wav").read_bytes())
        with day.database.writing() as connection:
            of_a = CallRow.__table__.update().where(CallRow.call_id == call_id("a.wav"))
            connection.execute(of_a.values(state=CallState.FAILED, sha256=content))
        (store / "2026-11-17").mkdir()
        (store / "2026-11-16" / "a.wav").rename(store / "2026-11-17" / "moved.wav")

        discovered(store, "run-2", day="2026-11-17")

        assert states(day) == {"a.wav": "failed", "b.wav": "pending", "moved.wav": "pending"}

    def test_a_trial_run_knows_the_originals_that_it_does_not_look_at(self, day: Day, store: Path) -> None:
        discovered(store)
        with day.database.writing() as connection:
            connection.execute(CallRow.__table__.update().values(state=CallState.AUDITED))
        shutil.copy(store / "2026-11-16" / "b.wav", store / "2026-11-16" / "0-copy.wav")

        discovered(store, "run-2", limit=1)

        assert states(day)["0-copy.wav"] == "duplicate"

    @pytest.mark.parametrize("redo", ["skip", "all"])
    def test_a_trial_run_makes_no_original_the_copy_of_its_own_copy(
        self, day: Day, store: Path, redo: str
    ) -> None:
        shutil.copy(store / "2026-11-16" / "a.wav", store / "2026-11-16" / "copy.wav")
        discovered(store)

        discovered(store, "run-2", redo=redo, limit=1)

        assert states(day) == {"a.wav": "pending", "b.wav": "pending", "copy.wav": "duplicate"}


def test_a_budget_that_nobody_could_hold_is_refused_before_any_gpu_work(day: Day, store: Path) -> None:
    with pytest.raises(InvalidInput, match="model m has no price"):
        discovered(store, llm_budget_usd=10)


class TestWhatWasAuditedBefore:
    def test_a_day_has_one_location(self, day: Day, store: Path, tmp_path: Path) -> None:
        discovered(store)
        other = shutil.copytree(store, tmp_path / "other")
        with pytest.raises(InvalidInput, match=r"2026-11-16 was audited from another location .*a\.wav"):
            discovered(other, "run-2")

    def test_a_copy_is_audited_when_its_original_has_changed(self, day: Day, store: Path) -> None:
        folder = store / "2026-11-16"
        shutil.copy(folder / "a.wav", folder / "c.wav")
        assert discovered(store)[1]["duplicate"] == 1
        assert discovered(store, "run-2")[1]["duplicate"] == 1
        (folder / "a.wav").write_bytes(recording(5, seed=7))
        assert discovered(store, "run-3")[1]["duplicate"] == 0
        assert states(day)["c.wav"] == "pending"

    def test_a_name_that_is_no_utf8_stops_no_other(self, day: Day, store: Path) -> None:
        name = os.fsencode(store / "2026-11-16") + b"/M\xfcller.wav"
        Path(os.fsdecode(name)).write_bytes(recording(3, seed=8))
        by_state = discovered(store)[1]
        assert (by_state["pending"], by_state["quarantined"]) == (3, 0)

    def test_a_file_that_is_being_written_is_left_for_the_next_look(
        self, day: Day, store: Path, setting, caplog: pytest.LogCaptureFixture
    ) -> None:
        setting("min_age_s", 60)
        folder = store / "2026-11-16"
        an_hour_ago = time.time() - 3600
        os.utime(folder / "a.wav", (an_hour_ago, an_hour_ago))
        (folder / "c.wav.part").touch()
        with caplog.at_level("INFO"):
            now = discovered(store)[1]
        os.utime(folder / "b.wav", (an_hour_ago, an_hour_ago))
        later = discovered(store, "run-2")[1]

        assert (now["pending"], now["being_written"]) == (1, 2)
        assert "2 files are still being written, and left for the next look: b.wav, c.wav.part" in caplog.text
        assert (later["pending"], later["being_written"]) == (2, 1)
        assert set(states(day)) == {"a.wav", "b.wav"}

    def test_a_folder_that_cannot_be_listed_fails_the_run(
        self, day: Day, store: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (store / "2026-11-16" / "night").mkdir()
        scanned = os.scandir

        def scandir(path: str) -> object:
            if os.fspath(path).endswith("night"):
                raise PermissionError(13, "Permission denied")
            return scanned(path)

        monkeypatch.setattr(os, "scandir", scandir)
        with pytest.raises(StoreFault, match=r"The folder .*/2026-11-16/night cannot be listed"):
            discovered(store)
        assert day.rows(CallRow) == []

    def test_a_linked_recording_is_accounted_for(self, day: Day, store: Path, tmp_path: Path) -> None:
        (tmp_path / "elsewhere.wav").write_bytes(recording(6, seed=9))
        (store / "2026-11-16" / "link.wav").symlink_to(tmp_path / "elsewhere.wav")
        discovered(store)
        assert states(day)["link.wav"] == "pending"


class TestPlan:
    async def test_shards_hold_every_call_and_are_told_of_by_number(
        self, day: Day, store: Path, gpu_a: FakeGpuHost
    ) -> None:
        opened, _ = discovered(store)
        shards = await planned(opened, params(store))

        assert {(job.batch_id, job.host, job.kind) for job in jobs_of(day, opened, shards)} == {
            ("run-1", "gpu_a", "audit")
        }
        assert to_distribute(day, opened, shards) == sorted([call_id("a.wav"), call_id("b.wav")])
        assert day.database.read(lambda c: stage_job(c, "run-1", shards[-1] + 1, Stage.DISTRIBUTE)) is None

    async def test_the_log_says_what_to_expect(
        self, day: Day, store: Path, gpu_a: FakeGpuHost, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level("INFO")
        gpu_a.speed = 0.5
        opened, _ = discovered(store)
        await planned(opened, params(store))
        # 7 s of audio at half a second a second.
        assert "bound_s=14 bottleneck=GPUs" in caplog.text
        assert "tasks_at_once=32 tasks_needed=13 not_known=distribute,llm1,llm2" in caplog.text

    async def test_a_day_that_is_done_asks_no_host(self, day: Day, store: Path, gpu_a: FakeGpuHost) -> None:
        opened, _ = discovered(store)
        await planned(opened, params(store))
        day.audit(batch_of(opened), call_id("a.wav"), call_id("b.wav"))
        gpu_a.asked.clear()

        again, by_state = discovered(store, "run-2")

        assert await planned(again, params(store)) == []
        assert by_state["audited"] == 2
        assert gpu_a.asked == []

    async def test_doing_all_again_plans_what_was_audited(
        self, day: Day, store: Path, gpu_a: FakeGpuHost
    ) -> None:
        opened, _ = discovered(store)
        await planned(opened, params(store))
        day.audit(batch_of(opened), call_id("a.wav"), call_id("b.wav"))
        wanted = {"redo": "all", "first_stage": "llm2"}
        again, by_state = discovered(store, "run-2", **wanted)

        shards = await planned(again, params(store, **wanted))

        assert by_state["audited"] == calls_in(day, again, shards) == 2
        assert to_distribute(day, again, shards) == []
        stages = {row["stage"] for row in day.rows(StageResultRow, superseded_at=None)}
        assert stages == {"denoise", "ivr", "lid", "stt", "llm1", "llm2"}, "until it is audited again"

    async def test_llm_work_alone_is_planned_though_every_host_is_off(
        self, day: Day, store: Path, gpu_a: FakeGpuHost
    ) -> None:
        opened, _ = discovered(store)
        await planned(opened, params(store))
        day.audit(batch_of(opened), call_id("a.wav"), call_id("b.wav"))
        wanted = {"redo": "all", "first_stage": "llm1"}
        again, _ = discovered(store, "run-2", **wanted)
        gpu_a.replies["ready"] = [problem(503, "switched off")] * 9

        shards = await planned(again, params(store, **wanted))

        assert calls_in(day, again, shards) == 2

    async def test_without_a_ready_host_the_plan_is_tried_again(
        self, day: Day, store: Path, gpu_a: FakeGpuHost
    ) -> None:
        opened, _ = discovered(store)
        gpu_a.replies["ready"] = [problem(503, "loading engines")]
        with pytest.raises(HostLost, match="None of the GPU hosts gpu_a is ready: start one, or choose"):
            await planned(opened, params(store))
        assert len(to_distribute(day, opened, await planned(opened, params(store)))) == 2

    async def test_failed_calls_are_still_planned_when_a_host_is_ready_at_the_second_try(
        self, day: Day, store: Path, gpu_a: FakeGpuHost
    ) -> None:
        opened, _ = discovered(store)
        await planned(opened, params(store))
        failure = Failure(call_id("a.wav"), "bug", "x", state=CallState.FAILED)
        day.save(batch_of(opened), Stage.DISTRIBUTE, [failure])
        again, _ = discovered(store, "run-2", redo="failed only")
        gpu_a.replies["ready"] = [problem(503, "loading engines")]
        with pytest.raises(HostLost):
            await planned(again, params(store, redo="failed only"))

        shards = await planned(again, params(store, redo="failed only"))

        assert to_distribute(day, again, shards) == [call_id("a.wav")]

    async def test_a_recording_that_is_replaced_by_one_of_the_same_size_is_audited_anew(
        self, day: Day, store: Path, gpu_a: FakeGpuHost
    ) -> None:
        file = store / "2026-11-16" / "a.wav"
        opened, _ = discovered(store)
        await planned(opened, params(store))
        hashed = success(call_id("a.wav"), sha256=sha256_of(file.read_bytes()))
        day.save(batch_of(opened), Stage.DISTRIBUTE, [hashed])
        day.audit(batch_of(opened), call_id("a.wav"), call_id("b.wav"))
        file.write_bytes(recording(3, seed=99))
        os.utime(file, (0, 0))

        again, by_state = discovered(store, "run-2")
        shards = await planned(again, params(store))

        assert by_state["pending"] == 1
        assert to_distribute(day, again, shards) == [call_id("a.wav")]


class TestDeal:
    """Two hosts with 16 places each, which take turns: gpu_a has the even ones."""

    @pytest.fixture(autouse=True)
    def two_hosts(self, only_gpu_a: None, setting) -> None:
        setting("gpu_hosts", "gpu_a, gpu_b")

    def test_places_without_a_shard_are_skipped_in_all_stages(self) -> None:
        with pytest.raises(DownstreamTasksSkipped) as skipped:
            tasks.deal([0, 1, 2])
        assert len(skipped.value.tasks) == (32 - 3) * len(STAGES)
        left = {(f"audit.{host}.{s}", n) for host in ("gpu_a", "gpu_b") for s in STAGES for n in range(16)}
        left -= set(skipped.value.tasks)
        assert left == {
            (f"audit.{host}.{s}", n) for s in STAGES for host, n in (("gpu_a", 0), ("gpu_a", 1), ("gpu_b", 0))
        }

    @pytest.mark.parametrize("nothing", [None, []])
    def test_without_a_plan_or_calls_all_are(self, nothing: list[int] | None) -> None:
        with pytest.raises(DownstreamTasksSkipped) as skipped:
            tasks.deal(nothing)
        assert len(skipped.value.tasks) == 32 * len(STAGES)

    def test_when_all_places_are_full_none_is(self) -> None:
        tasks.deal(list(range(32)))


class TestReadyHosts:
    async def test_hosts_that_are_not_ready_are_left_out(
        self, day: Day, gpu_a: FakeGpuHost, connection, caplog: pytest.LogCaptureFixture
    ) -> None:
        connection("gpu_b", conn_type="http", host="127.0.0.1", port=1)
        hosts = await ready_hosts(["gpu_a", "gpu_b"], day.database)
        assert [(host.name, host.speed) for host in hosts] == [("gpu_a", 1.0)]
        assert "GPU host gpu_b is left out" in caplog.text

    async def test_a_wrong_password_leaves_the_host_out_and_is_told(
        self, day: Day, gpu_a: FakeGpuHost, connection, caplog: pytest.LogCaptureFixture
    ) -> None:
        connection("gpu_b", conn_type="http", host=gpu_a.url, password="wrong")
        hosts = await ready_hosts(["gpu_a", "gpu_b"], day.database)
        assert [host.name for host in hosts] == ["gpu_a"]
        assert "set its token as the password of connection gpu_b" in caplog.text
        with pytest.raises(NoHostReady, match=r"gpu_b is ready.*as the password of connection gpu_b"):
            await ready_hosts(["gpu_b"], day.database)

    async def test_a_host_that_makes_nothing_of_a_vocabulary_works_and_is_told_of(
        self, day: Day, connection, caplog: pytest.LogCaptureFixture
    ) -> None:
        says = {"gpu_a": True, "gpu_b": False, "gpu_c": None}
        async with FakeGpuHost() as a, FakeGpuHost() as b, FakeGpuHost() as c:
            for (name, hears), host in zip(says.items(), (a, b, c), strict=True):
                host.hears_vocabulary = hears
                connection(name, conn_type="http", host=host.url)
            await ready_hosts(list(says), day.database)
            assert "vocabulary" not in caplog.text
            hosts = await ready_hosts(list(says), day.database, has_vocabulary=True)
        assert [host.name for host in hosts] == list(says)
        told = [one for one in caplog.messages if "vocabulary" in one]
        assert [one.partition(": ")[0].rpartition(" ")[2] for one in told] == ["gpu_b", "gpu_c"]
        assert "takes none" in told[0] and "run this version of cofi" in told[1]

    async def test_a_host_that_has_not_worked_yet_counts_as_fast_as_the_others(
        self, day: Day, gpu_a: FakeGpuHost, connection
    ) -> None:
        async with FakeGpuHost(speed=30) as fast, FakeGpuHost(speed=10) as slow:
            connection("gpu_b", conn_type="http", host=fast.url)
            connection("gpu_c", conn_type="http", host=slow.url)
            hosts = await ready_hosts(["gpu_a", "gpu_b", "gpu_c"], day.database)
        assert {host.name: host.speed for host in hosts} == {"gpu_a": 20, "gpu_b": 30, "gpu_c": 10}
