"""A real browser on the pages: the sample calls as the demo heard them, with their recordings."""

import os
import shutil
import socket
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest
import uvicorn
from axe_playwright_python.sync_playwright import Axe
from fastapi import FastAPI
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright
from sqlalchemy import insert, select, update

from include.database.engine import Database
from include.database.models import AnswerRow, AuditRow, CallRow
from include.review.filling import fill
from include.review.rules import ReviewRules
from tests.demo_calls import DAYS, audited_by_demo, heard
from tests.empty_database import empty_database

_PATIENCE_MS = 30_000
# Rules of axe.
_ALL: Mapping[str, object] = {}
_COLOURS: Mapping[str, object] = {"runOnly": ["color-contrast", "link-in-text-block"]}
RECORDINGS = Path(__file__).parents[2] / "include" / "demo" / "sample_calls" / "recordings"


async def demo_database(file: Path) -> None:
    """The demo's database as its run leaves it, with the recordings where this checkout has them."""
    database = Database(empty_database(file))
    await audited_by_demo(database, redact=False)
    with database.writing() as connection:
        for call in heard():
            uri = f"file://{RECORDINGS / call['day'] / call['path']}"
            connection.execute(update(CallRow).where(CallRow.call_id == call["call_id"]).values(uri=uri))
    database.close()


def with_queue(file: Path, rules: ReviewRules) -> None:
    """Fills the queue of both days."""
    database = Database(f"sqlite:///{file}")
    with database.writing() as connection:
        for day in DAYS:
            assert fill(connection, f"audit-{day}", rules).queued
    database.close()


def call_id_of(path: str) -> str:
    """The call of a sample recording."""
    return str(next(call["call_id"] for call in heard() if call["path"] == path))


def audited_anew(database: Database, call_id: str) -> None:
    """The call's audit once more under the id `anew`, as a rescore makes it; the old one is superseded."""
    current = select(AuditRow.__table__).where(AuditRow.call_id == call_id, AuditRow.superseded_at.is_(None))
    with database.writing() as connection:
        old = connection.execute(current).mappings().one()
        answers = select(AnswerRow.__table__).where(AnswerRow.audit_id == old["audit_id"])
        copies = [{**row, "audit_id": "anew"} for row in connection.execute(answers).mappings()]
        ended = update(AuditRow).where(AuditRow.audit_id == old["audit_id"])
        connection.execute(ended.values(superseded_at=old["created_at"]))
        connection.execute(insert(AuditRow).values(**{**old, "audit_id": "anew"}))
        connection.execute(insert(AnswerRow), copies)


@contextmanager
def listening(outer: FastAPI) -> Iterator[str]:
    """The pages on a free port of loopback; their URL."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    server = uvicorn.Server(uvicorn.Config(outer, port=port, log_level="warning"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.02)
    yield f"http://127.0.0.1:{port}/cofi"
    server.should_exit = True
    thread.join()


@contextmanager
def chromium() -> Iterator[Browser]:
    """Debian's Chromium. Where COFI_TEST_BROWSER names one, as in the gate, there must be one."""
    path = os.environ.get("COFI_TEST_BROWSER") or shutil.which("chromium")
    if path is None:
        pytest.skip("no browser: apt-get install chromium, or name one in COFI_TEST_BROWSER")
    with sync_playwright() as playwright:
        # Without a sandbox of its own: tests run as root in containers.
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield browser
        browser.close()


def context_of(
    browser: Browser, url: str, user: str, *, width_px: int = 1440, theme: str = "light"
) -> BrowserContext:
    """A browser of somebody, at the size of a screen or a phone."""
    height_px = 900 if width_px > 600 else 844
    made = browser.new_context(
        viewport={"width": width_px, "height": height_px},
        color_scheme=theme,  # type: ignore[arg-type]
    )
    _sign_in(made, user, url)
    # A busy machine takes its time: what is waited for is not how quick it is.
    made.set_default_timeout(_PATIENCE_MS)
    expect.set_options(timeout=_PATIENCE_MS)
    return made


def becomes(page: Page, user: str, *, theme: str) -> None:
    """Whatever is opened in a page from now on is opened by somebody else, with nothing kept of before."""
    page.evaluate("localStorage.clear(), sessionStorage.clear()")
    page.context.clear_cookies()
    _sign_in(page.context, user, page.url)
    page.emulate_media(color_scheme=theme, reduced_motion="null")  # type: ignore[arg-type]


def _sign_in(context: BrowserContext, user: str, url: str) -> None:
    context.add_cookies([{"name": "test_user", "value": user, "url": url}])


def unusable(axe: Axe, page: Page, path: str) -> list[str]:
    """What is wrong for anybody with a page that has come to rest: what axe finds in both themes, its width.

    Only colours differ between the themes: no other rule is tried in the second one.
    """
    page.wait_for_load_state("networkidle")
    found = faults(axe, page, path)
    other = "light" if page.evaluate("document.documentElement.dataset.theme") == "dark" else "dark"
    page.emulate_media(color_scheme=other, reduced_motion="reduce")  # type: ignore[arg-type]
    page.wait_for_function("theme => document.documentElement.dataset.theme === theme", arg=other)
    found += faults(axe, page, f"{path} ({other})", _COLOURS)
    width_px = page.viewport_size["width"] if page.viewport_size else 0
    if (wide_px := page.evaluate("document.documentElement.scrollWidth")) > width_px:
        found.append(f"{path}: {wide_px} px wide on a screen of {width_px}")
    return found


def faults(axe: Axe, page: Page, path: str, options: Mapping[str, object] = _ALL) -> list[str]:
    """What axe finds on a page as it is now; one that plays is never at rest."""
    found = axe.run(page, options={**options, "resultTypes": ["violations"]}).response["violations"]
    return [f"{path}: {one['id']}: {one['nodes'][0]['html'][:120]}" for one in found]


# From the key to what it brings: the next question (or call) on the screen, and its evidence to be heard.
_MEASURING = """
  const shown = () => {
    const title = document.querySelector(".question:not([hidden]) h2, .ended:not([hidden]) h2");
    return title && `${document.querySelector(".desk").dataset.item} ${title.innerText}`;
  };
  window.answered = [];
  let last = null;
  document.addEventListener("keydown", (event) => {
    if (event.key === "y" || event.key === "Enter")
      last = { key: event.key, at: performance.now(), was: shown() };
  }, true);
  const ready = () => {
    if (last && last.shown === undefined && shown() !== last.was) {
      last.shown = performance.now() - last.at;
      window.answered.push(last);
    }
    requestAnimationFrame(ready);
  };
  ready();
  for (const name of ["playing", "seeked"])
    document.addEventListener(name, () => {
      if (last && last.heard === undefined) last.heard = performance.now() - last.at;
    }, true);
"""


def measure_answers(page: Page) -> None:
    """From now on the page notes what it adds to each answer; to be called before the first key."""
    page.evaluate(f"() => {{ {_MEASURING} }}")


def measured_answers(page: Page) -> list[dict[str, float]]:
    """Each `y` and `Enter` so far: ms until the next question was `shown`, and `heard` where it is played."""
    found: list[dict[str, float]] = page.evaluate("window.answered")
    return found
