"""`python -m include.database.migrations URL`: creates cofi's tables, or brings them to the newest."""

import argparse
from pathlib import Path

from include.database.migrations import clean_reports, is_current, upgrade

arguments = argparse.ArgumentParser(
    prog="python -m include.database.migrations",
    description="Creates cofi's tables, or brings them to the newest. Stop everything that uses them before.",
)
arguments.add_argument("url", help="sqlite:////folder/cofi.db or postgresql+psycopg://…")
arguments.add_argument(
    "--reports",
    type=Path,
    metavar="FOLDER",
    help="[cofi] runs_folder: what older versions have written there loses its card data too",
)
given = arguments.parse_args()
if given.reports and not given.reports.is_dir():
    arguments.error(f"there is no folder {given.reports}: name that of [cofi] runs_folder, or leave it out")
if given.reports and is_current(given.url):
    print(f"Masked report files: {clean_reports(given.url, given.reports) or 'none'}.")
upgrade(given.url, given.reports)
