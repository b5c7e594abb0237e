"""`cofi roles`: roles for people, in Airflow's FAB auth manager."""

import subprocess
import sys

import typer

from include.command_line.output import AsJson, example
from include.command_line.site import Site


def add_to(app: typer.Typer) -> None:
    """Adds the command."""
    app.command("roles", epilog=example("cofi roles"), rich_help_panel="Run")(roles)


def roles(as_json: AsJson = False) -> None:
    """Make the roles Agent, Reader, Analyst and Compliance in FAB, with their rights on calls."""
    # It speaks with Airflow's auth manager, which takes Airflow.
    command = [sys.executable, "-m", "cofi.roles", *(["--json"] if as_json else [])]
    done = subprocess.run(command, env=Site.here().airflow_environment(), check=False)  # noqa: S603
    raise typer.Exit(done.returncode)
