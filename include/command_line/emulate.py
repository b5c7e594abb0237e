"""`cofi emulate`: GPU hosts and LLM APIs that keep the contracts, take a set time, and fail on command."""

import asyncio
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer
from aiohttp import web
from typer import Option

from include.command_line.numbers import MOST, at_least_0
from include.command_line.output import console, example
from include.emulation import TOKEN_VARIABLE
from include.emulation.answers import WRITERS
from include.emulation.gpu_host import EmulatedGpuHost, GpuHostSettings
from include.emulation.llm import EmulatedLlm, LlmEmulation
from include.emulation.providers import PROVIDERS
from include.emulation.proxy import serve

# Choices, as typer wants them.
Provider: Any = StrEnum("Provider", {name: name for name in sorted(PROVIDERS)})  # type: ignore[misc]
Answers: Any = StrEnum("Answers", {name: name for name in sorted(WRITERS)})  # type: ignore[misc]
_GENERIC, _LEAST = Provider("generic"), Answers("least")
Port = Annotated[int, Option(min=1, max=65535, help="TCP port to listen on.")]
Host = Annotated[str, Option(help="Address to listen on.")]
Token = Annotated[str, Option(envvar=TOKEN_VARIABLE, help="What requests must carry; empty: nothing.")]

program = typer.Typer(
    help="Rehearse without GPUs or a paid API. `POST /emulation/faults` makes it fail.",
    no_args_is_help=True,
    epilog=example("cofi emulate llm --port 9200 --answers rules"),
)


def add_to(app: typer.Typer) -> None:
    """Adds the commands."""
    app.add_typer(program, name="emulate", rich_help_panel="GPU hosts and LLM")


@program.command("gpu-host", epilog=example("cofi emulate gpu-host --port 9201 --stage-seconds 0.5"))
def gpu_host(
    port: Port,
    stage_seconds: Annotated[
        float, Option(parser=at_least_0, help="Of one GPU, for each stage of a call.")
    ] = 2.0,
    rtf: Annotated[float, Option(parser=at_least_0, help="Further seconds per second of audio.")] = 0.0,
    upload_seconds: Annotated[float, Option(parser=at_least_0, help="Least time of an upload.")] = 0.0,
    capacity: Annotated[int, Option(min=1, max=MOST, help="Requests taken at once; as many more wait.")] = 4,
    gpus: Annotated[int, Option(min=1, max=MOST, help="Requests worked on at once.")] = 1,
    token: Token = "",
    host: Host = "127.0.0.1",
) -> None:
    """Start a GPU host that hears nothing: it makes transcripts up."""
    settings = GpuHostSettings(
        stage_s=stage_seconds, rtf=rtf, upload_s=upload_seconds, capacity=capacity, gpus=gpus, token=token
    )
    _serve(EmulatedGpuHost(settings).app, host, port, "An emulated GPU host")


@program.command(
    epilog=example(
        "cofi emulate llm --port 9200 --answers rules --llm1-seconds 1 --llm2-seconds 2",
        "cofi emulate llm --port 9200 --provider anthropic",
    )
)
def llm(
    port: Port,
    llm1_seconds: Annotated[
        float, Option("--llm1-seconds", parser=at_least_0, help="Until an answer to LLM1.")
    ] = 5.0,
    llm2_seconds: Annotated[
        float, Option("--llm2-seconds", parser=at_least_0, help="Until an answer to LLM2.")
    ] = 10.0,
    spread: Annotated[
        float, Option(parser=at_least_0, help="Of these times: sigma of their logarithm.")
    ] = 0.0,
    most_at_once: Annotated[int, Option(min=0, max=MOST, help="Requests; more get 429 (0: any number).")] = 0,
    record: Annotated[
        Path | None, Option(help="File that each request's body is added to, a line each.")
    ] = None,
    provider: Annotated[Provider, Option(help="Whose contract it keeps.")] = _GENERIC,
    answers: Annotated[Answers, Option(help="The least that fits, or what rules find.")] = _LEAST,
    finishes_abandoned: Annotated[
        bool, Option("--finishes-abandoned", help="Goes on when the connection breaks.")
    ] = False,
    token: Token = "",
    host: Host = "127.0.0.1",
) -> None:
    """Start an LLM API that is no model."""
    settings = LlmEmulation(
        llm1_s=llm1_seconds,
        llm2_s=llm2_seconds,
        spread=spread,
        most_at_once=most_at_once,
        key=token,
        provider=provider.value,
        writer=answers.value,
        record=record,
    )
    # As real inference servers do, it lets go of a request whose connection breaks.
    _serve(EmulatedLlm(settings).app, host, port, "An emulated LLM API", cancels=not finishes_abandoned)


@program.command(epilog=example("cofi emulate proxy --port 9301 --to 9201"))
def proxy(
    port: Port, to: Annotated[int, Option(min=1, max=65535, help="TCP port of the GPU host behind it.")]
) -> None:
    """Start a proxy before a GPU host of this machine; `POST /proxy` makes it answer in its place."""
    asyncio.run(serve(port, to, lambda: _listens("An emulated proxy", "127.0.0.1", port)))


def _serve(app: web.Application, host: str, port: int, what: str, cancels: bool = False) -> None:
    """Serves until it is stopped."""
    web.run_app(
        app,
        host=host,
        port=port,
        access_log=None,
        print=lambda *_: _listens(what, host, port),
        handler_cancellation=cancels,
    )


def _listens(what: str, host: str, port: int) -> None:
    console(errors=True).print(f"{what} listens on http://{host}:{port} (Ctrl-C stops it)")
