"""Users of the pages: a server that knows who asks by a header, and an auth manager of the simple kind."""

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

from airflow.api_fastapi.auth.managers.simple.simple_auth_manager import SimpleAuthManager
from airflow.api_fastapi.auth.managers.simple.user import SimpleAuthManagerUser
from airflow.api_fastapi.core_api.security import get_user
from fastapi import FastAPI, HTTPException, Request
from fastapi.testclient import TestClient

from cofi.ui.access import WRITE_HEADER, auth_manager
from cofi.ui.action_log import noted
from cofi.ui.app import app
from cofi.ui.tasks import listing

# As the setting says it; whoever is not in it is a viewer of Airflow and nothing here.
PEOPLE = "ana: analyst, ben: analyst, daniel: agent, carla: compliance, rita: reader"
AGENTS = Path(__file__).parent / "agents_of_people.csv"
USER = "X-Test-User"
WRITES = {WRITE_HEADER: "1"}


def _user(request: Request) -> SimpleAuthManagerUser:
    name = request.headers.get(USER) or request.cookies.get("test_user")
    if not name:
        raise HTTPException(401, "Not authenticated")
    return SimpleAuthManagerUser(username=name, role="admin" if name == "admin" else "viewer")


@contextmanager
def served(noted_down: list[tuple[str, str, str]] | None = None) -> Iterator[FastAPI]:
    """The pages below /cofi, as Airflow mounts them, with these people; its Audit Log is a list."""
    entries = [] if noted_down is None else noted_down
    app.dependency_overrides[get_user] = _user
    app.dependency_overrides[auth_manager] = SimpleAuthManager
    app.dependency_overrides[listing] = lambda: lambda dag_id, run_id: []
    app.dependency_overrides[noted] = lambda: (
        lambda person, event, call_ids: entries.extend((person.name, event, call_id) for call_id in call_ids)
    )
    outer = FastAPI()
    outer.mount("/cofi", app)
    yield outer
    app.dependency_overrides.clear()


def client_of(outer: FastAPI, name: str | None) -> TestClient:
    """A browser of somebody."""
    headers = {USER: name} if name else {}
    return TestClient(outer, headers={**headers, "Accept": "text/html"}, follow_redirects=False)


class _Airflow(SimpleAuthManager):
    """Shows the DAGs to some; the simple manager shows them to everybody."""

    def __init__(self, names: Collection[str]) -> None:
        super().__init__()
        self.names = names

    def is_authorized_dag(self, *, user: SimpleAuthManagerUser, **asked: Any) -> bool:  # type: ignore[override]
        return user.get_name() in self.names


@contextmanager
def airflow_shows_runs_to(*names: str) -> Iterator[None]:
    """Runs, their tasks and their logs are seen by these alone; without Airflow's database."""
    manager = _Airflow(names)
    with (
        patch("airflow.api_fastapi.core_api.security.get_auth_manager", lambda: manager),
        patch("airflow.models.DagModel.get_team_name", lambda dag_id: None),
    ):
        yield
