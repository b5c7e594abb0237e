"""The process of a GPU host: `cofi gpu-host` serves until SIGTERM, set up by `COFI_GPU_HOST_*` variables."""

import asyncio
import logging
import os
import signal
import sys
from functools import partial
from types import FrameType

import uvicorn

from include.errors import CofiError
from include.gpu_host.server.app import create_app
from include.gpu_host.server.host import Host
from include.gpu_host.settings import Settings
from include.gpu_host.workers.child import WorkerCrashed, WorkerProcess
from include.gpu_host.workers.loading import load_probe, load_stages
from include.gpu_host.workers.logs import set_up_logging

# Answers that were handed back need a moment to reach their clients.
_FAREWELL_S = 2
_PROBE_THREADS = 2

log = logging.getLogger("include.gpu_host")


def main() -> int:
    """Runs the server; returns the process's exit code."""
    set_up_logging()
    # Calls are worked on side by side: a matrix product that is shared out among threads takes longer then,
    # and many times the CPU time. Worker processes inherit it.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    # uvicorn raises the signal again after it has shut down: that is a normal end.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    try:
        asyncio.run(_serve(Settings.from_env(os.environ)))
    except (CofiError, WorkerCrashed, OSError) as error:
        log.critical("%s", error)
        return 1
    return 0


class _Server(uvicorn.Server):
    """Lets running stages end before it closes, and hands back those that take too long."""

    def __init__(self, config: uvicorn.Config, host: Host) -> None:
        super().__init__(config)
        self._host = host
        self._draining: asyncio.Task[None] | None = None
        self._loop = asyncio.get_running_loop()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Begins to stop at the first signal; the second one stops at once."""
        if self._draining or sig == signal.SIGINT:
            super().handle_exit(sig, frame)
        else:
            self._loop.call_soon_threadsafe(self._drain, sig, frame)

    def _drain(self, sig: int, frame: FrameType | None) -> None:
        self._draining = asyncio.create_task(self._host.drain())
        self._draining.add_done_callback(lambda _: super(_Server, self).handle_exit(sig, frame))


async def _serve(settings: Settings) -> None:
    """Serves at once, so that `/health` answers while the engines load; ends when they cannot be loaded."""
    host = Host(
        settings,
        lambda device: WorkerProcess(device, partial(load_stages, settings, device), settings.capacity),
        lambda name: WorkerProcess(name, partial(load_probe, settings.max_duration_s), _PROBE_THREADS),
    )
    config = uvicorn.Config(
        create_app(host, settings.token),
        host=settings.host,
        port=settings.port,
        log_config=None,
        access_log=False,
        timeout_graceful_shutdown=_FAREWELL_S,
    )
    server = _Server(config, host)
    loading = asyncio.create_task(host.open())
    loading.add_done_callback(lambda _: _stop_on_failure(loading, server))
    try:
        await server.serve()
    finally:
        host.close()
    if loading.done():
        loading.result()


def _stop_on_failure(loading: "asyncio.Task[None]", server: uvicorn.Server) -> None:
    if loading.cancelled() or loading.exception() is not None:
        server.should_exit = True


if __name__ == "__main__":
    sys.exit(main())
