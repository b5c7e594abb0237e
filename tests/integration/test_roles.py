"""Three logins of the embedded stack: who may do what; and nobody reads keys in what running has written."""

import json
from collections.abc import Callable
from datetime import date

import pytest
import requests

from include.demo.stack import DAG_ID
from tests.integration.conftest import Running

pytestmark = pytest.mark.airflow
AskAs = Callable[..., int]


@pytest.fixture(scope="module")
def ask(running: Running) -> AskAs:
    """Sends a request as somebody; the answer's status."""
    url = running.stack.airflow.url
    passwords = json.loads((running.stack.var / "secrets" / "passwords.json").read_text())

    def send(user: str, method: str, path: str, **body: object) -> int:
        login = {"username": user, "password": passwords[user]}
        token = requests.post(f"{url}/auth/token", json=login, timeout=60).json()["access_token"]
        headers = {"Authorization": f"Bearer {token}"}
        answer = requests.request(method, f"{url}/api/v2/{path}", headers=headers, timeout=60, **body)
        return answer.status_code

    return send


def trigger(run_id: str) -> dict[str, object]:
    # A day that has no recordings, and never will.
    return {"json": {"logical_date": None, "dag_run_id": run_id, "conf": {"day": str(date(2020, 1, 1))}}}


def test_an_analyst_reads_and_triggers_nothing(ask: AskAs) -> None:
    assert ask("analyst", "GET", f"dags/{DAG_ID}/dagRuns") == 200
    assert ask("analyst", "POST", f"dags/{DAG_ID}/dagRuns", **trigger("by-analyst")) == 403
    assert ask("analyst", "PATCH", f"dags/{DAG_ID}", json={"is_paused": True}) == 403
    assert ask("analyst", "PATCH", "pools/llm_api", json={"slots": 1}) == 403
    assert ask("analyst", "GET", "connections") == 403


def test_an_engineer_triggers_and_looks_after_pools_and_connections(ask: AskAs) -> None:
    assert ask("engineer", "GET", "connections") == 200
    assert ask("engineer", "GET", "pools/llm_api") == 200
    assert ask("engineer", "POST", f"dags/{DAG_ID}/dagRuns", **trigger("by-engineer")) == 200
    assert ask("engineer", "DELETE", f"dags/{DAG_ID}/dagRuns/by-engineer") in (204, 409)


def test_nobody_else_can_read_what_running_has_written(running: Running) -> None:
    entries = [entry for entry in running.stack.var.rglob("*") if not entry.is_symlink()]
    assert len(entries) > 50
    open_to_others = [str(entry) for entry in entries if entry.exists() and entry.stat().st_mode & 0o077]
    assert open_to_others == []


def test_no_key_and_no_password_stands_in_anything_but_its_own_file(running: Running) -> None:
    folder = running.stack.var / "secrets"
    secrets = {
        name: (folder / name).read_text() for name in ("fernet_key", "jwt_secret", "secret_key", "gpu_token")
    }
    secrets |= json.loads((folder / "passwords.json").read_text())
    assert all(len(secret) >= 16 for secret in secrets.values())
    files = (file for file in running.stack.var.rglob("*") if file.is_file() and folder not in file.parents)
    telling = []
    for file in files:
        written = file.read_bytes()
        telling += [f"{name} in {file}" for name, secret in secrets.items() if secret.encode() in written]
    assert telling == []
