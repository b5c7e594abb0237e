"""`python -m include.gpu_host`: serves until SIGTERM. Settings come from `COFI_GPU_HOST_*` variables."""

import argparse
import asyncio
import logging
import os
import signal
import sys
import textwrap

import uvicorn

from include.errors import CofiError
from include.gpu_host.app import create_app
from include.gpu_host.host import Host
from include.gpu_host.loading import load_engines
from include.gpu_host.settings import Settings, described

# Requests that run at SIGTERM get this long. Results are stored as they are made, so no more is lost.
_GRACE_S = 20

log = logging.getLogger("include.gpu_host")


def main() -> int:
    """Runs the server; returns the process's exit code."""
    argparse.ArgumentParser(
        prog="python -m include.gpu_host",
        description="Reference GPU host of cofi. It is set up by environment variables:",
        epilog="\n".join(_explained()),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    ).parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    # It logs pieces of transcripts when it is asked for more than warnings.
    logging.getLogger("faster_whisper").setLevel(logging.WARNING)
    # uvicorn raises the signal again after it has shut down: that is a normal end.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    try:
        settings = Settings.from_env(os.environ)
        asyncio.run(_serve(Host(settings), settings))
    except (CofiError, OSError) as error:
        log.critical("%s", error)
        return 1
    return 0


async def _serve(host: Host, settings: Settings) -> None:
    """Serves at once, so that `/health` answers while the engines load; ends when they cannot be loaded."""
    config = uvicorn.Config(
        create_app(host, settings.token),
        host=settings.host,
        port=settings.port,
        log_config=None,
        access_log=False,
        timeout_graceful_shutdown=_GRACE_S,
    )
    server = uvicorn.Server(config)
    loading = asyncio.create_task(host.load(load_engines))
    loading.add_done_callback(lambda _: _stop_on_failure(loading, server))
    try:
        await server.serve()
    finally:
        _leave_if_working(host)
    if loading.done():
        loading.result()


def _stop_on_failure(loading: "asyncio.Task[None]", server: uvicorn.Server) -> None:
    if loading.cancelled() or loading.exception() is not None:
        server.should_exit = True


def _leave_if_working(host: Host) -> None:
    """Stages that outlast the grace period are left: the interpreter would wait for their threads."""
    if host.in_flight:
        log.warning("left %d stages unfinished: they are run again when they are asked for", host.in_flight)
        logging.shutdown()
        os._exit(0)


def _explained() -> list[str]:
    return [
        f"{name}\n{textwrap.fill(meaning, 100, initial_indent='    ', subsequent_indent='    ')}"
        for name, meaning in described()
    ]


if __name__ == "__main__":
    sys.exit(main())
