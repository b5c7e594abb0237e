"""`cofi scorecard` and `cofi agreement`: whether a scorecard is sound, and whether its answers are right."""

import subprocess
import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from typer import Argument, Option

from include.command_line.cofi_database import DatabaseUrl, chosen
from include.command_line.output import AsJson, console, example, give
from include.command_line.site import Site
from include.errors import InvalidInput
from include.scorecards.check import described, missing_prompts
from include.scorecards.loading import load_scorecard
from include.scorecards.schema import AnsweredBy, Scorecard


def add_to(app: typer.Typer) -> None:
    """Adds the commands."""
    app.command(
        "scorecard",
        epilog=example(
            "cofi scorecard include/scorecards/service_call.yaml",
            "cofi scorecard our_calls.yaml --prompts /srv/prompts",
        ),
        rich_help_panel="Before you begin",
    )(scorecard)
    app.command(
        "agreement",
        epilog=example("cofi agreement service_call", "cofi agreement service_call --promote"),
        rich_help_panel="What came of it",
    )(agreement)


def scorecard(
    files: Annotated[list[Path], Argument(metavar="FILE...", help="Scorecards, YAML.")],
    prompts: Annotated[
        Path | None,
        Option(metavar="FOLDER", help="Library of known audio: are the announcements there that it names?"),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Check scorecards, and show what the LLM will be asked."""
    loaded, wrong = [], []
    for file in files:
        try:
            one = load_scorecard(file)
            loaded.append(one)
            wrong += [f"{file}: {problem}" for problem in (missing_prompts(one, prompts) if prompts else [])]
        except InvalidInput as error:
            wrong.append(str(error))
    value = {"scorecards": list(map(_facts, loaded)), "wrong": wrong}
    give(value, lambda: "\n\n".join(map(described, loaded)), as_json)
    if wrong:
        console(errors=True).print("\n".join(wrong))
        raise typer.Exit(1)


def _facts(of: Scorecard) -> dict[str, Any]:
    asked = [criterion.id for criterion in of.answered_by(AnsweredBy.LLM)]
    return {
        "id": of.id,
        "title": of.title,
        "version": of.version,
        "sha256": of.sha256,
        "criteria": [criterion.id for criterion in of.criteria],
        "asked_of_the_llm": asked,
    }


def agreement(
    name: Annotated[
        str, Argument(metavar="SCORECARD", help="Name of a file in [cofi] scorecards_folder, without .yaml.")
    ] = "service_call",
    promote: Annotated[
        bool, Option("--promote", help="Make it what audits use, if it reaches the bar.")
    ] = False,
    db: DatabaseUrl = "",
    as_json: AsJson = False,
) -> None:
    """Compare a scorecard's stored answers with the gold labels, and promote it."""
    site = Site.here()
    options = [*(["--promote"] if promote else []), *(["--json"] if as_json else [])]
    # It reads the settings as tasks do, which takes Airflow.
    command = [sys.executable, "-m", "cofi.promotion", chosen(db), name, *options]
    done = subprocess.run(command, env=site.airflow_environment(), check=False)  # noqa: S603
    raise typer.Exit(done.returncode)
