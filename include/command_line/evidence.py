"""`cofi evidence`: why an audit says what it says."""

from pathlib import Path
from typing import Annotated

import typer
from pydantic_core import to_json
from typer import Argument, Option

from include.command_line.cofi_database import DatabaseUrl, opened
from include.command_line.output import AsJson, example, give
from include.command_line.site import Site
from include.delivery.evidence import evidence_of, evidence_text


def add_to(app: typer.Typer) -> None:
    """Adds the command."""
    app.command(
        "evidence",
        epilog=example(
            "cofi evidence 1003-card-payment.flac",
            "cofi evidence demo-2026-11-16-142938/1003-card-payment.flac --output evidence.json",
        ),
        rich_help_panel="What came of it",
    )(evidence)


def evidence(
    call: Annotated[
        str,
        Argument(metavar="[RUN/]CALL", help="A call's id, path or file name; with a run, its audit of it."),
    ],
    output: Annotated[
        Path | None, Option(help="Write it there; as JSON when the name ends in .json.")
    ] = None,
    db: DatabaseUrl = "",
    as_json: AsJson = False,
) -> None:
    """Print a call's evidence: answers, quotes with their times, hashes, models and hosts."""
    timezone = Site.here().value("timezone")
    with opened(db) as database:
        found = database.read(lambda connection: evidence_of(connection, call))
    if output is None:
        give(found, lambda: evidence_text(found, timezone), as_json)
        return
    as_json = as_json or output.suffix == ".json"
    output.write_text(to_json(found, indent=2).decode() if as_json else evidence_text(found, timezone))
    give({"written": output}, lambda: f"Written: {output}", as_json)
