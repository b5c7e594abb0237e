"""Airflow's REST API, as far as the demo needs it: what the UI's buttons do."""

import json
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

import requests

from include.errors import CofiError

# Airflow gives no more at a time ([api] maximum_page_limit).
_PAGE = 100
_ATTEMPTS = 3
# How long an API server may be away that is started again: loading it takes 10 s, and more on a busy machine.
_AWAY_S = 120


class AirflowApi:
    """Talks to one Airflow with the admin's password.

    Args:
        url: Of the web server.
        passwords_file: That the simple auth manager writes.
    """

    def __init__(self, url: str, passwords_file: Path) -> None:
        self.url = url
        self._passwords_file = passwords_file
        self._session = requests.Session()

    @property
    def password(self) -> str:
        """The admin's."""
        return self.passwords["admin"]

    @property
    def passwords(self) -> dict[str, str]:
        """Of all users."""
        return dict(json.loads(self._passwords_file.read_text()))

    def healthy(self, component: str) -> bool:
        """Whether a component works, called as its command is."""
        try:
            health = requests.get(f"{self.url}/api/v2/monitor/health", timeout=5).json()
        except (requests.RequestException, ValueError):
            return False
        part = "metadatabase" if component == "api-server" else component.replace("-", "_")
        return bool(health[part]["status"] == "healthy")

    def has_dag(self, dag_id: str) -> bool:
        """Whether the DAG processor has read the DAG."""
        return self._request("GET", f"dags/{dag_id}", accept=(200, 404)).status_code == 200

    def has_pool(self, name: str) -> bool:
        """Whether a pool exists."""
        return self._request("GET", f"pools/{name}", accept=(200, 404)).status_code == 200

    def pause(self, dag_id: str) -> None:
        """Lets no run of the DAG begin or go on."""
        self._request("PATCH", f"dags/{dag_id}", json={"is_paused": True})

    def unpause(self, dag_id: str) -> None:
        """Lets the DAG run, by its schedule too."""
        self._request("PATCH", f"dags/{dag_id}", json={"is_paused": False})

    def trigger(self, dag_id: str, conf: dict[str, Any], run_id: str | None = None) -> str:
        """Triggers a run as the UI's form does; returns its id."""
        run_id = run_id or f"manual__{datetime.now(UTC).isoformat()}"
        body = {"logical_date": None, "conf": conf, "dag_run_id": run_id}
        self._request("POST", f"dags/{dag_id}/dagRuns", json=body)
        return run_id

    def runs(self, dag_id: str) -> list[dict[str, Any]]:
        """All runs of a DAG, the oldest first."""
        answer = self._request("GET", f"dags/{dag_id}/dagRuns?order_by=id&limit=100").json()
        return list(answer["dag_runs"])

    def run_state(self, dag_id: str, run_id: str) -> str:
        """queued, running, success or failed."""
        return str(self._request("GET", f"dags/{dag_id}/dagRuns/{quote(run_id, safe='')}").json()["state"])

    def task_instances(self, dag_id: str, run_id: str, state: str | None = None) -> list[dict[str, Any]]:
        """All task instances of a run, or those in a state."""
        path = f"dags/{dag_id}/dagRuns/{quote(run_id, safe='')}/taskInstances?limit={_PAGE}"
        path += f"&state={state}" if state else ""
        found: list[dict[str, Any]] = []
        while True:
            page = self._request("GET", f"{path}&offset={len(found)}").json()
            found += page["task_instances"]
            if not page["task_instances"] or len(found) >= page["total_entries"]:
                return found

    def _request(
        self, method: str, path: str, *, accept: tuple[int, ...] = (), **body: Any
    ) -> requests.Response:
        if "Authorization" not in self._session.headers:
            self._log_in()
        for attempt in range(_ATTEMPTS):
            answer = self._send(method, f"api/v2/{path}", **body)
            # On SQLite, two writers can be in each other's way: see airflow.cfg. Nothing was done then.
            if answer.status_code != 500:
                break
            time.sleep(attempt)
        if answer.status_code >= 400 and answer.status_code not in accept:
            raise CofiError(f"Airflow refuses {method} {path}: {answer.status_code} {answer.text[:500]}")
        return answer

    def _log_in(self) -> None:
        credentials = {"username": "admin", "password": self.password}
        for _ in range(20):  # the server answers its health before it takes logins
            answer = self._send("POST", "auth/token", json=credentials)
            if answer.ok:
                self._session.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"
                return
            time.sleep(0.5)
        raise CofiError(f"Airflow takes no login: {answer.status_code} {answer.text[:200]}")

    def _send(self, method: str, path: str, **body: Any) -> requests.Response:
        """Waits while nobody listens: the API server may have died, and is started again then."""
        deadline_s = time.monotonic() + _AWAY_S
        while True:
            try:
                return self._session.request(method, f"{self.url}/{path}", timeout=60, **body)
            except requests.ConnectionError as error:
                if time.monotonic() > deadline_s:
                    raise CofiError(f"Airflow does not answer at {self.url}: see `cofi status`") from error
            time.sleep(1)
