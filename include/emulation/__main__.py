"""Starts an emulated service: `python -m include.emulation gpu-host|llm|proxy --help`."""

import argparse
import asyncio
import os
from pathlib import Path

from aiohttp import web

from include.emulation import proxy
from include.emulation.answers import WRITERS
from include.emulation.gpu_host import EmulatedGpuHost, GpuHostSettings
from include.emulation.llm import EmulatedLlm, LlmEmulation
from include.emulation.providers import PROVIDERS

TOKEN_VARIABLE = "COFI_EMULATED_TOKEN"  # noqa: S105 - the variable's name


def main(arguments: list[str] | None = None) -> None:
    """Serves until it is stopped."""
    chosen = _parser().parse_args(arguments)
    if chosen.service == "proxy":
        asyncio.run(proxy.serve(chosen.port, chosen.to))
        return
    app = _gpu_host(chosen) if chosen.service == "gpu-host" else _llm(chosen)
    # As real inference servers do, the LLM lets go of a request whose connection breaks.
    cancels = chosen.service == "llm" and not chosen.finishes_abandoned
    web.run_app(
        app, host=chosen.host, port=chosen.port, access_log=None, print=None, handler_cancellation=cancels
    )


def _gpu_host(chosen: argparse.Namespace) -> web.Application:
    settings = GpuHostSettings(
        stage_s=chosen.stage_seconds,
        rtf=chosen.rtf,
        upload_s=chosen.upload_seconds,
        capacity=chosen.capacity,
        gpus=chosen.gpus,
        token=os.environ.get(TOKEN_VARIABLE, ""),
    )
    return EmulatedGpuHost(settings).app


def _llm(chosen: argparse.Namespace) -> web.Application:
    settings = LlmEmulation(
        llm1_s=chosen.llm1_seconds,
        llm2_s=chosen.llm2_seconds,
        spread=chosen.spread,
        most_at_once=chosen.most_at_once,
        key=os.environ.get(TOKEN_VARIABLE, ""),
        provider=chosen.provider,
        writer=chosen.answers,
        record=chosen.record,
    )
    return EmulatedLlm(settings).app


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m include.emulation",
        description="Emulated GPU hosts and LLM API; POST /emulation/faults makes them fail.",
    )
    services = parser.add_subparsers(dest="service", required=True)
    gpu = services.add_parser("gpu-host", help="a GPU host", epilog=f"{TOKEN_VARIABLE}: its bearer token.")
    gpu.add_argument("--stage-seconds", type=float, default=2.0, help="of one GPU, for each stage of a call")
    gpu.add_argument("--rtf", type=float, default=0.0, help="further seconds per second of audio")
    gpu.add_argument("--upload-seconds", type=float, default=0.0, help="least time of an upload")
    gpu.add_argument("--capacity", type=int, default=4, help="requests taken at once; as many more wait")
    gpu.add_argument("--gpus", type=int, default=1, help="requests worked on at once")
    llm = services.add_parser("llm", help="an LLM API", epilog=f"{TOKEN_VARIABLE}: the key that it asks for.")
    llm.add_argument("--llm1-seconds", type=float, default=5.0, help="until an answer to LLM1")
    llm.add_argument("--llm2-seconds", type=float, default=10.0, help="until an answer to LLM2")
    llm.add_argument("--spread", type=float, default=0.0, help="of these times: sigma of their logarithm")
    llm.add_argument("--most-at-once", type=int, default=0, help="requests; more get 429 (0: any number)")
    llm.add_argument("--record", type=Path, help="file that each request's body is added to, a line each")
    llm.add_argument(
        "--provider", choices=sorted(PROVIDERS), default="generic", help="whose contract it keeps"
    )
    llm.add_argument(
        "--answers", choices=sorted(WRITERS), default="least", help="the least that fits, or rules"
    )
    llm.add_argument("--finishes-abandoned", action="store_true", help="goes on when the connection breaks")
    before = services.add_parser("proxy", help="a proxy before a GPU host, which can answer in its place")
    before.add_argument("--to", type=int, required=True, help="port of the GPU host on this machine")
    for service in (gpu, llm, before):
        service.add_argument("--port", type=int, required=True)
        service.add_argument("--host", default="127.0.0.1")
    return parser


if __name__ == "__main__":
    main()
