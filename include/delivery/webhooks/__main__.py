"""`python -m include.delivery.webhooks dead|replay|secret`: dead letters, events sent again, a new secret."""

import argparse
import base64
import secrets
from collections.abc import Sequence
from datetime import UTC, datetime

from include.database import deliveries
from include.database.engine import Database

_SECRET_BYTES = 32  # Standard Webhooks asks for 24 to 64


def main(arguments: Sequence[str] | None = None) -> None:
    """Runs a command."""
    chosen = _parser().parse_args(arguments)
    if chosen.command == "secret":
        print(f"whsec_{base64.b64encode(secrets.token_bytes(_SECRET_BYTES)).decode()}")
        return
    database = Database(chosen.database)
    try:
        print(_dead(database) if chosen.command == "dead" else _replayed(database, chosen))
    finally:
        database.close()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m include.delivery.webhooks", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("secret", help="make a signing secret for the connection cofi_webhook")
    dead = commands.add_parser("dead", help="list the events that failed for the last time")
    replay = commands.add_parser("replay", help="send events again, under their own ids, with the next sweep")
    for command in (dead, replay):
        command.add_argument("database", help="cofi's, such as sqlite:////folder/cofi.db")
    which = replay.add_mutually_exclusive_group(required=True)
    which.add_argument("--dead", action="store_true", help="all dead letters")
    which.add_argument("event_id", nargs="*", default=[], help="ids of events, delivered ones too")
    return parser


def _dead(database: Database) -> str:
    letters = database.read(deliveries.dead_letters)
    lines = [
        f"{one.event_id}  {one.dead_at:%Y-%m-%d %H:%M} UTC  {one.event_type:<17} {one.call_id or '–'}  "
        f"after {one.attempts} attempts: {one.last_error}"
        for one in letters
    ]
    return "\n".join(lines) or "There are no dead letters."


def _replayed(database: Database, chosen: argparse.Namespace) -> str:
    wanted = None if chosen.dead else list(chosen.event_id)
    found = database.write(lambda c: deliveries.replay(c, datetime.now(UTC), wanted))
    unknown = sorted(set(wanted or ()) - set(found))
    missing = f"; unknown, or being sent right now: {', '.join(unknown)}" if unknown else ""
    return f"{len(found)} events go out with the next sweep{missing}"


if __name__ == "__main__":
    main()
