"""A GPU host on loopback, and clients of it."""

from collections.abc import AsyncIterator

import pytest
from tenacity import wait_none

from include.gpu.client import GpuHostClient
from include.gpu.settings import HostSettings
from tests.unit.gpu.fake_host import Connect, FakeGpuHost

SETTINGS = HostSettings(connect_timeout_s=2, stage_timeout_s=5, attempts=3, busy_patience_s=30)


@pytest.fixture
async def host() -> AsyncIterator[FakeGpuHost]:
    async with FakeGpuHost() as running:
        yield running


@pytest.fixture
async def connect(host: FakeGpuHost, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Connect]:
    """Makes clients of the host, which do not wait between tries unless the host asks for it."""
    monkeypatch.setattr("include.gpu.client._BACKOFF", wait_none())
    monkeypatch.setattr("include.gpu.connection._LONGER_S", 0.01)
    made: list[GpuHostClient] = []

    def make(url: str = "", token: str = "", **settings: float) -> GpuHostClient:
        merged = HostSettings(**{**vars(SETTINGS), **settings})
        made.append(GpuHostClient("gpu_a", url or host.url, token, merged))
        return made[-1]

    yield make
    for client in made:
        await client.__aexit__()
