"""`cofi probe`: looks at a location and says what a run would find there, and what to set."""

from datetime import datetime
from pathlib import Path
from typing import Annotated, Any
from zoneinfo import available_timezones

import typer
from typer import Argument, BadParameter, Option

from include.calls.recorders.loading import named
from include.command_line.numbers import MOST
from include.command_line.output import AsJson, example, give, working
from include.command_line.site import Site
from include.command_line.trying import quietly
from include.errors import InvalidInput
from include.probe.hearing import Heard, hear
from include.probe.looking import Probed, look
from include.probe.place import place_of
from include.probe.printing import page, settings_lines

_PROGRESS_S = 5.0
_YEARS = range(1900, 2200)


def add_to(app: typer.Typer) -> None:
    """Adds the command."""
    app.command(
        "probe",
        epilog=example(
            "cofi probe s3://our-bucket/calls --timezone Europe/Madrid",
            "cofi probe /srv/monitor --day 2026-11-16 --recorder freepbx",
            "cofi probe /srv/monitor --hear 5 --host http://gpu-1:9001 --token …",
        ),
        rich_help_panel="Before you begin",
    )(probe)


def _zone(text: str | None) -> str | None:
    if text is not None and text not in available_timezones():
        raise BadParameter(f"{text} is no time zone: write one like UTC or Europe/Madrid.")
    return text


def _day(given: datetime | None) -> datetime | None:
    if given is not None and given.year not in _YEARS:
        raise BadParameter(f"{given:%Y-%m-%d} is no day of recordings: write one from 1900 to 2199.")
    return given


def _pairs(options: list[str]) -> list[str]:
    for text in options:
        if "=" not in text:
            raise BadParameter(f"{text}: write NAME=VALUE.")
    return options


def probe(
    location: Annotated[
        str | None,
        Argument(
            help="Folder, or s3://…, gs://…, abfs://… (with its fsspec package). Without: this site's.",
            show_default=False,
        ),
    ] = None,
    day: Annotated[
        datetime | None,
        Option(formats=["%Y-%m-%d"], callback=_day, help="YYYY-MM-DD; without: the newest that there is."),
    ] = None,
    recorder: Annotated[
        str | None,
        Option(
            metavar="NAME|FILE",
            help="Which to look with, or a YAML file of your own; without: the one that fits best.",
        ),
    ] = None,
    recorders_folder: Annotated[Path | None, Option(help="Folder of recorders of your own.")] = None,
    timezone: Annotated[
        str | None, Option(callback=_zone, help="Of the recordings; without: this site's.")
    ] = None,
    limit: Annotated[int, Option(min=1, max=MOST, help="Recordings to open, by path.")] = 200,
    option: Annotated[
        list[str],
        Option(callback=_pairs, metavar="NAME=VALUE", help="For fsspec: anon=true, endpoint_url=…"),
    ] = [],  # noqa: B006 - typer's way; nothing changes it
    hear_calls: Annotated[
        int | None, Option("--hear", min=1, max=MOST, metavar="N", help="Have a GPU host hear N calls.")
    ] = None,
    host: Annotated[str, Option(help="The GPU host's address, http://gpu-1:9001.")] = "",
    token: Annotated[str, Option(envvar="COFI_GPU_HOST_TOKEN", help="The GPU host's token.")] = "",
    company: Annotated[list[str], Option(help="A name of your company as agents say it; repeatable.")] = [],  # noqa: B006
    as_json: AsJson = False,
) -> None:
    """Look at a location of recordings: which recorder fits, what a run would find, what to set."""
    if hear_calls and not host:
        raise InvalidInput("Which GPU host shall hear them? Name it: --host http://gpu-1:9001.")
    site = Site.here()
    place = place_of(
        location or site.value("recordings_location"),
        timezone or site.value("timezone") or "UTC",
        dict(map(_option, option)),
    )
    folder = recorders_folder or (Path(found) if (found := site.value("recorders_folder")) else None)
    if recorder:
        recorder, folder = named(recorder, folder)
    with quietly(), working(every_s=_PROGRESS_S) as tell:
        tell(f"Looking at {place.location}")
        probed = look(
            place, day=day.date() if day else None, recorder=recorder, recorders_folder=folder, limit=limit
        )
        heard = None
        if hear_calls and probed.calls:
            tell(f"Having {host} hear {hear_calls} calls")
            heard = hear(place, probed.calls, hear_calls, url=host, token=token, companies=tuple(company))
    give(_found(probed, heard) if as_json else None, lambda: page(probed, heard), as_json)
    if not probed.calls:
        raise typer.Exit(1)


def _option(text: str) -> tuple[str, object]:
    name, _, value = text.partition("=")
    known = {"true": True, "false": False}
    return name, known.get(value.lower(), value)


def _found(probed: Probed, heard: Heard | None) -> dict[str, Any]:
    """What the page says, for programs."""
    return {
        "location": probed.place.location,
        "timezone": probed.place.timezone,
        "day": probed.day,
        "recorders": [
            {"recorder": fit.recorder.id, "fit": fit.score, "recordings": fit.recordings}
            for fit in probed.fits
            if fit.recordings
        ],
        "recordings": probed.files.recordings,
        "opened": len(probed.calls),
        "would_be_audited": sum(call.state == "pending" for call in probed.calls),
        "formats": probed.formats,
        "duplicates": probed.duplicates,
        "fields": {name: {"calls": n, "example": text} for name, (n, text) in probed.fields.items()},
        "roles": probed.roles,
        "problems": probed.problems,
        "settings": dict(settings_lines(probed, heard)) if probed.calls else {},
    }
