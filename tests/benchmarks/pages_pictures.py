"""`make pictures`: the pages in a real browser, into docs/pages/*.png."""

# isort: off
from tests.airflow_home import AIRFLOW_HOME
# isort: on

import asyncio
import json
import os
from pathlib import Path
from tempfile import TemporaryDirectory

from playwright.sync_api import Page

from include.review.rules import ReviewRules
from tests.plugins.browser import call_id_of, chromium, context_of, demo_database, listening, with_queue
from tests.plugins.people import AGENTS, PEOPLE, served

FOLDER = Path(__file__).parents[2] / "docs" / "pages"
# Name, path, who, width, theme, keys that are pressed before.
SHOTS = [
    ("queue", "/review", "ana", 1280, "light", []),
    ("desk", "/review?sample=doubt", "ana", 1280, "light", ["Enter"]),
    ("desk-overruled", "/review?sample=doubt", "ana", 1280, "light", ["Enter", "n"]),
    ("desk-dark", "/review?sample=auto_fail", "ben", 1280, "dark", ["Enter"]),
    ("desk-phone", "/review?sample=doubt", "ana", 390, "light", ["Enter"]),
    ("blind", "/review?sample=random", "carl", 1280, "light", ["Enter", "1"]),
    ("call", f"/calls/{call_id_of('1003-card-payment.flac')}", "ana", 1280, "light", [" "]),
    ("call-dark", f"/calls/{call_id_of('1001-late-fee.ogg')}", "ana", 1280, "dark", []),
    ("call-phone", f"/calls/{call_id_of('1001-late-fee.ogg')}", "daniel", 390, "light", []),
    ("mine", "/mine", "daniel", 1280, "light", []),
    ("days", "/days", "ana", 1280, "light", []),
    ("search", "/search?text=agent:recorded", "ana", 1280, "light", []),
    ("trends", "/trends", "ana", 1280, "light", []),
]


def main() -> None:
    """Takes them all."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(prefix="cofi-pictures-") as folder:
        file = Path(folder) / "cofi.db"
        asyncio.run(demo_database(file))
        with_queue(file, ReviewRules())
        os.environ["AIRFLOW_CONN_COFI_DB"] = json.dumps({"conn_type": "sqlite", "host": str(file)})
        os.environ["AIRFLOW__COFI__PEOPLE"] = PEOPLE + ", carl: analyst"
        os.environ["AIRFLOW__COFI__AGENTS_OF_PEOPLE"] = str(AGENTS)
        os.environ["AIRFLOW__COFI__LISTENING_FOLDER"] = str(Path(folder) / "listening")
        with served() as outer, listening(outer) as url, chromium() as browser:
            for name, path, user, width_px, theme, keys in SHOTS:
                context = context_of(browser, url, user, width_px=width_px, theme=theme)
                page = context.new_page()
                page.goto(url + path)
                _press(page, keys)
                page.screenshot(path=FOLDER / f"{name}.png")
                context.close()
    print(f"{len(SHOTS)} pictures in {FOLDER} ({AIRFLOW_HOME.name} is gone)")


def _press(page: Page, keys: list[str]) -> None:
    page.wait_for_load_state("networkidle")
    for key in keys:
        page.keyboard.press(key)
        if key == "Enter":
            page.wait_for_selector(".question:not([hidden])")
        page.wait_for_load_state("networkidle")
        page.wait_for_timeout(1500)


if __name__ == "__main__":
    main()
