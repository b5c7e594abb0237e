"""`cofi status`: how the embedded stack and the runs are."""

from typing import Annotated

import typer
from typer import Argument

from include.command_line.cofi_database import DatabaseUrl, is_there, opened
from include.command_line.output import AsJson, example, give, say
from include.command_line.site import Site
from include.delivery.status import figures, open_runs, status_text
from include.demo.processes import Processes
from include.demo.standing import standing


def add_to(app: typer.Typer) -> None:
    """Adds the command."""
    app.command(
        "status",
        epilog=example("cofi status", "cofi status scheduled__2026-11-16__2026-11-17T00:00:00+00:00"),
        rich_help_panel="Run",
    )(status)


def status(
    run: Annotated[str, Argument(help="A run's id; without it, all that are open.", show_default=False)] = "",
    db: DatabaseUrl = "",
    as_json: AsJson = False,
) -> None:
    """Show by stage and host what is left, done and failed, the pace, and when it will end."""
    processes = Processes(Site.here().var / "stack")
    timezone = Site.here().value("timezone")
    if not db and not as_json:
        say(f"{standing(processes, timezone)}\n")
    if not (db or run or processes.started or is_there()):
        give({"stack": [], "runs": []}, lambda: "No run is open.", as_json)
        return
    with opened(db) as database, database.reading() as connection:
        wanted = [run] if run else open_runs(connection)
        value = {
            "stack": [] if db else [{"name": one.name, "runs": one.alive} for one in processes.started],
            "runs": figures(connection, wanted) if as_json else [],
        }
        give(value, lambda: status_text(connection, wanted, timezone), as_json)
        if run and "There is no run" in status_text(connection, wanted):
            raise typer.Exit(1)
