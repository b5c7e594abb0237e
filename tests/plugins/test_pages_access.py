"""Who gets an answer from the pages: nobody who is not signed in, and nothing without its right."""

from collections.abc import Callable, Iterator

import pytest
from fastapi import FastAPI
from fastapi.routing import APIRoute
from fastapi.testclient import TestClient

from cofi.ui.app import app
from include.access.rights import ROLES, Right
from tests.plugins.conftest import Connect
from tests.plugins.people import AGENTS, PEOPLE, WRITES, client_of, served
from tests.unit.database.seeding import Day

As = Callable[[str | None], TestClient]
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


def test_the_application_has_no_route_that_fastapi_adds_by_itself() -> None:
    assert {type(route) for route in app.routes} == {APIRoute}


def test_whoever_has_no_role_sees_no_tab_and_is_told_whom_to_ask(as_: As) -> None:
    answer = as_("vera").get("/cofi/")
    assert answer.status_code == 403
    assert "[cofi] people" in answer.text


def test_the_entrance_leads_to_the_first_tab(as_: As) -> None:
    answer = as_("carla").get("/cofi/")
    assert (answer.status_code, answer.headers["location"]) == (307, "/cofi/search")


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
