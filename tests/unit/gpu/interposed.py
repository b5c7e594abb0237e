"""A host behind a proxy that answers in its place, and how each thing that cofi asks of it ends."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from include.calls.stage import Stage
from include.emulation.proxy import EmulatedProxy
from include.errors import CofiError
from include.gpu.client import GpuHostClient
from include.gpu.settings import HostSettings
from include.gpu.wire import StageOptions
from tests.unit.calls.site import recording

CONTENT = recording(3)
CALL = "call-1"
# One try and no patience: what a single answer means.
SETTINGS = HostSettings(
    connect_timeout_s=2, stage_timeout_s=5, attempts=1, busy_patience_s=0, unready_patience_s=0
)
# What the first line of a request holds, by what it is for.
PATHS = {"ready": "/ready", "upload": "PUT ", "stage": "/ivr", "delete": "DELETE "}


@asynccontextmanager
async def behind_a_proxy(
    backend_port: int, token: str = ""
) -> AsyncIterator[tuple[EmulatedProxy, GpuHostClient]]:
    proxy = EmulatedProxy(backend_port)
    server = await proxy.start()
    url = f"http://127.0.0.1:{proxy.port}"
    try:
        async with GpuHostClient("gpu_a", url, token, SETTINGS) as client:
            yield proxy, client
    finally:
        proxy.answer_with(None)
        server.close()


async def body() -> AsyncIterator[bytes]:
    yield CONTENT


async def prepared(client: GpuHostClient) -> None:
    """The host has the recording, and is asked for its second stage next."""
    await client.upload(CALL, body, len(CONTENT))
    await client.run(CALL, Stage.DENOISE, StageOptions())


async def ended(client: GpuHostClient, phase: str) -> str:
    """How a request ends: the kind of its error, or `done`. Anything but cofi's own errors goes through."""
    ask: dict[str, Callable[[], Awaitable[object]]] = {
        "ready": client.status,
        "upload": lambda: client.upload(CALL, body, len(CONTENT)),
        "stage": lambda: client.run(CALL, Stage.IVR, StageOptions()),
        "delete": lambda: client.delete(CALL),
    }
    try:
        await ask[phase]()
    except CofiError as error:
        assert str(error).isprintable() and len(str(error)) < 700
        return error.kind
    return "done"
