"""The emulated GPU host, as cofi's own client finds it."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from hashlib import sha256
from typing import Any

import aiohttp
import pytest
from aiohttp.test_utils import TestServer

from include.calls.stage import GPU_STAGES, Stage
from include.emulation.gpu_host import EmulatedGpuHost, GpuHostSettings
from include.emulation.results import audio_seconds, result_of
from include.errors import HostBusy, HostFault, RecordingMissing
from include.gpu.client import GpuHostClient
from include.gpu.settings import HostSettings
from include.gpu.wire import StageOptions
from tests.unit.calls.site import recording

CONTENT = recording(3)
Ask = Callable[..., Awaitable[Any]]


@asynccontextmanager
async def emulated(**settings: Any) -> AsyncIterator[tuple[GpuHostClient, Ask]]:
    """A host and its client, and a way to its control pages."""
    app = EmulatedGpuHost(GpuHostSettings(**{"stage_s": 0.01, **settings})).app
    patience = HostSettings(attempts=1, busy_patience_s=0)
    async with TestServer(app) as server, aiohttp.ClientSession() as session:
        url = str(server.make_url("")).rstrip("/")

        async def ask(**faults: Any) -> Any:
            if faults:
                async with session.post(f"{url}/emulation/faults", json=faults) as response:
                    return response.status, await response.json()
            async with session.get(f"{url}/emulation/stats") as response:
                return await response.json()

        async with GpuHostClient("gpu_a", url, settings.get("token", ""), patience) as client:
            yield client, ask


async def send(client: GpuHostClient, call_id: str, content: bytes = CONTENT) -> str:
    async def body() -> AsyncIterator[bytes]:
        yield content

    return (await client.upload(call_id, body, len(content))).sha256


async def test_a_call_goes_through_all_stages_and_is_counted() -> None:
    async with emulated(token="s3cret") as (client, ask):
        assert await send(client, "c1") == sha256(CONTENT).hexdigest()
        results = [await client.run("c1", stage, StageOptions()) for stage in GPU_STAGES]
        assert [result.stage for result in results] == GPU_STAGES
        assert results[0].audio_s == pytest.approx(3, abs=0.01)
        status = await client.status()
        assert status.speed == pytest.approx(3 / 0.04, rel=0.1)
        stats = await ask()
        assert stats["served"] == {"upload": 1, **dict.fromkeys(GPU_STAGES, 1)}
        await client.delete("c1")
        assert (await ask())["calls_held"] == 0


async def test_its_gpu_is_one_resource_and_more_than_can_wait_is_refused() -> None:
    async with emulated(stage_s=0.1, capacity=2) as (client, ask):
        for n in range(5):
            await send(client, f"c{n}")
        began_s = time.monotonic()
        asked = [client.run(f"c{n}", Stage.DENOISE, StageOptions()) for n in range(5)]
        answers = await asyncio.gather(*asked, return_exceptions=True)
        assert time.monotonic() - began_s >= 0.4
        assert sum(isinstance(answer, HostBusy) for answer in answers) == 1
        stats = await ask()
        assert (stats["max_in_flight"], stats["refused"]) == (2, 1)


async def test_a_stage_without_a_recording_is_refused() -> None:
    async with emulated() as (client, _):
        with pytest.raises(RecordingMissing, match="upload it first"):
            await client.run("c1", Stage.DENOISE, StageOptions())


async def test_it_fails_as_it_is_told_and_works_again() -> None:
    async with emulated() as (client, ask):
        await send(client, "c1")
        for fault, error in [({"unready": True}, HostBusy), ({"garbage": True}, HostFault)]:
            await ask(**fault)
            with pytest.raises(error):
                await client.run("c1", Stage.DENOISE, StageOptions())
            await ask(unready=False, garbage=False)
        await ask(disk_full=True)
        with pytest.raises(HostFault, match=r"507 .*no space left"):
            await send(client, "c2")
        await ask(disk_full=False, reset_share=1.0)
        with pytest.raises(Exception, match="gpu_a"):
            await client.run("c1", Stage.IVR, StageOptions())
        await ask(reset_share=0.0)
        assert (await client.run("c1", Stage.IVR, StageOptions())).stage == "ivr"
        assert (await ask())["resets"] >= 1


async def test_a_slow_host_takes_so_much_longer() -> None:
    async with emulated(stage_s=0.02) as (client, ask):
        await send(client, "c1")
        await ask(slow=10)
        assert (await client.run("c1", Stage.DENOISE, StageOptions())).seconds == pytest.approx(0.2)


async def test_an_unknown_fault_is_named() -> None:
    async with emulated() as (_, ask):
        assert await ask(sleepy=True) == (400, {"error": "no such fault: sleepy"})


async def test_what_it_has_is_not_taken_again() -> None:
    async with emulated() as (client, ask):
        await send(client, "c1")
        await client.run("c1", Stage.DENOISE, StageOptions())
        await send(client, "c1")
        await client.run("c1", Stage.IVR, StageOptions())
        assert (await ask())["served"]["denoise"] == 1


def test_every_call_has_a_transcript_of_its_own() -> None:
    texts = {result_of(f"c{n}", Stage.STT, 1, 3).turns[1].text for n in range(100)}
    assert len(texts) == 100


def test_the_length_of_what_is_no_wav_is_guessed() -> None:
    assert audio_seconds(b"OggS" + bytes(40), 10_000) == 60
    assert audio_seconds(b"", 0) == 60
