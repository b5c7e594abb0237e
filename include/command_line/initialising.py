"""`cofi init`: what a site has of its own, asked for step by step, into site.cfg and .env."""

import sys
from pathlib import Path
from typing import Annotated

import typer
from typer import Option

from include.command_line import site_questions
from include.command_line.asking import Answers, Asking, Found
from include.command_line.config_file import with_settings, without_settings
from include.command_line.env_file import variables_in, with_variables
from include.command_line.output import AsJson, example, give, say
from include.command_line.site import ENV_FILE, SITE_FILE, Site
from include.command_line.site_files import keys, read_text, write


def add_to(app: typer.Typer) -> None:
    """Adds the command."""
    app.command(
        "init",
        epilog=example(
            "cofi init",
            "cofi init --yes --recordings /srv/calls --timezone Europe/Madrid --llm-url http://gpu-1:8000/v1 "
            "--llm-model qwen3-8b --gpu-host gpu_1=http://gpu-1:9001",
        ),
        rich_help_panel="Begin here",
    )(init)


def init(
    recordings: Annotated[
        str | None, Option(metavar="LOCATION", help="Folder, or s3://…; `samples` for the sample calls.")
    ] = None,
    timezone: Annotated[str | None, Option(help="Of the site: a day begins at its midnight.")] = None,
    recorder: Annotated[
        str | None,
        Option(
            metavar="NAME|FILE", help="What wrote them, or a YAML file of your own; without: what fits best."
        ),
    ] = None,
    gpu_host: Annotated[
        list[str] | None,
        Option(metavar="NAME=URL", help="A GPU host; repeatable; `demo` for the demo's two on this machine."),
    ] = None,
    gpu_token: Annotated[str | None, Option(envvar="COFI_GPU_HOST_TOKEN", help="Of the GPU hosts.")] = None,
    llm_url: Annotated[
        str | None, Option(help="Of the LLM's API, up to /v1; `demo` for the demo's endpoint.")
    ] = None,
    llm_key: Annotated[str | None, Option(envvar="LLM_API_KEY", help="Its key.")] = None,
    llm_model: Annotated[str | None, Option(help="The model.")] = None,
    llm_provider: Annotated[
        str | None, Option(help="Whose API it is, where the address does not tell.")
    ] = None,
    scorecard: Annotated[
        str | None, Option(metavar="NAME|FILE", help="A shipped one, or a YAML file of your own.")
    ] = None,
    yes: Annotated[
        bool, Option("--yes", "-y", help="Ask nothing: what is not given stays, or is as shipped.")
    ] = False,
    no_test: Annotated[bool, Option("--no-test", help="Do not try hosts, LLM and recordings.")] = False,
    as_json: AsJson = False,
) -> None:
    """Set cofi up for your site: recordings, time zone, GPU hosts, LLM and scorecard.

    Every question has a default; asked again, it is what was answered before. Nothing of it comes into git.
    """
    site = Site.here()
    options = Answers(
        recordings=recordings,
        timezone=timezone,
        recorder=recorder,
        gpu_hosts=gpu_host,
        gpu_token=gpu_token,
        llm_url=llm_url,
        # A line of .env, which is in the environment by now, is only what was answered before.
        llm_key=None if llm_key == site.from_file.get("LLM_API_KEY") else llm_key,
        llm_model=llm_model,
        llm_provider=llm_provider,
        scorecard=scorecard,
    )
    asks = not (yes or as_json) and sys.stdin.isatty()
    asking = Asking(asks=asks, tests=not no_test, tell=(lambda _: None) if as_json else say)
    found = site_questions.answered(site, options, asking)
    written = _written(site, found)
    message = f"\nWritten: {', '.join(str(path) for path in written)}. Next: `cofi up`, then `cofi check`."
    give({"written": written, "settings": found.shown()}, lambda: message, as_json)


def _written(site: Site, found: Found) -> list[Path]:
    settings, variables = site.home / SITE_FILE, site.home / ENV_FILE
    new_settings = with_settings(
        without_settings(read_text(settings), found.removed), found.settings, settings
    )
    known = variables_in(variables)
    new_keys = {name: line for name, line in keys().items() if name not in known}
    new_variables = with_variables(read_text(variables), {**found.variables, **new_keys}, variables)
    write(settings, new_settings)
    write(variables, new_variables)
    return [settings, variables]
