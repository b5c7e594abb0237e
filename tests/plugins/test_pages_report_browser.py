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
from include.delivery.report import write_report
from include.delivery.summary import summarise
from tests.plugins.browser import chromium, context_of, listening, unusable
from tests.plugins.conftest import Connect
from tests.plugins.people import PEOPLE, airflow_shows_runs_to, served
from tests.unit.database.seeding import Day, recording
from tests.unit.delivery.seeding import SeededDay

Visit = Callable[..., Page]
RUN = "/report?dag_id=audit_calls&run_id=run-1"
SCREENS = ({"width_px": 390, "theme": "dark"}, {"width_px": 1440, "theme": "light"})
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
def reported(day: Day, runs_folder: Path) -> dict[str, str]:
    """A report with all that is drawn, and long names; some call ids by path."""
    seeded = SeededDay(day.database)
    seeded.batch("run-1")
    quote = {"turn_id": "t4", "speaker": "agent", "status": "verified", "quote": "your balance is ten"}
    found = quote | {"start_ms": 65_000, "end_ms": 67_000, "confidence": 0.9, "counts": True}
    ids = {}
    for n, pct in enumerate((0, 60, 80, 100)):
        agent = f"Agent {n} with quite a long name that nobody wants to see cut"
        path = f"2026/03/02/a-recording-whose-name-is-as-long-as-recorders-make-them-{n}.wav"
        ids[path] = call = seeded.call("run-1", path, agent=agent, queue=f"Queue {n % 2}", language="en")
        seeded.stages("run-1", call, at_s=300 * n)
        seeded.llm("run-1", call)
        answers = {"verified": "no" if not pct else "yes", "closing": "no", "dead_air": "yes"}
        seeded.audit("run-1", call, pct, answers, evidence={"verified": [found]})
    ids["lost.wav"] = seeded.call("run-1", "lost.wav", CallState.FAILED, reason="stt: broke")
    seeded.failure("run-1", ids["lost.wav"], Stage.STT)
    write_report(summarise(day.database, "run-1"), report_folder(Settings.load(), "run-1"))
    day.database.write(lambda connection: owed.close(connection, "run-1", None))
    return ids


@pytest.fixture
def url(day: Day, setting: Connect) -> Iterator[str]:
    setting("people", PEOPLE)
    with served() as outer, airflow_shows_runs_to("vera", "rita"), listening(outer) as at:
        yield at


@pytest.fixture
def visit(browser: Browser, url: str) -> Iterator[Visit]:
    """Opens a page as a reader of calls, or somebody else; what goes wrong in its scripts fails the test."""
    opened = []

    def visited(path: str, user: str = "rita", **how: object) -> Page:
        context = context_of(browser, url, user, **how)  # type: ignore[arg-type]
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
    (folder / "report.html").write_text('<meta name="cofi-calls" content="marked"><h1>Audited</h1>')
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


def test_a_run_that_is_on_is_easy_to_look_at(visit: Visit, running: Batch) -> None:
    for screen in SCREENS:
        page = visit(RUN, **screen)
        assert page.evaluate("document.documentElement.dataset.theme") == screen["theme"]
        assert unusable(Axe(), page, RUN) == []


# vera looks after runs, and may see no call.
@pytest.mark.drawn
@pytest.mark.parametrize("user", ["rita", "vera"])
def test_a_report_is_easy_to_read(visit: Visit, reported: dict[str, str], user: str) -> None:
    for screen in SCREENS:
        page = visit(RUN, user, **screen)
        assert page.evaluate("document.documentElement.dataset.theme") == screen["theme"]
        for details in page.locator("details").all():
            details.evaluate("one => { one.open = true; }")
        assert unusable(Axe(), page, RUN) == []


def test_a_report_takes_the_theme_that_airflow_around_it_has(visit: Visit, reported: dict[str, str]) -> None:
    page = visit(RUN, theme="light")
    background = "getComputedStyle(document.body).backgroundColor"
    assert page.evaluate(background) == "rgb(245, 246, 248)"
    page.evaluate("localStorage.setItem('theme', 'dark')")
    page.reload()
    assert page.evaluate(background) == "rgb(20, 24, 29)"


def test_a_report_leads_to_its_calls_and_to_the_log_of_a_failed_one(
    visit: Visit, reported: dict[str, str], url: str
) -> None:
    page = visit(RUN)
    hrefs = page.eval_on_selector_all("a", "all => all.map(one => one.href)")
    # Calls that passed stand in figures alone.
    listed = {one for one in hrefs if "/calls/" in one}
    assert listed < {f"{url}/calls/{call_id}" for call_id in reported.values()}
    assert {f"{url}/calls/{reported[path]}" for path in ("lost.wav", min(reported))} <= listed
    log = f"{url}/log?batch_id=run-1&call_id={reported['lost.wav']}"
    assert page.locator("a[data-airflow]").evaluate("one => one.href") == log


@pytest.mark.drawn
def test_who_looks_after_runs_is_led_to_the_log_of_a_failed_call_and_to_no_call(
    visit: Visit, reported: dict[str, str], url: str
) -> None:
    page = visit(RUN, "vera")
    expect(page.locator(".notice").first).to_contain_text("lacks the right 'Calls: text'")
    hrefs = page.eval_on_selector_all("a", "all => all.map(one => one.href)")
    assert not [one for one in hrefs if "/calls/" in one]
    log = f"{url}/log?batch_id=run-1&call_id={reported['lost.wav']}"
    assert page.locator("a[data-airflow]").evaluate("one => one.href") == log
    text = page.content()
    assert not [one for one in ("Agent 0", "your balance is ten", *reported) if one in text]


def test_a_link_to_airflow_opens_around_the_page_and_not_within_it(
    visit: Visit, reported: dict[str, str], url: str
) -> None:
    page = visit(RUN)
    # Airflow's own page, with the report in a frame as its plugins have them.
    rules = "allow-scripts allow-same-origin allow-forms"
    frame = f'<iframe sandbox="{rules}" src="{url}{RUN}" width="900"></iframe>'
    page.route("**/airflow", lambda route: route.fulfill(body=frame, content_type="text/html"))
    page.route("**/log?*", lambda route: route.fulfill(body="<h1>The log</h1>", content_type="text/html"))
    page.goto(url.removesuffix("/cofi") + "/airflow")
    inner = page.frame_locator("iframe")
    inner.get_by_text("one by one").click()
    inner.locator("a[data-airflow]").click()
    expect(page.locator("h1")).to_have_text("The log")
