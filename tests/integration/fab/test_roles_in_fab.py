"""Airflow's FAB auth manager with cofi's roles, as docker-compose.yaml sets it up: who sees what.

`make test-more` has an environment with FAB; elsewhere these tests are skipped.
"""

import importlib.util
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import requests

from include.demo.keys import keys_in
from include.demo.ports import free_port
from tests.airflow_home import REPOSITORY

pytestmark = [
    pytest.mark.timeout(900),
    pytest.mark.skipif(
        importlib.util.find_spec("airflow.providers.fab") is None,
        reason="FAB is not installed here: `make test-more` has an environment with it",
    ),
]
FAB = "airflow.providers.fab.auth_manager.fab_auth_manager.FabAuthManager"
PASSWORD = "only-for-this-test"
# By user, their role in FAB.
PEOPLE = {
    "ada": "Admin",
    "otto": "Op",
    "vera": "Viewer",
    "daniel": "Agent",
    "rita": "Reader",
    "ana": "Analyst",
    "carla": "Compliance",
}
Ask = Callable[..., int]


def run(home: Path, *command: str, environment: dict[str, str]) -> str:
    done = subprocess.run(
        [sys.executable, "-m", *command],
        env=environment,
        cwd=home,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of an API server with FAB, a user of each role, and cofi's tables."""
    home = tmp_path_factory.mktemp("fab")
    for name in ("dags", "plugins", "include", "airflow.cfg"):
        (home / name).symlink_to(REPOSITORY / name)
    keys_in(home / "var" / "secrets")
    environment = {
        **{name: text for name, text in os.environ.items() if not name.startswith("AIRFLOW")},
        "AIRFLOW_HOME": str(home),
        "PYTHONPATH": f"{home}:{REPOSITORY}",
        "AIRFLOW__CORE__AUTH_MANAGER": FAB,
        "AIRFLOW_CONN_COFI_DB": f'{{"conn_type": "sqlite", "host": "{home}/var/cofi.db"}}',
    }
    cofi, airflow = "include.command_line", "airflow"
    run(home, airflow, "db", "migrate", environment=environment)
    run(home, cofi, "db", "migrate", environment=environment)
    assert "Analyst" in run(home, cofi, "roles", environment=environment)
    run(home, "tests.integration.fab.people", json.dumps(PEOPLE), PASSWORD, environment=environment)
    address = f"http://127.0.0.1:{(port := free_port())}"
    log = (home / "api-server.log").open("w")
    server = subprocess.Popen(
        [sys.executable, "-m", airflow, "api-server", "--port", str(port)],
        env=environment,
        stdout=log,
        stderr=subprocess.STDOUT,
    )
    try:
        until_it_answers(f"{address}/api/v2/monitor/health", server, home / "api-server.log")
        yield address
    finally:
        server.terminate()
        server.wait(60)


def until_it_answers(address: str, server: subprocess.Popen[bytes], log: Path) -> None:
    deadline_s = time.monotonic() + 300
    while True:
        try:
            if requests.get(address, timeout=60).ok:
                return
        except requests.ConnectionError:
            pass
        assert server.poll() is None and time.monotonic() < deadline_s, log.read_text()[-3000:]
        time.sleep(0.5)


@pytest.fixture(scope="module")
def ask(url: str) -> Ask:
    """Sends a request as somebody; the answer's status."""
    tokens: dict[str, str] = {}

    def send(user: str, path: str, method: str = "GET", **body: object) -> int:
        if user not in tokens:
            login = {"username": user, "password": PASSWORD}
            tokens[user] = requests.post(f"{url}/auth/token", json=login, timeout=60).json()["access_token"]
        # A write comes from a page of cofi's own.
        headers = {"Authorization": f"Bearer {tokens[user]}", "X-Cofi": "test"}
        return requests.request(method, url + path, headers=headers, timeout=60, **body).status_code

    return send


def may(ask: Ask, path: str, method: str = "GET", **body: object) -> set[str]:
    """Who is not refused."""
    return {user for user in PEOPLE if ask(user, path, method, **body) != 403}


def test_every_role_but_those_without_calls_is_shown_the_pages(ask: Ask) -> None:
    assert may(ask, "/api/v2/plugins") >= {"ada", "daniel", "rita", "ana", "carla"}, (
        "Airflow lists its tabs from it"
    )
    assert may(ask, "/cofi/mine") == {"ada", "daniel", "rita", "ana", "carla"}


def test_an_engineer_sees_no_call(ask: Ask) -> None:
    for path in (
        "mine",
        "search",
        "review",
        "trends",
        "days",
        "calibration",
        "disputes",
        "calls/x",
        "calls/x/sound",
    ):
        assert ask("otto", f"/cofi/{path}") == 403, path
    assert ask("otto", "/api/v2/connections") == 200


@pytest.mark.parametrize("page", ["search", "trends", "days"])
def test_calls_of_others_are_for_those_who_may_see_all_agents(ask: Ask, page: str) -> None:
    assert may(ask, f"/cofi/{page}") == {"ada", "rita", "ana", "carla"}


def test_sound_is_for_those_who_may_hear(ask: Ask) -> None:
    assert may(ask, "/cofi/calls/there-is-none/sound") == {"ada", "daniel", "ana", "carla"}


def test_answers_are_the_analysts_and_decisions_are_of_compliance(ask: Ask) -> None:
    assert may(ask, "/cofi/review") == {"ada", "ana"}
    assert may(ask, "/cofi/review/next", "POST", json={}) == {"ada", "ana"}
    assert may(ask, "/cofi/disputes") == {"ada", "carla"}
    assert may(ask, "/cofi/disputes/1/decision", "POST", json={}) == {"ada", "carla"}


def test_only_compliance_and_admins_read_airflows_own_record(ask: Ask) -> None:
    assert may(ask, "/api/v2/eventLogs") == {"ada", "carla"}


def test_an_agent_sees_no_run_and_an_analyst_triggers_none(ask: Ask) -> None:
    assert may(ask, "/api/v2/dags") == set(PEOPLE) - {"daniel"}
    run_of_none = {"logical_date": None, "conf": {"day": "2020-01-01"}}
    refused = {
        user
        for user in PEOPLE
        if ask(user, "/api/v2/dags/audit_calls/dagRuns", "POST", json=run_of_none) == 403
    }
    assert refused >= {"vera", "daniel", "rita", "ana", "carla"}
    assert "otto" not in refused
