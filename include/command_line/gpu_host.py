"""`cofi gpu-host`: a GPU host on this machine."""

import typer
from rich.markup import escape

from include.command_line.output import example
from include.gpu_host.__main__ import main as serve
from include.gpu_host.settings import described


def add_to(app: typer.Typer) -> None:
    """Adds the command; its help lists the variables that set it up."""
    variables = "\n\n".join(f"[cyan]{name}[/cyan]  {escape(meaning)}" for name, meaning in described())
    shown = example(
        "COFI_GPU_HOST_TOKEN=… cofi gpu-host",
        "COFI_GPU_HOST_TOKEN=… COFI_GPU_HOST_DEVICES=cuda:0 COFI_GPU_HOST_STT_MODEL=large-v3-turbo "
        "COFI_GPU_HOST_HOST=0.0.0.0 cofi gpu-host",
    )
    app.command(
        "gpu-host",
        epilog=f"{shown}\n\nVariables:\n\n{variables}",
        rich_help_panel="GPU hosts and LLM",
    )(gpu_host)


def gpu_host() -> None:
    """Serve as a GPU host, until it is stopped. Environment variables, or lines of .env, set it up."""
    raise typer.Exit(serve())
