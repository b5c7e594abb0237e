"""What every GPU host does, the reference and the emulated one: fault tests stand on what both have."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from hashlib import sha256
from typing import Any

import httpx
import pytest
from aiohttp.test_utils import TestServer
from pydantic import TypeAdapter

from include.calls.stage import GPU_STAGES
from include.emulation.gpu_host import EmulatedGpuHost, GpuHostSettings
from include.gpu.learned import LearnedPrompt, LearnedPrompts, PromptTaken
from include.gpu.wire import SHA256_HEADER, AudioStored, HostHealth, HostStatus, Problem, StageResult
from include.gpu_host.server.host import Host
from tests.unit.calls.site import recording
from tests.unit.gpu_host.ivr.learned_prompts import learned_prompt
from tests.unit.gpu_host.ivr.sounds import melody
from tests.unit.gpu_host.server.conftest import TOKEN, FakeStages

CALL = "/v1/calls/c1"
CONTENT = recording(3)
DIGEST = sha256(CONTENT).hexdigest()
LEARNED = "/v1/prompts/learned"

Started = Callable[[], AbstractAsyncContextManager[httpx.AsyncClient]]


@pytest.fixture(params=["reference", "emulated"])
def start(
    request: pytest.FixtureRequest,
    make_host: Callable[[], Host],
    connect: Callable[[Host], httpx.AsyncClient],
) -> Started:
    """Starts a host with room for two stage requests, anew each time."""

    @asynccontextmanager
    async def reference() -> AsyncIterator[httpx.AsyncClient]:
        host = make_host()
        await host.open()
        async with connect(host) as client:
            yield client
        host.close()

    @asynccontextmanager
    async def emulated() -> AsyncIterator[httpx.AsyncClient]:
        settings = GpuHostSettings(token=TOKEN, stage_s=0.2, capacity=2)
        async with TestServer(EmulatedGpuHost(settings).app) as server:
            headers = {"Authorization": f"Bearer {TOKEN}"}
            async with httpx.AsyncClient(base_url=str(server.make_url("")), headers=headers) as client:
                yield client

    return reference if request.param == "reference" else emulated


async def put(client: httpx.AsyncClient, call: str = CALL) -> httpx.Response:
    return await client.put(f"{call}/audio", content=CONTENT, headers={SHA256_HEADER: DIGEST})


def problem(response: httpx.Response, status: int) -> dict[str, Any]:
    assert response.status_code == status, response.text
    assert response.headers["content-type"].startswith("application/problem+json")
    told = response.json()
    Problem.model_validate(told)
    assert told["status"] == status and told["title"] and told["detail"]
    return dict(told)


async def test_health_names_the_start_of_the_process_and_needs_no_token(start: Started) -> None:
    instances = []
    for _ in range(2):
        async with start() as client:
            asked = [await client.get("/health", headers={"Authorization": ""}) for _ in range(2)]
            health = [HostHealth.model_validate(response.json()) for response in asked]
            assert health[0].instance and health[0] == health[1]
            instances.append(health[0].instance)
    assert instances[0] != instances[1]


async def test_ready_says_what_it_can_do(start: Started) -> None:
    async with start() as client:
        status = HostStatus.model_validate((await client.get("/ready")).json())
    assert status.ready and set(status.engines) == set(GPU_STAGES) and status.capacity == 2
    assert status.in_flight == 0 and status.free_disk_bytes > 0


async def test_a_vocabulary_is_taken_and_ready_says_what_comes_of_it(start: Started) -> None:
    async with start() as client:
        status = HostStatus.model_validate((await client.get("/ready")).json())
        await put(client)
        for stage in GPU_STAGES:
            asked = {"options": {"vocabulary": ["Riverside Telecom", "Fibre 300"]}}
            assert (await client.post(f"{CALL}/{stage}", json=asked)).status_code == 200
    assert status.hears_vocabulary is not None


@pytest.mark.parametrize("given", ["", "Bearer other", f"Basic {TOKEN}"])
async def test_strangers_are_refused(start: Started, given: str) -> None:
    async with start() as client:
        headers = {"Authorization": given}
        problem(await client.post(f"{CALL}/denoise", json={}, headers=headers), 401)
        problem(await client.get("/ready", headers=headers), 401)


async def test_a_recording_is_taken_once(start: Started) -> None:
    async with start() as client:
        first, again = await put(client), await put(client)
        assert (first.status_code, again.status_code) == (201, 200)
        stored = [AudioStored.model_validate(response.json()) for response in (first, again)]
    assert stored[0] == stored[1]
    assert (stored[0].sha256, stored[0].size_bytes) == (DIGEST, len(CONTENT))


async def test_a_stage_of_a_recording_that_is_not_there_says_so(start: Started) -> None:
    async with start() as client:
        problem(await client.post(f"{CALL}/denoise", json={}), 404)


async def test_a_stage_before_its_time_names_what_is_missing(start: Started) -> None:
    async with start() as client:
        await put(client)
        told = problem(await client.post(f"{CALL}/stt", json={}), 409)
        assert told["missing"] == ["denoise", "ivr", "lid"]


async def test_stages_give_results_and_give_them_again(start: Started) -> None:
    reads = TypeAdapter[Any](StageResult)
    async with start() as client:
        await put(client)
        for stage in GPU_STAGES:
            answers = [await client.post(f"{CALL}/{stage}", json={}) for _ in range(2)]
            assert [answer.status_code for answer in answers] == [200, 200]
            results = [reads.validate_python(answer.json()) for answer in answers]
            assert results[0] == results[1] and (results[0].call_id, results[0].stage) == ("c1", stage)


async def test_what_is_deleted_is_gone_and_deleting_it_again_is_no_error(start: Started) -> None:
    async with start() as client:
        await put(client)
        assert [(await client.delete(CALL)).status_code for _ in range(2)] == [204, 204]
        problem(await client.post(f"{CALL}/denoise", json={}), 404)


async def test_beyond_its_capacity_it_refuses_and_says_when_to_come_again(
    start: Started, fakes: FakeStages
) -> None:
    calls = [f"/v1/calls/c{n}" for n in range(12)]
    async with start() as client:
        for call in calls:
            await put(client, call)
        fakes.gate.clear()
        asked = [asyncio.create_task(client.post(f"{call}/denoise", json={})) for call in calls]
        # Nobody is through yet: a host that is full refuses before.
        await asyncio.wait(asked, return_when=asyncio.FIRST_COMPLETED)
        fakes.gate.set()
        answers = [await task for task in asked]
    refused = [answer for answer in answers if answer.status_code == 429]
    assert refused and {answer.status_code for answer in answers} == {200, 429}
    for answer in refused:
        problem(answer, 429)
        assert int(answer.headers["Retry-After"]) >= 0


async def taught(client: httpx.AsyncClient, prompt: LearnedPrompt) -> httpx.Response:
    return await client.put(f"{LEARNED}/{prompt.prompt_id}", json=prompt.model_dump(mode="json"))


async def listed(client: httpx.AsyncClient) -> LearnedPrompts:
    return LearnedPrompts.model_validate((await client.get(LEARNED)).json())


async def test_what_another_host_learned_is_taken_and_told_without_its_fingerprint(start: Started) -> None:
    prompt = learned_prompt(melody(1))
    async with start() as client:
        empty = await listed(client)
        answers = [await taught(client, prompt) for _ in range(2)]
        told = await listed(client)
        one = LearnedPrompt.model_validate((await client.get(f"{LEARNED}/{prompt.prompt_id}")).json())
    assert empty.prompts == []
    taken = [PromptTaken.model_validate(answer.json()) for answer in answers]
    assert taken == 2 * [PromptTaken(prompt_id=prompt.prompt_id)]
    assert [p.prompt_id for p in told.prompts] == [prompt.prompt_id] and told.prompts[0].fingerprint is None
    assert told.version != empty.version
    assert one.fingerprint and one.model_copy(update={"fingerprint": None}) == told.prompts[0]


@pytest.mark.long
async def test_the_same_audio_under_another_id_takes_the_place_of_the_hosts_own(start: Started) -> None:
    own, elsewhere = learned_prompt(melody(1)), learned_prompt(melody(1), "f" * 16, "welcome")
    async with start() as client:
        await taught(client, own)
        taken = PromptTaken.model_validate((await taught(client, elsewhere)).json())
        assert taken == PromptTaken(prompt_id=elsewhere.prompt_id, replaced=own.prompt_id)
        assert [p.name for p in (await listed(client)).prompts] == ["welcome"]
        problem(await client.get(f"{LEARNED}/{own.prompt_id}"), 404)


async def test_a_prompt_is_named_and_refused_without_sending_it_again(start: Started) -> None:
    prompt = learned_prompt(melody(1))
    told = prompt.model_copy(update={"fingerprint": None, "name": "recording-notice", "refused": True})
    async with start() as client:
        problem(await taught(client, told), 400)
        await taught(client, prompt)
        assert (await taught(client, told)).status_code == 200
        [listed_now] = (await listed(client)).prompts
    assert (listed_now.name, listed_now.refused) == ("recording-notice", True)


async def test_strangers_neither_read_nor_teach_prompts(start: Started) -> None:
    async with start() as client:
        client.headers["Authorization"] = ""
        problem(await client.get(LEARNED), 401)
        problem(await taught(client, learned_prompt(melody(1))), 401)
