"""`make pictures`: the pages in a real browser, into docs/pages/*.png, and docs/twenty-seconds.md.

That one is the path of twenty seconds in four pictures, and what the page adds to each of ten answers: from
the key until the next question is shown, and until its evidence is heard.
"""

# isort: off
from tests.airflow_home import AIRFLOW_HOME
# isort: on

import asyncio
import json
import os
import shutil
import statistics
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from playwright.sync_api import Browser, Page

from include.database.engine import Database
from include.review.machine import count_machine
from include.review.rules import ReviewRules
from include.search.indexing import index_calls
from include.trends.counting import count_days
from tests.demo_calls import DAYS
from tests.plugins.browser import (
    call_id_of,
    chromium,
    context_of,
    demo_database,
    listening,
    measure_answers,
    measured_answers,
    with_queue,
)
from tests.plugins.people import AGENTS, PEOPLE, served

FOLDER = Path(__file__).parents[2] / "docs" / "pages"
PATH_OF_TWENTY_SECONDS = FOLDER.parent / "twenty-seconds.md"
GOAL_MS = 300
ANSWERS = 10
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
    ("certified", "/trends/certified", "ana", 1280, "light", []),
    ("calibration-new", "/calibration/new?queue=billing", "carla", 1280, "light", []),
]


def main() -> None:
    """Takes them all."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(prefix="cofi-pictures-") as folder:
        file = Path(folder) / "cofi.db"
        asyncio.run(demo_database(file))
        risks = Path(shutil.copy(file, Path(folder) / "risks.db"))
        # Of calls that risk finds, none is blind: what they are asked about is known beforehand.
        with_queue(risks, ReviewRules(random=None, passes=None))
        with_queue(file, ReviewRules())
        database = Database(f"sqlite:///{file}")
        database.write(lambda connection: count_machine(connection, DAYS))
        database.write(lambda connection: count_days(connection, DAYS))
        index_calls(database)
        database.close()
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
            calibrated(browser, url)
            os.environ["AIRFLOW_CONN_COFI_DB"] = json.dumps({"conn_type": "sqlite", "host": str(risks)})
            page = context_of(browser, url, "ben", width_px=1280).new_page()
            page.goto(url + "/review")
            PATH_OF_TWENTY_SECONDS.write_text(twenty_seconds(page))
    print(f"{len(SHOTS)} pictures in {FOLDER} ({AIRFLOW_HOME.name} is gone)")


def calibrated(browser: Browser, url: str) -> None:
    """A session of three people, as it is answered and with its results."""
    carla = context_of(browser, url, "carla", width_px=1280)
    wanted = {"title": "November", "people": ["ana", "ben", "carl"], "expert": "carl", "calls": 2}
    wanted |= {"source": "search", "questions": ["identity_verified", "courtesy_and_empathy"]}
    headers = {"X-Cofi": "1"}
    made = carla.request.post(f"{url}/calibration", data=wanted, headers=headers).json()
    session = f"{url}/calibration/{made['session_id']}"
    for user, key in (("ana", "1"), ("ben", "2"), ("carl", "1")):
        page = context_of(browser, url, user, width_px=1280).new_page()
        page.goto(session)
        page.get_by_role("link", name="Answer the next call").click()
        for number in (1, 2):
            page.locator(".desk .head .muted", has_text=f"call {number} of 2").wait_for()
            if (user, number) == ("ana", 1):
                page.wait_for_timeout(1500)
                page.screenshot(path=FOLDER / "calibration-desk.png")
            for question, pressed in ((1, key), (2, "1")):
                page.locator(".question:not([hidden]) .count", has_text=f"{question} of 2").wait_for()
                page.keyboard.press(pressed)
            page.locator(".ended:not([hidden])").wait_for()
            page.keyboard.press("Enter")
        page.get_by_role("button", name="Submit my answers").click()
        page.get_by_role("button", name="Submit my answers").wait_for(state="detached")
    page.goto(session)
    page.screenshot(path=FOLDER / "calibration-results.png", full_page=True)


def twenty_seconds(page: Page) -> str:
    """Ten answers by keys: four pictures of the first, and the document."""
    page.wait_for_load_state("networkidle")
    measure_answers(page)
    page.screenshot(path=FOLDER / "twenty-1-queue.png")
    page.keyboard.press("Enter")
    page.wait_for_selector(".question:not([hidden])")
    page.wait_for_timeout(2500)
    page.screenshot(path=FOLDER / "twenty-2-evidence.png")
    given, taken = 0, set()
    while given < ANSWERS:
        ended = page.locator(".ended:not([hidden])").count() > 0
        page.keyboard.press("Enter" if ended else "y")
        given += not ended
        page.wait_for_timeout(1000)
        name = "twenty-4-next" if ended else "twenty-3-key"
        if name not in taken:
            taken.add(name)
            page.screenshot(path=FOLDER / f"{name}.png")
    return _document(measured_answers(page)[1:])


def _document(measured: Sequence[Mapping[str, Any]]) -> str:
    assert sum(one["key"] == "y" for one in measured) >= ANSWERS, "fewer answers than keys"
    lines = [
        "# The path of twenty seconds",
        "",
        "Made by `make pictures`: a real browser, the sample calls, keys alone.",
        "",
        "| the queue | Enter: its evidence plays | y: the next question | after the last: the next call |",
        "|---|---|---|---|",
        "| "
        + " | ".join(
            f"![{name}](pages/twenty-{name}.png)" for name in ("1-queue", "2-evidence", "3-key", "4-next")
        )
        + " |",
        "",
        f"What the page adds to each answer, in ms; the goal is {GOAL_MS}. *Shown*: from the key until the",
        "next question is on the screen. *Heard*: until its evidence is played, where it has any.",
        "",
        "| key | times | shown, median | shown, slowest | heard, median | heard, slowest |",
        "|---|---:|---:|---:|---:|---:|",
    ]
    for key, name in (("y", "y, the next question"), ("Enter", "Enter, the next call")):
        own = [one for one in measured if one["key"] == key]
        shown, heard = ([one[what] for one in own if what in one] for what in ("shown", "heard"))
        lines.append(f"| {name} | {len(own)} | {_two(shown)} | {_two(heard)} |")
    return "\n".join([*lines, ""])


def _two(values: list[float]) -> str:
    return f"{statistics.median(values):.0f} | {max(values):.0f}" if values else "– | –"


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
