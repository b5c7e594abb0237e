"""A run's page and its report in a real browser: fresh by itself, and easy to use for anybody."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from cofi.settings import Settings
from cofi.ui.links import report_folder
from include.calls.call import CallState
from include.calls.stage import GPU_STAGES, Stage
from include.database import owed
from include.database.batches import Batch
from include.database.outcomes import Failure
from tests.plugins.browser import chromium, context_of, listening, violations
from tests.plugins.people import airflow_shows_runs_to, served
from tests.unit.database.seeding import Day, recording

Visit = Callable[..., Page]
RUN = "/report?dag_id=audit_calls&run_id=run-1"
CALLS = [recording(f"{n:02}-a-recording-with-quite-a-long-name.wav") for n in range(12)]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as started:
        yield started


@pytest.fixture
def running(day: Day, runs_folder: Path) -> Batch:
    """A run that is on: calls at several stages, some lost, a host in trouble."""
    batch = day.planned(*CALLS)
    day.audit(batch, *CALLS[:3])
    day.audit(batch, *CALLS[3:6], stages=[Stage.DISTRIBUTE, *GPU_STAGES])
    lost = [Failure(call.call_id, "bug", "broke", state=CallState.FAILED) for call in CALLS[6:8]]
    day.save(batch, Stage.STT, lost)
    day.save(batch, Stage.DENOISE, [Failure(None, "host_lost", "gpu_a does not answer: start it")])
    return batch


@pytest.fixture
def url(day: Day) -> Iterator[str]:
    with served() as outer, airflow_shows_runs_to("vera"), listening(outer) as at:
        yield at


@pytest.fixture
def visit(browser: Browser, url: str) -> Iterator[Visit]:
    """Opens a page as a viewer of Airflow; what goes wrong in its scripts fails the test."""
    opened = []

    def visited(path: str, **how: object) -> Page:
        context = context_of(browser, url, "vera", **how)  # type: ignore[arg-type]
        opened.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: pytest.fail(f"{path}: {error}"))
        page.clock.install()
        page.goto(url + path)
        return page

    yield visited
    for context in opened:
        context.close()


def test_the_page_is_fresh_by_itself_and_becomes_the_report(visit: Visit, day: Day, running: Batch) -> None:
    page = visit(RUN)
    expect(page.locator("#live")).to_contain_text("5 of 12 calls")
    page.evaluate("window.same = true")
    day.audit(running, CALLS[3], stages=[Stage.LLM1, Stage.LLM2])
    page.clock.run_for(6_000)
    expect(page.locator("#live")).to_contain_text("6 of 12 calls")
    assert page.evaluate("window.same")  # in its place: nothing that somebody reads jumps

    folder = report_folder(Settings.load(), "run-1")
    folder.mkdir(parents=True)
    (folder / "report.html").write_text("<h1>Audited</h1>")
    day.database.write(lambda connection: owed.close(connection, "run-1", None))
    page.clock.run_for(6_000)
    expect(page.locator("h1")).to_have_text("Audited")


def test_a_page_that_cannot_be_renewed_says_so(visit: Visit, running: Batch) -> None:
    page = visit(RUN)
    page.route("**/report*", lambda route: route.fulfill(status=503, body="down"))
    page.clock.run_for(6_000)
    expect(page.locator("#fresh")).to_contain_text("Not fresh: the server answered 503")
    expect(page.locator("#live")).to_contain_text("5 of 12 calls")
    page.unroute("**/report*")
    page.clock.run_for(6_000)
    expect(page.locator("#fresh")).to_contain_text("Looks again every 5 s")


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width_px", [390, 1440])
def test_a_run_that_is_on_is_easy_to_look_at(visit: Visit, running: Batch, width_px: int, theme: str) -> None:
    page = visit(RUN, width_px=width_px, theme=theme)
    assert violations(Axe(), page, RUN) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width_px
    assert page.evaluate("document.documentElement.dataset.theme") == theme
