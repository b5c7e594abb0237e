"""`python -m include.database.migrations URL`: creates cofi's tables, or brings them to the newest."""

import argparse
from pathlib import Path

from include.database.migrations import clean_reports, is_current, may_quote_in_reports, upgrade
from include.errors import CofiError

arguments = argparse.ArgumentParser(
    prog="python -m include.database.migrations",
    description="Creates cofi's tables, or brings them to the newest. Stop everything that uses them before.",
)
arguments.add_argument("url", help="sqlite:////folder/cofi.db or postgresql+psycopg://…")
folder = arguments.add_mutually_exclusive_group()
folder.add_argument(
    "--reports",
    type=Path,
    metavar="FOLDER",
    help="[cofi] runs_folder: what older versions have written there loses its card data too",
)
folder.add_argument(
    "--no-reports",
    action="store_true",
    help="there are no reports of older versions, or they may keep their card data",
)
given = arguments.parse_args()
if given.reports and not given.reports.is_dir():
    arguments.error(f"there is no folder {given.reports}: name that of [cofi] runs_folder, or leave it out")
try:
    if not given.reports and not given.no_reports and may_quote_in_reports(given.url):
        arguments.error(
            "calls were audited in this database by a version that stored card data, and only before it is "
            "migrated can all of that be found in their reports: give --reports and the [cofi] runs_folder, "
            "or --no-reports to leave them as they are"
        )
    if given.reports and is_current(given.url):
        print(f"Masked report files: {clean_reports(given.url, given.reports) or 'none'}.")
    upgrade(given.url, given.reports)
except CofiError as error:
    arguments.exit(1, f"{arguments.prog}: {error}\n")
