"""`cofi db`: cofi's tables."""

from functools import partial
from pathlib import Path
from typing import Annotated

import typer
from typer import Option

from include.command_line.cofi_database import DatabaseUrl, chosen, opened, readable, shown
from include.command_line.output import AsJson, example, give, working
from include.database.migrations import clean_reports, is_current, may_quote_in_reports, upgrade
from include.errors import InvalidInput
from include.review.machine import all_uncounted, count_machine
from include.search.indexing import index_calls
from include.trends.counting import count_days, uncounted_days

program = typer.Typer(
    help="cofi's own database.", no_args_is_help=True, epilog=example("cofi db migrate --reports var/runs")
)


def add_to(app: typer.Typer) -> None:
    """Adds the commands."""
    app.add_typer(program, name="db", rich_help_panel="Run")


@program.command(
    epilog=example(
        "cofi db migrate --reports var/runs",
        "cofi db migrate --db postgresql+psycopg://cofi:…@db/cofi --no-reports",
    )
)
def migrate(
    reports: Annotated[
        Path | None,
        Option(
            metavar="FOLDER",
            help="[cofi] runs_folder: what older versions have written there loses its card data too.",
        ),
    ] = None,
    no_reports: Annotated[
        bool,
        Option(
            "--no-reports", help="There are no reports of older versions, or they may keep their card data."
        ),
    ] = False,
    db: DatabaseUrl = "",
    as_json: AsJson = False,
) -> None:
    """Create cofi's tables, or bring them to the newest. Stop everything that uses them before."""
    if reports and no_reports:
        raise InvalidInput("--reports and --no-reports contradict each other: give one of them.")
    if reports and not reports.is_dir():
        raise InvalidInput(f"There is no folder {reports}: name that of [cofi] runs_folder, or leave it out.")
    url = chosen(db, may_be_new=True)
    said: list[str] = []
    with readable(url, "start it, or name another one with --db."):
        if not reports and not no_reports and may_quote_in_reports(url):
            raise InvalidInput(
                "Calls were audited in this database by a version that stored card data, and only before it "
                "is migrated can all of that be found in their reports: give --reports and the [cofi] "
                "runs_folder, or --no-reports to leave them as they are."
            )
        if reports and is_current(url):
            said.append(f"Masked report files: {clean_reports(url, reports) or 'none'}.")
        upgrade(url, reports, said.append)
    said.append(f"The tables of {shown(url)} are those of this version.")
    give({"database": shown(url), "done": said}, lambda: "\n".join(said), as_json)


@program.command(epilog=example("cofi db index"))
def index(db: DatabaseUrl = "", as_json: AsJson = False) -> None:
    """Make what older versions have heard and audited known to search and trends. It can be broken off."""
    with opened(db) as database, working(as_json, every_s=10) as tell:
        indexed = index_calls(database, say=lambda done: tell(f"{done} transcripts"))
        days = database.read(uncounted_days)
        for number, day in enumerate(days, 1):
            tell(f"day {number} of {len(days)}: {day}")
            database.write(partial(count_days, days=[day]))
        for day in database.read(all_uncounted):
            tell(f"the machine's answers of {day}")
            database.write(partial(count_machine, days=[day]))
    message = f"Searches know {indexed} more transcripts, trends {len(days)} more days."
    give({"transcripts": indexed, "days": [str(day) for day in days]}, lambda: message, as_json)
