"""`cofi webhooks`: dead letters, events sent again, a new secret."""

import base64
import secrets
from datetime import UTC, datetime
from typing import Annotated

import typer
from typer import Argument, Option

from include.command_line.cofi_database import DatabaseUrl, opened
from include.command_line.output import AsJson, example, give
from include.command_line.site import Site
from include.database import deliveries
from include.errors import InvalidInput
from include.site_time import moment

_SECRET_BYTES = 32  # Standard Webhooks asks for 24 to 64

program = typer.Typer(
    help="Webhook events to your own systems: failed ones, and sending them again.",
    no_args_is_help=True,
    epilog=example("cofi webhooks dead"),
)


def add_to(app: typer.Typer) -> None:
    """Adds the commands."""
    app.add_typer(program, name="webhooks", rich_help_panel="What came of it")


@program.command(epilog=example("cofi webhooks secret"))
def secret(as_json: AsJson = False) -> None:
    """Make a signing secret for the connection cofi_webhook."""
    made = f"whsec_{base64.b64encode(secrets.token_bytes(_SECRET_BYTES)).decode()}"
    give({"secret": made}, lambda: made, as_json)


@program.command(epilog=example("cofi webhooks dead"))
def dead(db: DatabaseUrl = "", as_json: AsJson = False) -> None:
    """List the events that failed for the last time."""
    with opened(db) as database:
        letters = database.read(deliveries.dead_letters)
    timezone = Site.here().value("timezone")
    lines = [
        f"{one.event_id}  {moment(one.dead_at, timezone)}  {one.event_type:<17} {one.call_id or '–'}  "
        f"after {one.attempts} attempts: {one.last_error}"
        for one in letters
    ]
    give(letters, lambda: "\n".join(lines) or "There are no dead letters.", as_json)


@program.command(epilog=example("cofi webhooks replay --dead"))
def replay(
    event_id: Annotated[
        list[str], Argument(help="Ids of events, delivered ones too.", show_default=False)
    ] = [],  # noqa: B006 - typer's way; nothing changes it
    dead_letters: Annotated[bool, Option("--dead", help="All dead letters.")] = False,
    db: DatabaseUrl = "",
    as_json: AsJson = False,
) -> None:
    """Send events again, under their own ids, with the next sweep."""
    if bool(event_id) == dead_letters:
        raise InvalidInput("Which events? Give their ids, or --dead for all dead letters.")
    wanted = None if dead_letters else event_id
    with opened(db) as database:
        found = database.write(lambda c: deliveries.replay(c, datetime.now(UTC), wanted))
    unknown = sorted(set(wanted or ()) - set(found))
    missing = f"; unknown, or being sent right now: {', '.join(unknown)}" if unknown else ""
    give(
        {"replayed": found, "unknown": unknown},
        lambda: f"{len(found)} events go out with the next sweep{missing}",
        as_json,
    )
