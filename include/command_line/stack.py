"""`cofi up` and `cofi down`: the embedded stack."""

from collections.abc import Iterator
from typing import Any

import typer

from include.command_line.output import AsJson, example, give, say, working
from include.command_line.site import Site
from include.demo import settings
from include.demo.stack import DAG_ID, Stack

_CHANGES_SHOWN = 5
_SAMPLE_DAYS = "day 2026-11-16 or 2026-11-17"


def add_to(app: typer.Typer) -> None:
    """Adds the commands."""
    app.command("up", epilog=example("cofi up"), rich_help_panel="Run")(up)
    app.command("down", epilog=example("cofi down"), rich_help_panel="Run")(down)


def up(as_json: AsJson = False) -> None:
    """Start Airflow, the demo's GPU hosts and its LLM endpoint, and leave them running.

    GPU hosts and an LLM that you have named are used instead of the demo's: site.cfg, .env and AIRFLOW__… of
    the environment hold before what the demo would set. What runs with other settings is started again.
    """
    site = Site.here()
    stack = stack_of(site)
    if not as_json:
        for line in _beginning(stack, site):
            say(line)
    with working(quiet=as_json) as tell:
        notes = stack.up(tell)
    give(access(stack), lambda: "\n".join([*notes, _access_text(stack, site)]), as_json)


def down(as_json: AsJson = False) -> None:
    """Stop what `cofi up` has started."""
    ended = stack_of(Site.here()).down()
    message = f"Stopped: {', '.join(ended)}" if ended else "Nothing was running"
    give({"stopped": ended}, lambda: message, as_json)


def _beginning(stack: Stack, site: Site) -> Iterator[str]:
    """What `cofi up` is about to do, and with which settings."""
    if stack.running:
        yield again(stack) or "The stack already runs with these settings."
    if not stack.running or stack.changes:
        yield from settings.describe(site.settings, site.source_of)


def again(stack: Stack) -> str:
    """Why the stack is started again; empty when it is not."""
    changes = stack.changes
    more = f" and {len(changes) - _CHANGES_SHOWN} more" if len(changes) > _CHANGES_SHOWN else ""
    named = f"{', '.join(changes[:_CHANGES_SHOWN])}{more}"
    return f"Set otherwise since the stack was started: {named}. It is started again." if changes else ""


def stack_of(site: Site) -> Stack:
    """The embedded stack of a site."""
    return Stack(site.home, site.settings)


def access(stack: Stack) -> dict[str, Any]:
    """Where Airflow is, and who may enter."""
    return {
        "url": stack.airflow.url,
        "user": "admin",
        "passwords_file": stack.var / "secrets" / "passwords.json",
    }


def _access_text(stack: Stack, site: Site) -> str:
    own = not settings.has_samples(site.settings)
    return (
        f"\nAirflow: {access(stack)['url']}   user admin, password {stack.airflow.password}\n"
        f"Others who may enter, and their passwords: {access(stack)['passwords_file']} (docs/roles.md)\n"
        f"Trigger the DAG {DAG_ID} with {'a day of your recordings' if own else _SAMPLE_DAYS}. "
        "`cofi down` stops everything."
        f"{'' if own else review_access(stack)}"
    )


def review_access(stack: Stack) -> str:
    """Where the sample calls are reviewed, and by whom."""
    known = stack.airflow.passwords
    shown = [(user, settings.DEMO_PEOPLE[user]) for user in ("ana", "kevin", "carla") if user in known]
    users = ", ".join(f"{user} ({role}) {known[user]}" for user, role in shown)
    return f"\nReview the calls: {stack.airflow.url}/plugin/calls   users and passwords: {users}"
