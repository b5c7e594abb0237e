"""Failures of hosts are hosts' failures: the tables of docs/gpu-hosts.md, on both hosts, behind a proxy."""

import asyncio
import re
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import pytest
import uvicorn
from aiohttp.test_utils import TestServer

from include.emulation.gpu_host import EmulatedGpuHost, GpuHostSettings
from include.emulation.interposed import BROKEN_HTTP, OTHER_PROTOCOLS, PAGES
from include.gpu_host.server.app import create_app
from include.gpu_host.server.host import Host
from tests.unit.gpu.interposed import PATHS, behind_a_proxy, ended, prepared
from tests.unit.gpu_host.server.conftest import TOKEN

pytestmark = pytest.mark.long

DOCS = (Path(__file__).parents[4] / "docs/gpu-hosts.md").read_text()
SUCCESSES = [202, 204, 206]
STATUSES = [300, 302, 304, 308, 400, 401, 403, 404, 405, 407, 408, 409, 410, 411, 413, 415, 417, 418]
STATUSES += [421, 422, 425, 429, 431, 451, 500, 501, 502, 503, 504, 507, 511, 522]
BY_OTHERS = ["page", "json", "gateway", "empty"]
COLUMNS = ["ready", "upload", "stage", "delete", "all"]

Served = Callable[[], AbstractAsyncContextManager[int]]


def rows(marker: str) -> list[list[str]]:
    """The lines of the table behind a comment of the document, without its head."""
    table = DOCS.partition(f"<!-- {marker}:")[2].partition("|")[2].partition("\n\n")[0]
    lines = [[cell.strip() for cell in line.strip("| ").split("|")] for line in table.splitlines()]
    assert len(lines) > 4
    return lines[2:]


def documented(status: int, kind: str) -> list[str]:
    """What the document says of an answer: the first line that fits."""
    by = "others" if kind in BY_OTHERS else kind
    for who, statuses, *outcomes in rows("statuses"):
        if who in {"any", by} and (statuses == "rest" or str(status) in statuses.split(", ")):
            return outcomes
    raise AssertionError(f"{status} {kind} stands in no line")


@pytest.fixture(params=["reference", "emulated"])
def served(request: pytest.FixtureRequest, make_host: Callable[[], Host]) -> Served:
    """Serves a host on a port of its own."""

    @asynccontextmanager
    async def reference() -> AsyncIterator[int]:
        host = make_host()
        await host.open()
        config = uvicorn.Config(create_app(host, TOKEN), port=0, log_level="error", lifespan="off")
        server = uvicorn.Server(config)
        with socket.socket() as listening:
            listening.bind(("127.0.0.1", 0))
            serving = asyncio.create_task(server.serve([listening]))
            while not server.started:
                await asyncio.sleep(0.01)
            yield listening.getsockname()[1]
            server.should_exit = True
            await serving
        host.close()

    @asynccontextmanager
    async def emulated() -> AsyncIterator[int]:
        async with TestServer(EmulatedGpuHost(GpuHostSettings(token=TOKEN, stage_s=0)).app) as server:
            assert server.port
            yield server.port

    return reference if request.param == "reference" else emulated


async def outcomes(port: int, name: str) -> list[str]:
    """What comes of an answer to one request of each kind, and what of an upload when all get it."""
    async with behind_a_proxy(port, TOKEN) as (proxy, client):
        await prepared(client)
        found = []
        for phase, path in PATHS.items():
            proxy.answer_with(name, path)
            found.append(await ended(client, phase))
        proxy.answer_with(name)
        return [*found, await ended(client, "upload")]


@pytest.mark.parametrize("kind", [*BY_OTHERS, "host", "retryable"])
async def test_each_status_means_what_the_document_says(served: Served, kind: str) -> None:
    async with served() as port:
        for status in [*SUCCESSES, *STATUSES]:
            if (status < 400 and kind not in BY_OTHERS) or (status in {204, 304} and kind != "empty"):
                continue  # has no error to tell, or no body
            told = documented(status, kind)
            assert await outcomes(port, f"{status} {kind}") == told, f"{status} {kind}"


async def test_missing_stages_are_run_first(served: Served) -> None:
    told = documented(409, "stages")
    assert told[COLUMNS.index("stage")] == "stages_missing"
    async with served() as port:
        found = await outcomes(port, "409 stages")
    assert found == ["host_fault" if one == "stages_missing" else one for one in told], "it says so for ever"


NAMES = {"a closed connection": "nothing", "a body that is no gzip": "no gzip", "HTTP/2": "http2"}


def listed(cell: str) -> list[str]:
    told = [one.strip() for one in re.sub(r"\(.*?\)", "", cell).split(",")]
    known = {*OTHER_PROTOCOLS, *BROKEN_HTTP, *PAGES}
    names = [NAMES.get(one, one if one in known else one.lower()) for one in told]
    assert set(names) <= known, names
    return names


# The last lines are about connections, not answers.
OTHERS = [(name, row[1:]) for row in rows("others")[:-2] for name in listed(row[0])]


def test_the_document_leaves_no_answer_out() -> None:
    assert {name for name, _ in OTHERS} == {*OTHER_PROTOCOLS, *BROKEN_HTTP, *PAGES} - {"no content"}


async def test_what_is_no_answer_means_what_the_document_says(served: Served) -> None:
    async with served() as port:
        for name, (one, all_) in OTHERS:
            assert await outcomes(port, name) == [*_of_ready(one, all_), one, one, one, all_], name


def _of_ready(one: str, all_: str) -> list[str]:
    """Asked whether it is ready, the answer itself tells that it is not; a connection may break off once."""
    return [one if all_ == "host_lost" else all_]


async def test_a_wrong_token_is_the_hosts_failure_everywhere(served: Served) -> None:
    async with served() as port, behind_a_proxy(port, "other") as (_, client):
        assert [await ended(client, phase) for phase in PATHS] == ["host_misconfigured"] * 4


async def test_what_the_host_itself_tells_about_a_call_is_the_calls(served: Served) -> None:
    async with served() as port, behind_a_proxy(port, TOKEN) as (_, client):
        assert await ended(client, "stage") == "recording_missing"
        assert await ended(client, "delete") == "done", "what is not there is deleted"
        await prepared(client)
        assert await ended(client, "stage") == "done"
        assert await ended(client, "ready") == "done"
