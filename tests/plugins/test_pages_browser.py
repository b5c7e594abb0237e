"""The pages in a real browser: the path of twenty seconds, two people, a lost connection, phones, and axe."""

import asyncio
import csv
import shutil
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, Route, expect
from sqlalchemy import delete, func, select

from include.database.engine import Database
from include.database.models import CallAccessRow, ReviewAnswerRow, ReviewDrawRow, ReviewItemRow
from include.review.rules import ReviewRules
from include.search.indexing import index_calls
from include.trends.counting import count_days
from tests.demo_calls import DAYS
from tests.plugins.browser import (
    audited_anew,
    becomes,
    call_id_of,
    chromium,
    context_of,
    demo_database,
    faults,
    listening,
    measure_answers,
    measured_answers,
    unusable,
    with_queue,
)
from tests.plugins.conftest import Connect
from tests.plugins.people import AGENTS, PEOPLE, served

Visit = Callable[..., Page]
OWN = "1001-late-fee.ogg"
# As whom.
PAGES = {
    "/review": "ana",
    "/days": "ana",
    "/days/2026-11-16": "ana",
    f"/calls/{call_id_of(OWN)}": "daniel",
    "/calls/20261116-0": "ana",
    "/mine": "daniel",
    "/disputes": "carla",
    "/calibration": "carla",
    "/calibration/new?queue=billing": "carla",
    "/search": "rita",
    "/search?text=bill&first_day=2026-11-16": "rita",
    "/trends": "rita",
    f"/trends/group?name=Daniel+Reed&scorecard=service_call&until={DAYS[-1]}": "rita",
    "/trends/group?by=queue&name=billing": "rita",
    "/trends/criterion?criterion=courtesy_and_empathy&by=queue": "rita",
    "/trends/certified": "ana",
}
# Only calls that the rules of risk find: none of them is blind.
RISKS = ReviewRules(random=None, passes=None)


@pytest.fixture(scope="module")
def browser(files: dict[str, Path]) -> Iterator[Browser]:
    """After the database, which is made in a loop of its own: the browser runs one, too."""
    with chromium() as started:
        yield started


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The demo's database with a queue of risks, and with one by all rules."""
    folder = tmp_path_factory.mktemp("demo")
    made = {"risks": folder / "risks.db", "all": folder / "all.db"}
    asyncio.run(demo_database(made["risks"]))
    with closing(Database(f"sqlite:///{made['risks']}")) as database:
        index_calls(database)
        database.write(lambda connection: count_days(connection, DAYS))
    shutil.copy(made["risks"], made["all"])
    with_queue(made["risks"], RISKS)
    with_queue(made["all"], ReviewRules())
    return made


@pytest.fixture
def rules() -> str:
    """Which of them."""
    return "risks"


@pytest.fixture
def database(
    files: dict[str, Path], rules: str, tmp_path: Path, connection: Connect, setting: Connect
) -> Iterator[Database]:
    file = shutil.copy(files[rules], tmp_path / "cofi.db")
    connection("cofi_db", conn_type="sqlite", host=str(file))
    setting("people", PEOPLE)
    setting("agents_of_people", AGENTS)
    setting("listening_folder", tmp_path / "listening")
    opened = Database(f"sqlite:///{file}")
    yield opened
    opened.close()


@pytest.fixture
def url(database: Database) -> Iterator[str]:
    with served() as outer, listening(outer) as at:
        yield at


@pytest.fixture
def contexts() -> Iterator[list[BrowserContext]]:
    opened: list[BrowserContext] = []
    yield opened
    for context in opened:
        context.close()


@pytest.fixture
def visit(browser: Browser, url: str, contexts: list[BrowserContext]) -> Visit:
    """Opens a page as somebody; what goes wrong in its scripts fails the test."""

    def opened(path: str, user: str = "ana", **how: object) -> Page:
        context = context_of(browser, url, user, **how)  # type: ignore[arg-type]
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: pytest.fail(f"{page.url}: {error}"))
        page.goto(url + path)
        return page

    return opened


def _answers(database: Database) -> list[tuple[str, str, str]]:
    row = ReviewAnswerRow
    with database.reading() as connection:
        query = select(row.reviewer, row.verdict, row.criterion_id).order_by(row.id)
        return [tuple(one) for one in connection.execute(query)]


def _plays(page: Page) -> None:
    page.wait_for_function(
        "() => { const a = document.querySelector('audio'); return a && !a.paused && a.currentTime > 0; }"
    )


def _question(page: Page) -> str:
    shown = page.locator(".question:not([hidden]) h2, .ended:not([hidden]) h2")
    expect(shown).to_have_count(1)
    return str(shown.inner_text())


def _sent(page: Page) -> None:
    """Waits until the server has all answers."""
    page.wait_for_function("() => !JSON.parse(localStorage.getItem('cofi-outbox-ana') ?? '[]').length")


def _past(page: Page, question: str) -> None:
    """Waits until another question is shown, or the end."""
    shown = "document.querySelector('.question:not([hidden]) h2, .ended:not([hidden]) h2')?.innerText"
    page.wait_for_function(f"text => {shown} !== text", arg=question)


def test_ten_answers_by_keys_alone_each_with_its_evidence_from_its_start(
    visit: Visit, database: Database
) -> None:
    page = visit("/review")
    page.evaluate("window.touched = 0; addEventListener('pointerdown', () => { window.touched += 1; }, true)")
    page.wait_for_function("() => document.activeElement === document.body")
    measure_answers(page)
    page.keyboard.press("Enter")
    confirmed, places = 0, 0
    while confirmed < 10:
        question = _question(page)
        if question == "All answered":
            page.keyboard.press("Enter")
            expect(page.locator(".question:not([hidden]) .count")).to_contain_text("Question 1 of")
            continue
        chosen = page.locator(".question:not([hidden]) .evidence.chosen")
        if chosen.count():
            places += 1
            start_s = int(chosen.get_attribute("data-play-ms") or 0) / 1000
            _plays(page)
            at_s = page.evaluate("document.querySelector('audio').currentTime")
            # From 2 s before, or where the cut stretch before it ends; a slow machine is late by a little.
            assert max(0, start_s - 2) <= at_s + 0.01
            page.wait_for_timeout(300)
        page.keyboard.press("y")
        confirmed += 1
        _past(page, question)
    _sent(page)
    given = _answers(database)
    assert len(given) == 10
    assert {(who, verdict) for who, verdict, _ in given} == {("ana", "confirm")}
    assert places >= 5
    assert page.evaluate("window.touched") == 0
    # How long each took is no matter of a test (`make pictures` tells it), that each was measured is.
    measured = measured_answers(page)
    assert sum(one["key"] == "y" for one in measured) == 10
    print("ms from key to next question:", [round(one["shown"]) for one in measured])
    with database.reading() as connection:
        heard = select(func.count()).where(CallAccessRow.what == "heard", CallAccessRow.person == "ana")
        assert (connection.scalar(heard) or 0) >= 5


def test_the_next_sound_is_there_before_its_call_and_recorded_as_heard_only_when_it_plays(
    visit: Visit, database: Database
) -> None:
    page = visit("/review")
    sounds: list[str] = []
    page.on("request", lambda request: sounds.append(request.url) if "/sound" in request.url else None)
    page.wait_for_function("() => document.activeElement === document.body")
    with page.expect_request("**/sound?ahead=true") as fetched:
        page.keyboard.press("Enter")
    following = fetched.value.url.split("/calls/")[1].split("/")[0]
    fetched.value.response()
    assert _accesses(database, following) == {"ahead"}
    while (question := _question(page)) != "All answered":
        page.keyboard.press("y")
        _past(page, question)
    page.keyboard.press("Enter")
    expect(page.locator(f".desk[data-call='{following}']")).to_have_count(1)
    _plays(page)
    since_s = page.evaluate("document.querySelector('audio').currentTime")
    page.wait_for_function("s => document.querySelector('audio').currentTime > s + 0.5", arg=since_s)
    with page.expect_response(f"**/calls/{following}/heard"):
        page.keyboard.press(" ")
    assert _accesses(database, following) == {"ahead", "heard", "text"}
    assert all(url.endswith("?ahead=true") for url in sounds if following in url)


def _accesses(database: Database, call_id: str) -> set[str]:
    with database.reading() as connection:
        query = select(CallAccessRow.what).where(CallAccessRow.call_id == call_id)
        return set(connection.execute(query).scalars())


def test_overruling_takes_another_answer_and_a_reason(visit: Visit, database: Database) -> None:
    page = visit("/review")
    page.keyboard.press("Enter")
    first = _question(page)
    page.keyboard.press("n")
    page.keyboard.press("Space")  # the first other answer, which has the focus
    page.keyboard.press("Tab")
    page.keyboard.type("It was said")
    page.keyboard.press("Tab")
    page.keyboard.type("She says her name later")
    page.keyboard.press("Control+Enter")
    _past(page, first)
    _sent(page)
    with database.reading() as connection:
        row = connection.execute(select(ReviewAnswerRow.__table__)).one()
    assert (row.verdict, row.reason_code, row.reason) == (
        "overrule",
        "said_otherwise",
        "She says her name later",
    )
    assert row.answer != row.machine_answer


def test_what_is_typed_is_there_again_after_a_reload(visit: Visit) -> None:
    page = visit("/review")
    page.keyboard.press("Enter")
    _question(page)
    page.keyboard.press("t")
    words = page.locator(".question:not([hidden]) form.transcript_error textarea")
    words.fill("what she really says")
    page.reload()
    _question(page)
    page.keyboard.press("t")
    expect(words).to_have_value("what she really says")


def test_keys_are_shown_and_closed_by_keys(visit: Visit) -> None:
    page = visit("/review")
    page.keyboard.press("?")
    expect(page.locator("dialog")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("dialog")).to_be_hidden()


@pytest.mark.parametrize("rules", ["all"])
def test_blind_the_machines_answer_comes_after_the_persons(visit: Visit, database: Database) -> None:
    page = visit("/review?sample=random")
    page.keyboard.press("Enter")
    _question(page)
    served_html = page.locator("#desk").inner_html()
    for trace in ("The machine says", "Why this score", 'class="figure', "evidence"):
        assert trace not in served_html
    page.keyboard.press("y")  # nobody confirms what they have not seen
    assert page.locator(".question:not([hidden]) .count").inner_text().startswith("Question 1 of")
    page.keyboard.press("1")
    expect(page.locator(".question:not([hidden]) .revealed")).to_contain_text("The machine says")
    page.keyboard.press("Enter")
    expect(page.locator(".question:not([hidden]) .count")).to_contain_text("Question 2 of")
    with database.reading() as connection:
        assert connection.execute(select(ReviewAnswerRow.blind)).scalars().all() == [True]


def test_of_two_people_one_gets_an_item(visit: Visit, database: Database) -> None:
    ana, ben = visit("/review"), visit("/review", "ben")
    item = ana.locator("[data-item]").first
    name, recording = item.get_attribute("data-item"), item.get_attribute("aria-label")
    item.click()
    _question(ana)
    ben.locator(f"[data-item='{name}']").click()
    expect(ben.locator(".kept")).to_contain_text("ana has call")
    ben.keyboard.press("Escape")
    ben.locator("h1").first.click()
    ben.keyboard.press("Enter")
    _question(ben)
    assert ben.locator("#desk h1").inner_text() not in str(recording)
    with database.reading() as connection:
        query = select(ReviewItemRow.taken_by).where(ReviewItemRow.item_id == name)
        assert connection.scalar(query) == "ana"


def test_a_lost_connection_loses_nothing(visit: Visit, database: Database) -> None:
    page = visit("/review")
    page.keyboard.press("Enter")
    _question(page)
    page.context.set_offline(True)
    for _ in range(3):
        page.keyboard.press("y")
    expect(page.locator(".kept")).to_contain_text("3 answers are kept")
    assert not _answers(database)
    page.context.set_offline(False)
    expect(page.locator(".kept")).to_be_hidden()
    assert len(_answers(database)) == 3


def test_of_a_call_that_is_audited_anew_meanwhile_the_new_answers_are_asked(
    visit: Visit, database: Database
) -> None:
    page = visit("/review")
    page.keyboard.press("Enter")
    first = _question(page)
    page.keyboard.press("n")
    form = page.locator(".question:not([hidden]) form.overrule")
    form.locator("textarea").fill("half written")
    page.keyboard.press("Escape")
    call_id = page.locator(".desk").get_attribute("data-call")
    page.context.set_offline(True)
    while (question := _question(page)) != "All answered":
        page.keyboard.press("y")
        _past(page, question)
    audited_anew(database, str(call_id))
    page.context.set_offline(False)
    expect(page.locator(".desk[data-audit=anew]")).to_have_attribute("data-call", str(call_id))
    expect(page.locator(".kept")).to_contain_text("audited anew since you saw it: look again")
    _sent(page)
    assert (_question(page), _answers(database)) == (first, [])
    page.keyboard.press("n")
    expect(form.locator("textarea")).to_have_value("half written")
    page.keyboard.press("Escape")
    page.keyboard.press("y")
    _past(page, first)
    _sent(page)
    assert len(_answers(database)) == 1


def test_an_answer_whose_receipt_was_lost_is_stored_once(visit: Visit, database: Database) -> None:
    page = visit("/review")
    lost = []

    def lose(route: Route) -> None:
        if lost:
            route.continue_()
            return
        lost.append(route.fetch().status)  # the server has it; the browser never learns of it
        route.abort("connectionreset")

    page.route("**/answers", lose)
    page.keyboard.press("Enter")
    _question(page)
    page.keyboard.press("y")
    _sent(page)
    assert lost == [200]
    assert len(_answers(database)) == 1


def test_answers_survive_a_closed_tab(visit: Visit, database: Database, url: str) -> None:
    page = visit("/review")
    page.keyboard.press("Enter")
    _question(page)
    page.context.set_offline(True)
    page.keyboard.press("y")
    context = page.context
    page.close()
    context.set_offline(False)
    again = context.new_page()
    again.goto(url + "/review")
    _sent(again)
    assert len(_answers(database)) == 1


def test_an_analyst_without_the_right_hears_nothing(visit: Visit) -> None:
    page = visit(f"/calls/{call_id_of(OWN)}", "rita")
    assert page.locator("audio").count() == 0
    status = page.evaluate("async path => (await fetch(path)).status", f"/cofi/calls/{call_id_of(OWN)}/sound")
    assert status == 403


def test_speed_and_place_survive(visit: Visit) -> None:
    page = visit(f"/calls/{call_id_of(OWN)}")
    page.locator(".speed").select_option("1.5")
    page.locator(".turn .at").nth(3).click()
    _plays(page)
    page.keyboard.press("Escape")
    page.locator("h1").click()
    page.keyboard.press("Space")
    at_s = page.evaluate("document.querySelector('audio').currentTime")
    page.reload()
    page.wait_for_function("() => document.querySelector('audio').currentTime > 0")
    assert page.evaluate("document.querySelector('audio').playbackRate") == 1.5
    assert abs(page.evaluate("document.querySelector('audio').currentTime") - at_s) < 1


def test_words_are_lit_as_they_are_spoken_and_cuts_are_skipped(visit: Visit) -> None:
    page = visit(f"/calls/{call_id_of(OWN)}")
    expect(page.locator(".lanes")).to_be_visible()
    page.keyboard.press("Space")
    # The first 38 s are prompts and music with short pauses between them.
    page.wait_for_selector(".turn.now .lit", timeout=30_000)
    assert page.evaluate("document.querySelector('audio').currentTime") > 38


def test_a_half_answered_call_goes_on_where_it_was_left(visit: Visit, database: Database) -> None:
    page = visit("/review")
    # One with several questions.
    rows = page.locator("tbody tr")
    asked = [int(text) for text in rows.locator("[data-label=questions]").all_inner_texts()]
    row = rows.nth(asked.index(max(asked)))
    assert max(asked) > 1
    row.locator("[data-item]").click()
    first = _question(page)
    page.keyboard.press("y")
    _past(page, first)
    second = _question(page)
    _sent(page)
    page.reload()
    assert _question(page) == second
    while (question := _question(page)) != "All answered":
        page.keyboard.press("u")
        _past(page, question)
    _sent(page)
    lines = page.locator(".summary li")
    expect(lines).to_have_count(max(asked))
    expect(lines.first).to_contain_text(first)
    lines.first.get_by_role("button").click()
    assert _question(page) == first
    page.keyboard.press("u")
    _past(page, first)
    _sent(page)
    assert len(_answers(database)) == max(asked) + 1


def test_a_call_is_reviewed_from_its_page_though_no_rule_has_drawn_it(
    visit: Visit, database: Database
) -> None:
    with database.writing() as connection:
        connection.execute(delete(ReviewDrawRow))
        connection.execute(delete(ReviewItemRow))
    page = visit(f"/calls/{call_id_of(OWN)}")
    page.get_by_role("button", name="Review").click()
    first = _question(page)
    page.keyboard.press("Enter")
    _past(page, first)
    second = _question(page)
    page.keyboard.press("u")
    _past(page, second)
    while (question := _question(page)) != "Your answers":
        page.keyboard.press("Enter")
        _past(page, question)
    expect(page.locator(".summary li")).to_have_count(1)
    page.keyboard.press("Enter")
    expect(page.locator(".kept")).to_contain_text("Nothing is left")
    assert [verdict for _, verdict, _ in _answers(database)] == ["cannot_tell"]
    with database.reading() as connection:
        assert connection.scalars(select(ReviewItemRow.state)).all() == ["done"]


def test_answers_of_who_is_signed_out_are_kept_and_the_page_says_so(visit: Visit, database: Database) -> None:
    page = visit("/review")
    page.keyboard.press("Enter")
    _question(page)
    cookies = page.context.cookies()
    page.context.clear_cookies()
    page.keyboard.press("y")
    expect(page.locator(".kept")).to_contain_text("You are signed out: 1 answer is kept")
    page.context.add_cookies(
        [{"name": one["name"], "value": one["value"], "url": page.url} for one in cookies]
    )
    expect(page.locator(".kept")).to_be_hidden()
    assert len(_answers(database)) == 1


def test_an_agent_disputes_and_somebody_else_decides(visit: Visit) -> None:
    call = f"/calls/{call_id_of(OWN)}"
    daniel = visit(call, "daniel")
    answer = daniel.locator("#criterion-courtesy_and_empathy")
    answer.locator("summary").first.click()
    answer.locator(".raise summary").click()
    answer.locator("select[name=held_answer]").select_option("no")
    answer.locator("textarea").fill("I was in a hurry")
    answer.locator(".raise button").click()
    expect(answer.locator("summary").first).to_contain_text("disputed")
    expect(answer.get_by_text("to be decided by")).to_be_visible()
    carla = visit("/disputes", "carla")
    form = carla.locator("form[data-post]")
    expect(carla.locator(".quote")).to_contain_text("I was in a hurry")
    form.locator("select").select_option("no")
    form.locator("textarea").fill("So it is")
    form.locator("button").click()
    expect(carla.locator(".person")).to_contain_text("So it is")
    daniel.goto(daniel.url.split("#")[0])
    daniel.locator("#criterion-courtesy_and_empathy summary").first.click()
    expect(daniel.locator("#criterion-courtesy_and_empathy")).to_contain_text("the agent is right")


def test_three_people_calibrate_blind_until_the_last_and_then_see_where_they_differ(visit: Visit) -> None:
    axe, trouble = Axe(), []
    carla = visit("/search?queue=billing", "carla")
    carla.get_by_role("link", name="calibrate").click()
    carla.get_by_label("Title").fill("November")
    for name in ("ana", "ben"):
        carla.get_by_label(name, exact=True).check()
    carla.locator("input[name=others]").fill("admin")
    carla.locator("input[name=expert]").fill("admin")
    carla.locator("input[name=calls]").fill("2")
    carla.get_by_text("Ask only some of the criteria").click()
    for name in ("identity_verified", "courtesy_and_empathy"):
        carla.locator(f"input[value={name}]").check()
    carla.get_by_role("button", name="Open the session").click()
    expect(carla.locator("h1")).to_have_text("November")
    session = carla.url.split("/cofi", 1)[1]
    for user, first_answer in (("ana", "1"), ("ben", "2"), ("admin", "2")):
        page = visit(session, user, width_px=390)
        expect(page.get_by_text("How far people agree")).to_have_count(0)
        page.get_by_role("link", name="Answer the next call").click()
        for number in (1, 2):
            expect(page.locator(".desk .head .muted")).to_contain_text(f"call {number} of 2")
            if user == "ana" and number == 1:
                trouble += faults(axe, page, "desk")
                page.locator(".question:not([hidden]) textarea").fill("she gives her number")
                page.locator("h1").click()
            for question, key in ((1, first_answer), (2, "1")):
                count = page.locator(".question:not([hidden]) .count")
                expect(count).to_contain_text(f"Question {question} of 2")
                page.keyboard.press(key)
            expect(page.locator(".ended")).to_be_visible()
            page.keyboard.press("Enter")
        submit = page.get_by_role("button", name="Submit my answers")
        expect(submit).to_be_visible()
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
        trouble += faults(axe, page, "before it is submitted")
        submit.click()
        expect(submit).to_have_count(0)
    expect(page.get_by_role("heading", name="With the expert, admin")).to_be_visible()
    ana = visit(session, "ana", width_px=390)
    differ = ana.locator("table.differ")
    expect(differ.locator("tbody tr")).to_have_count(2)
    expect(differ).to_contain_text("she gives her number")
    trouble += faults(axe, ana, "results")
    assert ana.evaluate("document.documentElement.scrollWidth") <= 390
    differ.locator("a").first.click()
    expect(ana.locator("#score-title")).to_be_visible()
    assert not trouble


@pytest.mark.parametrize(("width_px", "theme"), [(390, "dark"), (1440, "light")])
def test_no_page_is_hard_to_use_for_anybody(visit: Visit, width_px: int, theme: str) -> None:
    axe, trouble = Axe(), []
    page = visit("/review", width_px=width_px, theme=theme)
    base = page.url.removesuffix("/review")
    for path, user in PAGES.items():
        # A page for all: to open one takes a browser longer than to show what stands on it.
        becomes(page, user, theme=theme)
        page.goto(base + path)
        assert page.evaluate("document.documentElement.dataset.theme") == theme
        if path == "/review":
            trouble += unusable(axe, page, path)
            page.keyboard.press("Enter")
            _question(page)
        trouble += unusable(axe, page, path)
    assert not trouble


def test_a_chart_on_a_phone_shows_its_newest_weeks(visit: Visit) -> None:
    page = visit("/trends", "ana", width_px=390)
    page.locator(".chart").first.scroll_into_view_if_needed()
    expect(page.locator(".chart").first.locator("circle").last).to_be_in_viewport()


def test_what_a_search_finds_is_saved_by_a_click(visit: Visit, tmp_path: Path) -> None:
    page = visit("/search", "rita")
    page.get_by_label("Said in the call").fill("bill")
    page.get_by_role("button", name="Search").first.click()
    found = page.locator(".found .path")
    expect(found).not_to_have_count(0)
    with page.expect_download() as download:
        page.locator(".export").get_by_text("CSV").click()
    assert download.value.suggested_filename == "calls.csv"
    download.value.save_as(tmp_path / "calls.csv")
    with (tmp_path / "calls.csv").open(encoding="utf-8-sig", newline="") as file:
        assert [row["path"] for row in csv.DictReader(file)] == found.all_inner_texts()
