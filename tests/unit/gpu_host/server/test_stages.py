"""Stages, results and limits: the HTTP contract of `include/gpu/wire.py`, with fake engines behind it."""

import asyncio
import io
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
import pytest
import soundfile

from include.calls.stage import Stage
from include.errors import RecordingUnusable
from include.gpu.wire import HostStatus, StageOptions
from include.gpu_host.server.host import Host
from include.gpu_host.server.plans import Plans
from include.gpu_host.settings import Settings

AUDIO = "/v1/calls/c1/audio"
Wav = Callable[..., bytes]
Check = Callable[..., dict[str, Any]]
STAGES = ["denoise", "ivr", "lid", "stt"]


async def run_stages(client: httpx.AsyncClient, stages: list[str], **options: Any) -> list[httpx.Response]:
    return [await client.post(f"/v1/calls/c1/{stage}", json={"options": options}) for stage in stages]


async def test_stages_run_in_order_and_name_what_is_missing(
    assert_problem: Check, client: httpx.AsyncClient, wav: Wav
) -> None:
    assert_problem((await run_stages(client, ["denoise"]))[0], 404)
    await client.put(AUDIO, content=wav())
    assert assert_problem((await run_stages(client, ["stt"]))[0], 409)["missing"] == ["denoise", "ivr", "lid"]
    await run_stages(client, ["denoise", "ivr"])
    assert assert_problem((await run_stages(client, ["stt"]))[0], 409)["missing"] == ["lid"]
    assert [r.status_code for r in await run_stages(client, ["lid", "stt"])] == [200, 200]


async def test_wrong_requests_are_named(assert_problem: Check, client: httpx.AsyncClient, wav: Wav) -> None:
    await client.put(AUDIO, content=wav())
    await run_stages(client, ["denoise", "ivr"])
    assert (
        "xx" in assert_problem((await run_stages(client, ["lid"], languages=["en", "xx"]))[0], 400)["detail"]
    )
    assert_problem((await run_stages(client, ["llm1"]))[0], 400)
    assert_problem((await run_stages(client, ["denoise"], channel_roles=["boss"]))[0], 400)
    assert_problem(await client.get("/nothing"), 404)


@pytest.mark.long
async def test_ivr_hears_the_original_and_recognition_the_enhanced(
    client: httpx.AsyncClient, wav: Wav, fakes: Any
) -> None:
    fakes.enhances = True
    await client.put(AUDIO, content=wav(channels=2))
    await run_stages(client, STAGES)
    assert fakes.heard == ["denoise", "ivr peak 0.4", "lid from 500 allowed []", "stt en peak 0.5"]


async def test_a_repeat_returns_the_stored_result(client: httpx.AsyncClient, wav: Wav, fakes: Any) -> None:
    await client.put(AUDIO, content=wav())
    first = await run_stages(client, STAGES)
    heard = list(fakes.heard)
    again = await run_stages(client, STAGES)
    assert [r.json() for r in again] == [r.json() for r in first]
    assert len(heard) == 4 and fakes.heard == heard
    await run_stages(client, ["lid"], languages=["es"])
    await run_stages(client, ["stt"])
    # Another allow-list is another result, and what was made from the old one is stale.
    assert fakes.heard[4:] == ["lid from 500 allowed ['es']", "stt en peak 0.4"]


@pytest.mark.long
@pytest.mark.parametrize("hears", [True, False])
async def test_another_vocabulary_is_another_transcript_where_it_is_heard(
    client: httpx.AsyncClient, wav: Wav, fakes: Any, restarted: Any, hears: bool
) -> None:
    await client.put(AUDIO, content=wav())
    fakes.hears_vocabulary = hears
    async with restarted() as asked:
        assert (await asked.get("/ready")).json()["hears_vocabulary"] is hears
        await run_stages(asked, STAGES)
        for vocabulary in (["Fibre 300"], ["Fibre 300"], ["Riverside"], []):
            await run_stages(asked, STAGES, vocabulary=vocabulary)
    # Only the words depend on it; asked for again with the last one, nothing is heard again.
    assert fakes.heard[4:] == ["stt en peak 0.4"] * (3 if hears else 0)


async def test_what_was_stored_since_a_request_was_checked_is_not_made_again(
    client: httpx.AsyncClient, wav: Wav, fakes: Any, host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    await client.put(AUDIO, content=wav())
    checked_before = host._loaded().plan("c1", Stage.DENOISE, StageOptions())
    (first,) = await run_stages(client, ["denoise"])
    monkeypatch.setattr(Plans, "plan", lambda *_: checked_before)
    (second,) = await run_stages(client, ["denoise"])
    assert checked_before.result is None
    assert (fakes.heard, second.json()) == (["denoise"], first.json())


@pytest.mark.long
async def test_results_survive_a_restart_but_not_another_engine(
    assert_problem: Check, client: httpx.AsyncClient, wav: Wav, fakes: Any, restarted: Any
) -> None:
    await client.put(AUDIO, content=wav())
    before = [r.json() for r in await run_stages(client, STAGES)]
    fakes.heard.clear()
    async with restarted() as later:
        assert [r.json() for r in await run_stages(later, STAGES)] == before
        assert fakes.heard == []
    fakes.version = "2"
    async with restarted() as later:
        missing = assert_problem((await run_stages(later, ["stt"]))[0], 409)["missing"]
        assert missing == ["denoise", "ivr", "lid"]
        assert (await run_stages(later, ["denoise"]))[0].json()["engine"]["version"] == "2"


async def test_other_audio_drops_the_results(
    assert_problem: Check, client: httpx.AsyncClient, wav: Wav, fakes: Any
) -> None:
    await client.put(AUDIO, content=wav())
    await run_stages(client, STAGES)
    assert (await client.put(AUDIO, content=wav(seed=2, seconds=4))).status_code == 201
    assert_problem((await run_stages(client, ["ivr"]))[0], 409)
    assert (await run_stages(client, ["denoise"]))[0].json()["audio_s"] == 4.0
    assert (await client.put(AUDIO, content=wav())).status_code == 201


async def test_delete_removes_the_call(
    assert_problem: Check, client: httpx.AsyncClient, wav: Wav, settings: Settings
) -> None:
    await client.put(AUDIO, content=wav())
    assert [(await client.delete("/v1/calls/c1")).status_code for _ in range(2)] == [204, 204]
    assert_problem((await run_stages(client, ["denoise"]))[0], 404)
    assert not list((settings.data_dir / "calls").iterdir())


async def test_a_full_host_lets_some_wait_and_refuses_the_others(
    assert_problem: Check, client: httpx.AsyncClient, wav: Wav, fakes: Any, host: Host
) -> None:
    for name in "abcde":
        await client.put(f"/v1/calls/{name}/audio", content=wav())
    fakes.gate.clear()
    working = [asyncio.create_task(client.post(f"/v1/calls/{name}/denoise", json={})) for name in "ab"]
    await asyncio.to_thread(fakes.started.acquire)
    await asyncio.to_thread(fakes.started.acquire)
    joining = asyncio.create_task(client.post("/v1/calls/a/denoise", json={}))
    waiting = [asyncio.create_task(client.post(f"/v1/calls/{name}/denoise", json={})) for name in "de"]
    while "cofi_gpu_host_waiting 2.0" not in (await client.get("/metrics")).text:
        await asyncio.sleep(0.01)
    refused = await client.post("/v1/calls/c/denoise", json={})
    assert_problem(refused, 429, retryable=True)
    assert int(refused.headers["retry-after"]) > 0
    assert (await client.get("/ready")).json()["in_flight"] == 2
    fakes.gate.set()
    assert [(await task).status_code for task in [*working, joining, *waiting]] == [200] * 5
    assert (await client.post("/v1/calls/c/denoise", json={})).status_code == 200
    assert fakes.heard == ["denoise"] * 5


async def test_work_goes_on_when_the_client_hangs_up(
    client: httpx.AsyncClient, wav: Wav, fakes: Any, host: Host
) -> None:
    await client.put(AUDIO, content=wav())
    fakes.gate.clear()
    gone = asyncio.create_task(run_stages(client, ["denoise"]))
    await asyncio.to_thread(fakes.started.acquire)
    gone.cancel()
    with suppress(asyncio.CancelledError):
        await gone
    assert host.in_flight == 1
    retry = asyncio.create_task(run_stages(client, ["denoise"]))
    await asyncio.sleep(0.1)
    fakes.gate.set()
    assert (await retry)[0].status_code == 200
    assert fakes.heard == ["denoise"]


async def test_a_call_deleted_at_work_leaves_nothing(
    assert_problem: Check, client: httpx.AsyncClient, wav: Wav, fakes: Any, settings: Settings
) -> None:
    await client.put(AUDIO, content=wav())
    fakes.enhances = True
    fakes.gate.clear()
    working = asyncio.create_task(run_stages(client, ["denoise"]))
    await asyncio.to_thread(fakes.started.acquire)
    await client.delete("/v1/calls/c1")
    await client.put(AUDIO, content=wav(seed=2))
    fakes.gate.set()
    assert_problem((await working)[0], 404)
    assert_problem((await run_stages(client, ["ivr"]))[0], 409)
    assert not list((settings.data_dir / "incoming").iterdir())


async def test_a_call_deleted_before_it_is_read_is_missing_and_no_fault_of_the_host(
    assert_problem: Check, client: httpx.AsyncClient, wav: Wav, fakes: Any
) -> None:
    await client.put(AUDIO, content=wav())
    fakes.fails = FileNotFoundError(2, "No such file", "/data/calls/c1/audio")
    problem = assert_problem((await run_stages(client, ["denoise"]))[0], 404)
    assert "/data" not in problem["detail"]


async def test_all_but_health_is_refused_while_engines_load(
    assert_problem: Check, make_host: Any, fakes: Any, wav: Wav, connect: Any
) -> None:
    host = make_host()
    fakes.loads.clear()
    loading = asyncio.create_task(host.open())
    async with connect(host) as client:
        assert (await client.get("/health")).status_code == 200
        for response in [await client.get("/ready"), (await run_stages(client, ["denoise"]))[0]]:
            assert_problem(response, 503, retryable=True)
            assert int(response.headers["retry-after"]) > 0
        fakes.loads.set()
        await loading
        assert HostStatus.model_validate((await client.get("/ready")).json()).ready


async def test_a_host_that_is_stopped_hands_back_what_it_cannot_end(
    assert_problem: Check, client: httpx.AsyncClient, wav: Wav, fakes: Any, host: Host
) -> None:
    await client.put(AUDIO, content=wav())
    fakes.gate.clear()
    working = asyncio.create_task(run_stages(client, ["denoise"]))
    await asyncio.to_thread(fakes.started.acquire)
    draining = asyncio.create_task(host.drain())
    await asyncio.sleep(0)
    assert_problem((await client.post("/v1/calls/c1/ivr")), 409)
    assert_problem(await client.get("/ready"), 503, retryable=True)
    await draining
    assert_problem((await working)[0], 503, retryable=True)
    fakes.gate.set()


@pytest.mark.long
async def test_a_recording_is_sent_to_listen_to_as_it_is_or_enhanced(
    assert_problem: Check, client: httpx.AsyncClient, wav: Wav, fakes: Any
) -> None:
    assert_problem(await client.get(AUDIO, params={"version": "enhanced"}), 404)
    assert_problem(await client.get(AUDIO), 404)
    body = wav(channels=2)
    await client.put(AUDIO, content=body)
    assert (await client.get(AUDIO)).content == body
    for _ in range(2):
        enhanced = await client.get(AUDIO, params={"version": "enhanced"})
        assert enhanced.headers["content-type"] == "audio/flac"
        samples, rate_hz = soundfile.read(io.BytesIO(enhanced.content))
        assert (rate_hz, samples.shape) == (16_000, (32_000, 2))
        assert samples.min() == pytest.approx(0.5, abs=0.001)
    # Recognition goes on hearing what the gate decided.
    await run_stages(client, STAGES)
    assert fakes.heard[-1] == "stt en peak 0.4"


@pytest.mark.long
async def test_status_and_metrics_count_what_was_done(
    assert_problem: Check, client: httpx.AsyncClient, wav: Wav
) -> None:
    await client.put(AUDIO, content=wav())
    assert (await client.get("/ready")).json()["speed"] is None
    await run_stages(client, [*STAGES, "stt"])
    assert_problem((await client.post("/v1/calls/c2/denoise", json={})), 404)
    status = HostStatus.model_validate((await client.get("/ready")).json())
    assert (status.capacity, status.in_flight, sorted(status.engines)) == (2, 0, sorted(STAGES))
    assert status.speed and status.free_disk_bytes > 0
    text = (await client.get("/metrics")).text
    assert 'cofi_gpu_host_audio_seconds_total{stage="stt"} 2.0' in text
    assert 'cofi_gpu_host_stage_seconds_count{stage="stt"} 1.0' in text
    assert 'cofi_gpu_host_failures_total{kind="audio_missing"} 1.0' in text
    assert "cofi_gpu_host_in_flight 0.0" in text


async def test_faults_are_told_without_their_traces(
    assert_problem: Check, client: httpx.AsyncClient, wav: Wav, fakes: Any, caplog: pytest.LogCaptureFixture
) -> None:
    await client.put(AUDIO, content=wav())
    fakes.fails = RuntimeError("private words of a transcript")
    fault = (await run_stages(client, ["denoise"]))[0]
    assert_problem(fault, 500, retryable=True)
    assert "private" not in fault.text and "Traceback" not in fault.text
    fakes.fails = RecordingUnusable("It is all noise.")
    assert "c1: It is all noise." in assert_problem((await run_stages(client, ["denoise"]))[0], 422)["detail"]
    fakes.fails = None
    assert (await run_stages(client, ["denoise"]))[0].status_code == 200
    assert "/v1/calls/c1/denoise" in caplog.text


@pytest.mark.long
async def test_lost_enhanced_audio_is_made_again(
    assert_problem: Check, client: httpx.AsyncClient, wav: Wav, fakes: Any, settings: Settings
) -> None:
    fakes.enhances = True
    await client.put(AUDIO, content=wav())
    await run_stages(client, ["denoise", "ivr"])
    [enhanced] = Path(settings.data_dir, "calls", "c1").glob("*.flac")
    enhanced.unlink()
    assert assert_problem((await run_stages(client, ["lid"]))[0], 409)["missing"] == ["denoise", "ivr"]
    assert [r.status_code for r in await run_stages(client, STAGES)] == [200] * 4
    assert fakes.heard.count("denoise") == 2
