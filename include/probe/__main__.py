"""Looks at a location and prints what a run would find there, and what to set.

python -m include.probe s3://our-bucket/calls
python -m include.probe /srv/monitor --day 2026-11-16 --recorder freepbx --timezone Europe/Madrid
COFI_GPU_HOST_TOKEN=… python -m include.probe /srv/monitor --hear 5 --host http://gpu-1:9000
"""

import argparse
import logging
import os
import sys
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from zoneinfo import available_timezones

from include.errors import CofiError, InvalidInput
from include.probe.hearing import hear
from include.probe.looking import look
from include.probe.place import place_of
from include.probe.printing import page


def main(arguments: Sequence[str] | None = None) -> int:
    """Prints the page; 1 when nothing was found or something is wrong."""
    options = _parser().parse_args(arguments)
    # Every recorder is tried: what those say that do not fit is no trouble.
    logging.disable(logging.WARNING)
    try:
        if options.hear and not options.host:
            raise InvalidInput("Which GPU host shall hear them? Name it: HOST=http://gpu-1:9000 (--host).")
        place = place_of(options.location, options.timezone, dict(options.option))
        probed = look(
            place,
            day=options.day,
            recorder=options.recorder,
            recorders_folder=options.recorders_folder,
            limit=options.limit,
        )
        heard = None
        if options.hear and probed.calls:
            heard = hear(
                place,
                probed.calls,
                options.hear,
                url=options.host,
                token=options.token,
                companies=tuple(options.company),
            )
        print(page(probed, heard))
    except CofiError as error:
        print(error, file=sys.stderr)
        return 1
    return 0 if probed.calls else 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("python -m include.probe", description=__doc__.splitlines()[0])
    parser.add_argument("location", help="folder, or s3://…, gs://…, abfs://… (with its fsspec package)")
    parser.add_argument("--day", type=_day, help="YYYY-MM-DD; without: the newest that there is")
    parser.add_argument("--recorder", help="which to look with; without: the one that fits best")
    parser.add_argument("--recorders-folder", type=Path, help="folder of recorders of your own")
    parser.add_argument("--timezone", type=_zone, default="UTC", help="of the site, [cofi] timezone (UTC)")
    parser.add_argument("--limit", type=_count, default=200, help="recordings to open, by path (200)")
    parser.add_argument(
        "--option",
        type=_option,
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="for fsspec, such as anon=true or endpoint_url=…",
    )
    parser.add_argument("--hear", type=_count, default=0, metavar="N", help="have a GPU host hear N calls")
    parser.add_argument("--host", help="the GPU host's address, http://gpu-1:9000")
    parser.add_argument(
        "--token",
        default=os.environ.get("COFI_GPU_HOST_TOKEN", ""),
        help="the GPU host's token (or COFI_GPU_HOST_TOKEN)",
    )
    parser.add_argument(
        "--company",
        action="append",
        default=[],
        help="a name of your company as agents say it; may be repeated",
    )
    return parser


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError("write it like 2026-11-16") from error


def _zone(text: str) -> str:
    if text not in available_timezones():
        raise argparse.ArgumentTypeError("write one like UTC or Europe/Madrid")
    return text


def _count(text: str) -> int:
    if not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError("write a number from 1 on")
    return int(text)


def _option(text: str) -> tuple[str, object]:
    name, is_one, value = text.partition("=")
    if not is_one:
        raise argparse.ArgumentTypeError("write NAME=VALUE")
    known = {"true": True, "false": False}
    return name, known.get(value.lower(), value)


if __name__ == "__main__":
    sys.exit(main())
