"""From the probe's settings to a plan: each platform's day has the right calls, metadata and roles."""

from pathlib import Path

import pytest

from cofi import batch as tasks
from cofi.discovering import discover
from include.calls.call import CallState
from include.calls.files import DayFiles
from include.calls.stage import Stage
from include.database import calls
from include.database.batches import stage_job
from include.database.models import BatchRow, CallRow
from include.database.work import pending_calls
from include.errors import InvalidInput
from include.probe.looking import look
from include.probe.place import place_of
from tests.plugins.params import params
from tests.unit.calls.recorders.platforms import PLATFORMS
from tests.unit.calls.recorders.test_platforms import of_interest
from tests.unit.calls.site import DAY, recording
from tests.unit.database.seeding import Day
from tests.unit.gpu.fake_host import FakeGpuHost

each_platform = pytest.mark.parametrize("name", PLATFORMS)


@pytest.fixture
def store(tmp_path: Path) -> Path:
    return tmp_path / "calls"


@pytest.fixture(autouse=True)
def only_gpu_a(setting, connection) -> None:
    setting("gpu_hosts", "gpu_a")
    connection("cofi_llm", conn_type="http", host="http://llm/v1", extra={"model": "m"})


@each_platform
async def test_what_the_probe_says_is_what_a_run_plans(
    day: Day, store: Path, gpu_a: FakeGpuHost, setting, name: str
) -> None:
    for path, content in PLATFORMS[name].files.items():
        (store / path).parent.mkdir(parents=True, exist_ok=True)
        (store / path).write_bytes(content)
    probed = look(place_of(str(store), PLATFORMS[name].timezone), day=DAY)
    setting("recorder", probed.recorder.id)
    setting("timezone", PLATFORMS[name].timezone)

    wanted = params(store)
    opened = tasks.open_batch("run-1", wanted, None)
    by_state = discover(opened, wanted, lambda _: False)
    shards = await tasks.plan(opened, wanted, lambda _: False)

    told = PLATFORMS[name].calls
    assert {state: count for state, count in by_state.items() if count} == {"pending": len(told)}
    with day.database.reading() as connection:
        kept = {call.path: call for call in calls.calls_of_day(connection, DAY)}
        jobs = [stage_job(connection, "run-1", shard, Stage.DISTRIBUTE) for shard in shards]
        planned = [one for job in jobs if job for one in pending_calls(connection, job)]
    assert kept.keys() == told.keys()
    for path, call in kept.items():
        times = {"started_at", "ended_at", "duration_s"}
        plain = {key: value for key, value in told[path].items() if key not in times}
        assert of_interest(call, plain) == plain, path
        assert call.day == DAY
    assert {one.call_id for one in planned} == {call.call_id for call in kept.values()}
    assert {one.call_id: one.parts for one in planned} == {c.call_id: c.parts for c in kept.values()}
    (batch,) = day.rows(BatchRow)
    assert DayFiles.of(batch["files"]) == probed.files


async def test_two_sides_and_bare_samples_reach_the_host_as_one_recording_each(
    day: Day, store: Path, gpu_a: FakeGpuHost, setting
) -> None:
    from tests.plugins.shard import run

    for path, content in PLATFORMS["asterisk"].files.items():
        (store / path).parent.mkdir(parents=True, exist_ok=True)
        (store / path).write_bytes(content)
    setting("recorder", "asterisk")
    setting("timezone", "Europe/Madrid")
    wanted = params(store)
    opened = tasks.open_batch("run-1", wanted, None)
    discover(opened, wanted, lambda _: False)
    shards = await tasks.plan(opened, wanted, lambda _: False)
    for shard in shards:
        await run(Stage.DISTRIBUTE, shard=shard)
    sent = {row["path"]: gpu_a.audio[row["call_id"]] for row in day.rows(CallRow)}
    channels = {path: int.from_bytes(content[22:24], "little") for path, content in sent.items()}
    assert channels == {
        "1794818000.44.ulaw": 1,
        "in-8005550199-34600111222-20261116-091205-1794816725.17-in.wav": 2,
        "out-34600333444-101-20261116-101500-1794820500.18-in.wav": 2,
    }
    assert len(sent["1794818000.44.ulaw"]) == 44 + 2 * 24_000


def test_what_lies_beside_is_logged_and_kept(day: Day, store: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    folder = store / "2026-11-16"
    folder.mkdir(parents=True)
    (folder / "a.wav").write_bytes(recording(3, seed=1, channels=2))
    (folder / "a_metadata.json").write_text('{"agent": "Dana"}')
    (folder / "b_metadata.json").write_text('{"agent": "Kim"}')
    (folder / "upload.log").write_text("done")
    wanted = params(store)
    by_state = discover(tasks.open_batch("run-1", wanted, None), wanted, lambda _: False)
    assert sum(by_state.values()) == 1
    assert "beside them 1 sidecar, 1 sidecar without its recording, 1 ignored file (1 .log)" in caplog.text
    assert "no recording for 1 sidecar b_metadata.json: copy the recordings" in caplog.text
    (row,) = day.rows(CallRow)
    assert (row["agent"], row["channel_roles"], row["roles_source"]) == ("Dana", [], None)


def test_a_wrong_recorder_is_told_before_anything_else(day: Day, store: Path, setting) -> None:
    store.mkdir()
    setting("recorder", "nobodys")
    with pytest.raises(InvalidInput, match="There is no recorder 'nobodys'"):
        tasks.open_batch("run-1", params(store), None)
    assert day.rows(BatchRow) == []


def test_sidecars_that_an_older_version_took_for_recordings_leave_the_ledger(day: Day, store: Path) -> None:
    folder = store / "2026-11-16"
    folder.mkdir(parents=True)
    (folder / "a.wav").write_bytes(recording(3))
    (folder / "a.json").write_text("{}")
    from include.calls.call import Call, call_id_for

    broken = Call(
        call_id=call_id_for(DAY, "a.json"),
        day=DAY,
        path="a.json",
        uri=f"file://{folder}/a.json",
        size_bytes=2,
        state=CallState.QUARANTINED,
        state_reason="no recording",
    )
    day.discover(broken, batch_id="run-0")
    wanted = params(store)
    by_state = discover(tasks.open_batch("run-1", wanted, None), wanted, lambda _: False)
    assert {state: count for state, count in by_state.items() if count} == {"pending": 1}
