"""The client of Airflow's REST API asks again when writers were in each other's way, and while it is away."""

import json
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from include.demo import airflow_api
from include.demo.airflow_api import AirflowApi
from include.demo.ports import free_port
from include.errors import CofiError

pytestmark = pytest.mark.long


class Server(HTTPServer):
    """Answers a login, and then what it is told; `asked` holds the bodies of triggers."""

    def __init__(self, port: int = 0) -> None:
        super().__init__(("127.0.0.1", port), Handler)
        self.answers: list[int] = []
        self.asked: list[dict[str, object]] = []


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        login = self.path == "/auth/token"
        if not login:
            self.server.asked.append(body)
        self.send_response(200 if login else self.server.answers.pop(0))
        self.end_headers()
        self.wfile.write(b'{"access_token": "t"}')

    def log_message(self, *_: object) -> None:
        """Quiet."""


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as server:
        threading.Thread(target=server.serve_forever).start()
        yield server
        server.shutdown()


@pytest.fixture
def api(server: Server, tmp_path: Path) -> AirflowApi:
    (tmp_path / "passwords.json").write_text('{"admin": "s3cret"}')
    return AirflowApi(f"http://127.0.0.1:{server.server_port}", tmp_path / "passwords.json")


def test_a_trigger_that_was_refused_for_a_lock_is_tried_again_with_the_same_run_id(
    server: Server, api: AirflowApi
) -> None:
    server.answers = [500, 200]
    run_id = api.trigger("audit_calls", {"day": "2026-11-16"})
    assert [asked["dag_run_id"] for asked in server.asked] == [run_id, run_id]


@pytest.mark.parametrize("answers", [[500, 500, 500], [400]])
def test_what_is_refused_for_good_says_so(server: Server, api: AirflowApi, answers: list[int]) -> None:
    server.answers = list(answers)
    with pytest.raises(CofiError, match=f"{answers[-1]}"):
        api.trigger("audit_calls", {"day": "2026-11-16"})
    assert server.answers == []


def test_an_api_server_that_is_being_started_again_is_waited_for(tmp_path: Path) -> None:
    (tmp_path / "passwords.json").write_text('{"admin": "s3cret"}')
    port = free_port()
    started: list[Server] = []

    def start_later() -> None:
        time.sleep(1.5)
        server = Server(port)
        server.answers = [200]
        started.append(server)
        server.serve_forever()

    threading.Thread(target=start_later).start()
    AirflowApi(f"http://127.0.0.1:{port}", tmp_path / "passwords.json").trigger("audit_calls", {})
    (server,) = started
    server.shutdown()
    server.server_close()
    assert len(server.asked) == 1


def test_an_api_server_that_stays_away_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "passwords.json").write_text('{"admin": "s3cret"}')
    monkeypatch.setattr(airflow_api, "_AWAY_S", 0)
    url = f"http://127.0.0.1:{free_port()}"
    with pytest.raises(CofiError, match=f"Airflow does not answer at {url}: see `cofi status`"):
        AirflowApi(url, tmp_path / "passwords.json").trigger("audit_calls", {})
