"""Who gets an answer from the pages: nobody who is not signed in, and nothing without its right."""

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from itertools import chain, combinations

import pytest
from fastapi import FastAPI
from fastapi.routing import APIRoute
from fastapi.testclient import TestClient

from cofi.ui.access import person_of
from cofi.ui.app import app
from cofi.ui.tabs import TABS, tabs_of
from include.access.rights import ROLES, Person, Right
from tests.plugins.conftest import Connect
from tests.plugins.people import AGENTS, PEOPLE, WRITES, airflow_shows_runs_to, client_of, served
from tests.unit.database.seeding import Day

As = Callable[[str | None], TestClient]
Having = Callable[[Collection[Right]], TestClient]
ROUTES = [
    (route.path, method)
    for route in app.routes
    if isinstance(route, APIRoute)
    for method in sorted(route.methods)
]
FILLED = {
    "day": "2026-11-16",
    "call_id": "20261116-a3ae2d194970cd3e1198",
    "version": "1",
    "name": "theme.js",
    "search_id": "1",
}
# What each route wants: all of these; of those in a tuple, one.
READS, HEARS = (Right.TEXT,), (Right.TEXT, Right.AUDIO)
OF_ALL = (Right.TEXT, Right.OTHERS)
REVIEWS, DECIDES = (*OF_ALL, Right.ANSWER), (*OF_ALL, Right.DECIDE)
WANTED: Mapping[str, Collection[Right | tuple[Right, ...]]] = {
    "GET /shard": OF_ALL,
    "GET /review": REVIEWS,
    "POST /review/next": REVIEWS,
    "GET /review/ahead": REVIEWS,
    "POST /review/items/{item_id}/answers": REVIEWS,
    "POST /review/items/{item_id}/finish": REVIEWS,
    "POST /review/items/{item_id}/skip": REVIEWS,
    "POST /review/items/{item_id}/release": REVIEWS,
    "GET /search": OF_ALL,
    "GET /search/export": OF_ALL,
    "POST /search/saved": OF_ALL,
    "DELETE /search/saved/{search_id}": OF_ALL,
    "GET /trends": OF_ALL,
    "GET /trends/group": OF_ALL,
    "GET /trends/criterion": OF_ALL,
    "GET /trends/certified": OF_ALL,
    "GET /mine": READS,
    "GET /days": OF_ALL,
    "GET /days/{day}": OF_ALL,
    "GET /calls/{call_id}": READS,
    "GET /calls/{call_id}/shown": READS,
    "GET /calls/{call_id}/sound": HEARS,
    "GET /calls/{call_id}/peaks": HEARS,
    "POST /calls/{call_id}/heard": HEARS,
    "POST /calls/{call_id}/review": REVIEWS,
    "POST /calls/{call_id}/assignment": DECIDES,
    "POST /review/assign": DECIDES,
    "POST /calls/{call_id}/disputes": READS,
    "POST /disputes/{dispute_id}/withdrawal": READS,
    "GET /disputes": DECIDES,
    "POST /disputes/{dispute_id}/decision": DECIDES,
    "GET /calibration": (*OF_ALL, (Right.ANSWER, Right.DECIDE)),
    "GET /calibration/new": DECIDES,
    "POST /calibration": DECIDES,
    "GET /calibration/{session_id}": (*OF_ALL, (Right.ANSWER, Right.DECIDE)),
    "GET /calibration/{session_id}/calls/{call_id}": REVIEWS,
    "POST /calibration/{session_id}/calls/{call_id}/answers": REVIEWS,
    "POST /calibration/{session_id}/submission": REVIEWS,
    "POST /calibration/{session_id}/closing": DECIDES,
    "POST /calibration/{session_id}/withdrawal": DECIDES,
}
# For whoever is signed in, or sees the run: what they tell depends on rights, and is tested with what it is.
WITHOUT_RIGHTS = {"GET /", "GET /static/{version}/{name}", "GET /report", "GET /log"}


@pytest.fixture
def outer(day: Day, setting: Connect) -> Iterator[FastAPI]:
    """The pages on a database."""
    setting("people", PEOPLE)
    setting("agents_of_people", AGENTS)
    with served() as made:
        yield made


@pytest.fixture
def as_(outer: FastAPI) -> As:
    """A browser of somebody."""
    return lambda name: client_of(outer, name)


@pytest.fixture
def having(outer: FastAPI) -> Having:
    """A browser of an agent who has these rights, and sees runs."""

    def browser(rights: Collection[Right]) -> TestClient:
        person = Person("daniel", frozenset(rights).__contains__, frozenset({"Daniel Reed"}))
        app.dependency_overrides[person_of] = lambda: person
        return client_of(outer, "daniel")

    return browser


@pytest.mark.parametrize(("path", "method"), ROUTES)
def test_no_route_answers_anonymously(as_: As, path: str, method: str) -> None:
    url = "/cofi" + path.format_map({name: FILLED.get(name, "1") for name in _names(path)})
    answer = as_(None).request(method, url, headers=WRITES)
    assert answer.status_code == 401
    assert "Sign in" in answer.text


@pytest.mark.parametrize(("path", "method"), [route for route in ROUTES if route[1] not in ("GET", "HEAD")])
def test_every_write_wants_the_header_that_only_our_pages_send(as_: As, path: str, method: str) -> None:
    url = "/cofi" + path.format_map({name: FILLED.get(name, "1") for name in _names(path)})
    assert as_("admin").request(method, url).status_code == 403
    foreign = {**WRITES, "Origin": "https://evil.example"}
    assert as_("admin").request(method, url, headers=foreign).status_code == 403


def _names(path: str) -> list[str]:
    return [part[1:-1] for part in path.split("/") if part.startswith("{")]


def test_the_rights_that_each_route_wants_are_in_the_table() -> None:
    assert {f"{method} {path}" for path, method in ROUTES} == {*WANTED, *WITHOUT_RIGHTS}


@pytest.mark.parametrize("route", WANTED)
def test_a_route_wants_each_of_its_rights_and_no_other(having: Having, route: str) -> None:
    method, path = route.split()
    url = "/cofi" + path.format_map({name: FILLED.get(name, "1") for name in _names(path)})
    wanted = [one if isinstance(one, tuple) else (one,) for one in WANTED[route]]
    with airflow_shows_runs_to("daniel"):
        for one in wanted:
            answer = having(set(Right).difference(one)).request(method, url, headers=WRITES)
            assert (answer.status_code, one[0] in answer.text) == (403, True), one
        for one in wanted[-1]:
            enough = {*chain(*wanted[:-1]), one}
            answer = having(enough).request(method, url, headers=WRITES)
            # What is asked for is not there, or not asked for rightly.
            assert answer.status_code in {200, 400, 404, 422}, answer.text


@pytest.mark.parametrize("rights", [set(some) for n in range(6) for some in combinations(Right, n)])
def test_a_tab_is_shown_to_those_who_may_open_it(having: Having, rights: Collection[Right]) -> None:
    browser = having(rights)
    person = app.dependency_overrides[person_of]()
    may = {tab.path for tab in TABS if browser.get(f"/cofi{tab.path}").status_code == 200}
    assert {tab.path for tab in tabs_of(person)} == may


def test_the_application_has_no_route_that_fastapi_adds_by_itself() -> None:
    assert {type(route) for route in app.routes} == {APIRoute}


def test_whoever_has_no_role_sees_no_tab_and_is_told_whom_to_ask(as_: As) -> None:
    answer = as_("vera").get("/cofi/")
    assert answer.status_code == 403
    assert "[cofi] people" in answer.text


# By role, somebody who has it and where they begin.
ENTRANCES = {
    "agent": ("daniel", "/cofi/mine"),
    "reader": ("rita", "/cofi/search"),
    "analyst": ("ana", "/cofi/review"),
    "compliance": ("carla", "/cofi/search"),
    "admin": ("admin", "/cofi/review"),
}


@pytest.mark.parametrize("role", ROLES)
def test_the_entrance_leads_to_a_page_that_the_role_may_see(as_: As, role: str) -> None:
    name, page = ENTRANCES[role]
    answer = as_(name).get("/cofi/")
    assert (answer.status_code, answer.headers["location"]) == (307, page)
    assert as_(name).get(page).status_code == 200


def test_whoever_is_refused_a_page_has_the_tabs_that_are_theirs(as_: As) -> None:
    answer = as_("daniel").get("/cofi/search")
    assert answer.status_code == 403
    assert re.findall(r'href="([^"]*)"[^>]*>My calls', answer.text) == ["/cofi/mine"]
    assert "Trends" not in answer.text


def test_an_agent_does_not_see_the_days_of_all_agents(as_: As) -> None:
    answer = as_("daniel").get("/cofi/days")
    assert answer.status_code == 403
    assert Right.OTHERS in answer.text


def test_an_admin_of_airflow_may_do_all(as_: As) -> None:
    assert as_("admin").get("/cofi/days").status_code == 200


def test_pages_may_run_nothing_that_is_not_served_here(as_: As) -> None:
    headers = as_("ana").get("/cofi/days").headers
    assert "script-src 'self';" in headers["Content-Security-Policy"]
    assert headers["Cache-Control"] == "no-store"


def test_scripts_and_styles_are_kept_but_by_no_proxy(as_: As) -> None:
    answer = as_("ana").get("/cofi/static/1/theme.js")
    assert answer.headers["Cache-Control"].startswith("private")
    assert as_("ana").get("/cofi/static/1/..%2Fapp.py").status_code == 404


def test_only_admins_may_do_everything() -> None:
    assert [role for role, rights in ROLES.items() if rights == frozenset(Right)] == ["admin"]
