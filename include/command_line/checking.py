"""`cofi check`: whether everything is there that a night needs, and what to do where it is not."""

from collections import Counter
from typing import Annotated

import typer
from rich.table import Table
from rich.text import Text
from typer import Option

from include.command_line import checks, checks_outside
from include.command_line.checks import Check, Section, State, gather_input
from include.command_line.output import AsJson, console, example, give, working
from include.command_line.site import Site
from include.command_line.stack import stack_of

_SECTIONS: dict[str, Section] = {
    "settings": checks.settings,
    "versions": checks.versions,
    "databases": checks.databases,
    "pools": checks.pools,
    "GPU hosts": checks_outside.hosts,
    "LLM": checks_outside.llm,
    "recordings": checks_outside.recordings,
    "scorecard": checks_outside.scorecards,
    "names": checks_outside.names,
    "webhook": checks_outside.webhook,
    "alerts": checks_outside.alerts,
    "disk": checks.disk,
    "clock": checks_outside.clock,
}
_WIDE_CHARS = 160
_COLOURS = {State.OK: "green", State.WARN: "yellow", State.FAILED: "bold red"}


def add_to(app: typer.Typer) -> None:
    """Adds the command."""
    app.command(
        "check", epilog=example("cofi check", "cofi check --no-llm --json"), rich_help_panel="Begin here"
    )(check)


def check(
    no_llm: Annotated[
        bool, Option("--no-llm", help="Do not ask the LLM: it takes two requests, some 10,000 tokens.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Verify all that a night needs, from settings to the LLM's answers, and say each mend."""
    site = Site.here()
    found: list[Check] = []
    with working(quiet=as_json or not console(errors=True).is_terminal) as tell:
        tell("Asking Airflow for settings and connections")
        inputs = gather_input(site, stack_of(site))
        for name, section in _SECTIONS.items():
            if name != "LLM" or not no_llm:
                tell(f"Checking {name}")
                found += section(inputs)
    if as_json:
        give(found, str, as_json)
    else:
        _print(found)
    if any(one.state is State.FAILED for one in found):
        raise typer.Exit(1)


def _print(found: list[Check]) -> None:
    """A table; each mend stands below what it mends."""
    table = Table(box=None, pad_edge=False, show_header=False, padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for one in found:
        table.add_row(Text(one.state, style=_COLOURS[one.state]), Text(one.name), Text(one.finding))
        if one.mend:
            table.add_row("", "", Text(f"-> {one.mend}", style="italic"))
    shown = console(width=None if console().is_terminal else _WIDE_CHARS)
    shown.print(table, soft_wrap=False)
    counts = Counter(one.state for one in found)
    shown.print("\n" + ", ".join(f"{counts[state]} {state}" for state in State))
