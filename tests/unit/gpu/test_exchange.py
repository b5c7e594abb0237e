"""What one host learned reaches the others by way of the database, and what people say reaches all."""

from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from include.database import prompts
from include.database.engine import Database
from include.emulation.gpu_host import EmulatedGpuHost, GpuHostSettings
from include.errors import HostFault
from include.gpu.client import GpuHostClient
from include.gpu.exchange import exchange
from include.gpu.learned import LearnedPrompt
from include.gpu.settings import HostSettings
from tests.empty_database import empty_database
from tests.unit.gpu.fake_host import Connect
from tests.unit.gpu_host.ivr.learned_prompts import learned_prompt
from tests.unit.gpu_host.ivr.sounds import melody

READY = {"ready": True, "engines": {}, "capacity": 1, "in_flight": 0, "free_disk_bytes": 1}


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    opened = Database(empty_database(tmp_path / "cofi.db"))
    yield opened
    opened.close()


@pytest.fixture
async def hosts() -> AsyncIterator[list[GpuHostClient]]:
    """Two hosts, a and b."""
    async with AsyncExitStack() as stack:
        clients = []
        for name in "ab":
            server = await stack.enter_async_context(TestServer(EmulatedGpuHost(GpuHostSettings()).app))
            url = str(server.make_url(""))
            clients.append(await stack.enter_async_context(GpuHostClient(name, url, "", HostSettings())))
        yield clients


async def known(host: GpuHostClient) -> list[LearnedPrompt]:
    told = await host.learned()
    assert told is not None
    return told.prompts


@pytest.mark.long
async def test_a_prompt_goes_from_host_to_host_with_its_name_and_its_refusal(
    database: Database, hosts: list[GpuHostClient]
) -> None:
    a, b = hosts
    prompt = learned_prompt(melody(1))
    await a.teach(prompt)
    for host in (a, b):
        await exchange(host, database)
    assert await known(b) == await known(a) != []
    assert (await b.learned_prompt(prompt.prompt_id)).fingerprint == prompt.fingerprint
    database.write(lambda c: prompts.name_prompt(c, prompt.prompt_id, "notice", "ana"))
    database.write(lambda c: prompts.refuse_prompt(c, prompt.prompt_id, "ana"))
    for host in (a, b):
        told = await exchange(host, database)
        assert told is not None
        assert [(p.name, p.refused) for p in told.prompts] == [("notice", True)]
        assert await exchange(host, database) == told, "the second time there is nothing to tell"


async def test_two_hosts_that_learned_the_same_end_with_one(
    database: Database, hosts: list[GpuHostClient]
) -> None:
    a, b = hosts
    await a.teach(learned_prompt(melody(1), "a" * 16))
    await b.teach(learned_prompt(melody(1), "b" * 16))
    for host in (a, b, a, b):
        await exchange(host, database)
    [one] = await known(a)
    assert [prompt.prompt_id for prompt in await known(b)] == [one.prompt_id]
    [stands] = database.read(prompts.listed)
    assert stands.prompt.prompt_id == one.prompt_id
    assert len(database.read(lambda c: prompts.listed(c, replaced=True))) == 2


async def test_a_host_that_learns_nothing_is_left_alone(database: Database, connect: Connect) -> None:
    assert await exchange(connect(), database) is None


ODD: dict[str, dict[str, object]] = {
    "a fingerprint that is none": {"fingerprint": "a"},
    "letters of no alphabet": {"fingerprint": "\u00e9" * 4},
    "no fingerprint": {"fingerprint": None},
    "another prompt": {"prompt_id": "f" * 16},
    "a call without an end": {"call_id": "c" * 81},
    "a place that no column holds": {"start_ms": 2**31},
    "a channel that no column holds": {"channel": 2**40},
    "more calls than there are": {"calls": 10**100},
    "a time that no zone can tell": {"learned_at": "0001-01-01T00:00:00+14:00"},
    "a length without an end": {"duration_s": 1.7e308},
}


@pytest.mark.parametrize("odd", ODD)
async def test_a_prompt_that_cannot_be_kept_is_the_hosts_fault(database: Database, odd: str) -> None:
    whole = learned_prompt(melody(1)).model_dump(mode="json")
    listed = {"version": "1", "calls_heard": 1, "prompts": [{**whole, "fingerprint": None}]}

    async def learned(_: web.Request) -> web.Response:
        return web.json_response(listed)

    async def ready(_: web.Request) -> web.Response:
        return web.json_response(READY)

    async def one(_: web.Request) -> web.Response:
        return web.json_response({**whole, **ODD[odd]})

    app = web.Application()
    app.router.add_get("/v1/prompts/learned", learned)
    app.router.add_get("/v1/prompts/learned/{prompt_id}", one)
    app.router.add_get("/ready", ready)
    async with (
        TestServer(app) as server,
        GpuHostClient("a", str(server.make_url("")), "", HostSettings(attempts=1)) as host,
    ):
        with pytest.raises(HostFault):
            await exchange(host, database)
    assert database.read(prompts.listed) == []
