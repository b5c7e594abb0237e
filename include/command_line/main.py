"""Puts the commands together, and turns whatever goes wrong into one sentence that says the mend."""

import os
import sys
from collections.abc import Sequence
from importlib import import_module
from io import TextIOWrapper
from typing import Annotated

import typer
from typer.main import get_command

from include import __version__
from include.command_line.site import Site
from include.errors import CofiError, InvalidInput
from include.outside.system_errors import sentence_of

# By command, the module that has it. Only the module of the command that was typed is loaded: the others need
# libraries that a GPU host has not, and time.
MODULES = {
    "init": "initialising",
    "check": "checking",
    "demo": "demo",
    "up": "stack",
    "down": "stack",
    "status": "status",
    "airflow": "airflow",
    "roles": "roles",
    "probe": "probe",
    "plan": "plan",
    "scorecard": "scorecards",
    "agreement": "scorecards",
    "evidence": "evidence",
    "webhooks": "webhooks",
    "db": "database",
    "gpu-host": "gpu_host",
    "prompts": "prompts",
    "emulate": "emulate",
}
_USAGE, _FAILED, _INTERRUPTED = 2, 1, 130


def run() -> None:
    """The program `cofi`. Where its output is shown, letters may be missing, and nobody may read on."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="replace")
    try:
        code = main(sys.argv[1:], entering=True)
        sys.stdout.flush()
    except BrokenPipeError:
        # What is left in the buffer would be written once more at the end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = _FAILED
    sys.exit(code)


def main(arguments: Sequence[str], *, entering: bool = False) -> int:
    """Runs the command line; returns the exit code.

    Args:
        arguments: What was typed after `cofi`.
        entering: This process is the command's own: it takes over the site's environment.
    """
    typed = list(arguments)
    command = next((word for word in typed if not word.startswith("-")), "")
    debug = "--debug" in typed[: typed.index(command)] if command else "--debug" in typed
    try:
        if not all(map(_is_text, typed)):
            raise InvalidInput("What was typed holds bytes that are no text in UTF-8: write it anew.")
        if entering:
            Site.here().enter()
        program = get_command(assembled([command] if command in MODULES else list(MODULES)))
        return program.main(typed, prog_name="cofi", standalone_mode=False) or 0
    except typer.TyperException as error:  # what was typed is wrong
        return _print_error(_corrected(error.format_message(), command), _USAGE)
    except (typer.Abort, KeyboardInterrupt):
        return _print_error("Stopped.", _INTERRUPTED)
    except (CofiError, OSError) as error:
        if debug or isinstance(error, BrokenPipeError):
            raise
        return _print_error(str(error) if isinstance(error, CofiError) else sentence_of(error), _FAILED)
    except ModuleNotFoundError as error:
        if debug:
            raise
        return _print_error(_lacking(command, error), _FAILED)
    except Exception as error:
        if debug:
            raise
        return _print_error(
            f"cofi met something that it does not know ({type(error).__name__}: {error}): "
            "`cofi --debug …` shows where.",
            _FAILED,
        )


def assembled(commands: Sequence[str]) -> typer.Typer:
    """The program with these commands, those left out whose libraries are not installed here."""
    app = typer.Typer(
        name="cofi",
        help="Audits a contact centre's call recordings in bulk, with Apache Airflow.",
        epilog="Example:  cofi demo      Settings: airflow.cfg, then site.cfg, .env and the environment.",
        rich_markup_mode="rich",
        invoke_without_command=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback()(_root)
    only_one = len(commands) == 1
    for module in dict.fromkeys(MODULES[command] for command in commands):
        try:
            import_module(f"include.command_line.{module}").add_to(app)
        except ModuleNotFoundError as error:
            if only_one:
                raise CofiError(_lacking(commands[0], error)) from error
    return app


def _is_text(word: str) -> bool:
    """Whether it can be printed and stored; names of files are bytes, of which some are no text."""
    try:
        word.encode()
    except UnicodeEncodeError:
        return False
    return "\0" not in word


def _lacking(command: str, error: ModuleNotFoundError) -> str:
    return (
        f"`cofi {command}` needs the library {error.name}, which is not installed here: install "
        "requirements.txt, or run it where Airflow runs."
    )


def _corrected(message: str, command: str) -> str:
    """What was wrong with what was typed, and where it says what is right: the help of a group does both."""
    if "Usage: " in message:
        return message.rstrip()
    if not message.strip():  # a group alone: its help has been printed
        return "Which of these commands?"
    known = f"cofi {command}" if command in MODULES else "cofi"
    return f"{message.rstrip(' .')}: see `{known} --help`."


def _version(wanted: bool) -> None:
    if wanted:
        print(f"cofi {__version__}")
        raise typer.Exit


def _root(
    context: typer.Context,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show where an error came from.")] = False,
) -> None:
    if context.invoked_subcommand is None:
        print(context.get_help())


def _print_error(sentence: str, code: int) -> int:
    print(sentence, file=sys.stderr)
    return code
