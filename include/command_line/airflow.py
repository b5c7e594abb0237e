"""`cofi airflow …`: Airflow's own command line, with this site's home, settings and programs."""

import os
import shutil
from pathlib import Path
from typing import Annotated

import typer
from typer import Argument

from include.command_line.output import example
from include.command_line.site import Site
from include.command_line.stack import stack_of
from include.demo.keys import keys_in
from include.errors import CofiError

_PASSED_ON = {"allow_extra_args": True, "ignore_unknown_options": True, "help_option_names": []}


def add_to(app: typer.Typer) -> None:
    """Adds the command."""
    app.command(
        "airflow",
        context_settings=_PASSED_ON,
        add_help_option=False,
        epilog=example(
            "cofi airflow dags list",
            "cofi airflow backfill create --dag-id audit_calls --from-date 2026-11-16 --to-date 2026-11-17",
        ),
        rich_help_panel="Run",
    )(airflow)


def airflow(
    context: typer.Context,
    arguments: Annotated[
        list[str], Argument(metavar="ARGUMENTS...", help="Of Airflow's command.", show_default=False)
    ] = [],  # noqa: B006 - typer's way; nothing changes it
) -> None:
    """Run Airflow's command line on this site: its home, its settings, its database.

    What goes wrong is told in a sentence; `cofi --debug airflow …` shows where in Airflow it did.
    """
    if arguments in ([], ["--help"], ["-h"]):
        print(context.get_help())
        return
    site = Site.here()
    stack = stack_of(site)
    if "AIRFLOW__CORE__FERNET_KEY" not in site.environment:
        keys_in(site.var / "secrets")
    environment = stack.environment if stack.running else site.airflow_environment()
    program = shutil.which("airflow", path=environment["PATH"])
    if program is None:
        raise CofiError(
            "There is no Airflow here: `make demo` brings it, or `pip install -r requirements.txt`."
        )
    # What its libraries warn each other of is nothing that people could mend.
    quietly = {"PYTHONWARNINGS": "ignore", **environment}
    command = [program] if _is_debugged(context) else [_python_of(program), "-m", "cofi.airflow_command"]
    os.execve(command[0], [*command, *arguments], quietly)  # noqa: S606 - what was typed, no shell


def _is_debugged(context: typer.Context) -> bool:
    return bool(context.find_root().params.get("debug"))


def _python_of(program: str) -> str:
    """The Python of the environment that a program belongs to."""
    return str(Path(program).with_name("python"))
