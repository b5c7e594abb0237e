"""The audit DAG as users run it: by the UI's trigger, by schedule, by backfill."""

import json
import threading
from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from sqlalchemy import select

from include.database.models import TranscriptRow
from include.demo.stack import DAG_ID
from include.errors import CofiError
from tests.integration.conftest import FIRST, SAMPLES, SECOND, TODAY, YESTERDAY, Running, clip

pytestmark = [pytest.mark.airflow, pytest.mark.timeout(1500)]


@dataclass(frozen=True)
class Begun:
    """Runs that have nothing to do with one another, side by side."""

    audited: str
    without_day: str
    without_folder: str


@pytest.fixture(scope="module")
def begun(running: Running) -> Begun:
    trigger = partial(running.stack.airflow.trigger, DAG_ID)
    return Begun(trigger({"day": FIRST.isoformat()}), trigger({}), trigger({"day": "2026-11-01"}))


def test_a_triggered_run_audits_its_day_and_accounts_for_every_file(running: Running, begun: Begun) -> None:
    run_id = begun.audited
    assert running.wait_for(run_id) == ["success"]
    calls = running.calls(FIRST)
    assert {path: state for path, (state, _) in calls.items()} == {
        "1001-late-fee.wav": "audited",
        "1012-cancelacion.wav": "audited",
        "9-copy.wav": "duplicate",
        "empty.wav": "quarantined",
    }
    assert running.work_of(run_id) == dict.fromkeys(
        ["distribute", "denoise", "ivr", "lid", "stt", "llm1", "llm2"], 2
    )
    with running.database.reading() as connection:
        languages = connection.execute(select(TranscriptRow.language)).scalars().all()
    assert set(languages) >= {"en", "es"}
    assert "account" in transcript_of(running, "1001-late-fee.wav")
    assert (
        (running.stack.var / "runs" / run_id.replace(":", "_").replace("+", "_") / "report.html")
        .stat()
        .st_size
    )
    (run,) = (run for run in running.stack.airflow.runs(DAG_ID) if run["dag_run_id"] == run_id)
    assert run["note"].startswith(f"[cofi: {FIRST} · 4 found: 2 audited, ")
    names = {ti["rendered_map_index"] for ti in running.stack.airflow.task_instances(DAG_ID, run_id)}
    assert any(name and name.startswith("gpu_") for name in names)


def test_a_run_without_a_day_says_what_to_enter(running: Running, begun: Begun) -> None:
    run_id = begun.without_day
    assert running.wait_for(run_id) == ["failed"]
    assert "enter the Param 'day', like 2026-11-16" in running.log_of(run_id, "open_batch")
    assert "UP_FOR_RETRY" not in running.log_of(run_id, "open_batch")


def test_a_day_without_a_folder_is_red_and_its_report_says_what_is_there(
    running: Running, begun: Begun
) -> None:
    run_id = begun.without_folder
    assert running.wait_for(run_id) == ["failed"]
    told = "has no folder 2026-11-01; the last there are 2026-11-16, 2026-11-17"
    assert told in running.log_of(run_id, "discover")
    assert told in running.log_of(run_id, "report")
    assert "UP_FOR_RETRY" not in running.log_of(run_id, "report")
    page = running.stack.var / "runs" / run_id.replace(":", "_").replace("+", "_") / "report.html"
    assert "No folder: this run counts as failed." in page.read_text()


def test_the_schedule_audited_yesterday(running: Running) -> None:
    scheduled = [run for run in running.stack.airflow.runs(DAG_ID) if run["run_type"] == "scheduled"]
    days = [date.fromisoformat(run["data_interval_start"][:10]) for run in scheduled]
    # Midnight may have passed before Airflow started, or since.
    assert days in ([YESTERDAY], [TODAY], [YESTERDAY, TODAY]), "none for the days before (catchup is off)"
    assert running.wait_for(scheduled[0]["dag_run_id"]) == ["success"]
    assert running.states(days[0]) == {"audited": 1}
    before = days[0] - timedelta(days=1)
    told = f"{before} is not looked at again: no run has audited all of it"
    assert told in running.log_of(scheduled[0]["dag_run_id"], "discover"), "a first night audits one day"


def test_a_backfill_over_two_days_audits_what_is_missing(running: Running) -> None:
    first = running.states(FIRST)
    run_ids = running.backfill(DAG_ID, FIRST, SECOND)
    assert running.wait_for(*run_ids) == ["success", "success"]
    assert (running.states(FIRST), running.states(SECOND)) == (first, {"audited": 2})
    work = [running.work_of(run_id) for run_id in run_ids]
    assert work[0] == {}, "the first day was audited before"
    assert work[1]["llm2"] == 2


def test_dag_test_runs_a_trial_of_one_call_which_asks_no_host_and_pays_nothing(running: Running) -> None:
    conf = {"day": FIRST.isoformat(), "redo": "all", "first_stage": "llm1", "limit": 1}
    before, paid = run_ids(running), running.llm_requests()
    # Of a DAG that is switched on, the scheduler starts the same tasks beside it.
    running.stack.airflow_command("dags", "pause", DAG_ID, "--yes")
    try:
        running.stack.airflow_command("dags", "test", DAG_ID, "--conf", json.dumps(conf))
    finally:
        running.stack.airflow.unpause(DAG_ID)
    [run_id] = run_ids(running) - before
    assert running.work_of(run_id) == {"llm1": 1, "llm2": 1}
    assert running.llm_requests() == paid, "the answers to the same questions are stored"
    assert running.states(FIRST) == {"audited": 2, "duplicate": 1, "quarantined": 1}


@pytest.mark.parametrize(
    ("conf", "told"),
    [
        ({"day": "yesterday"}, "day"),
        ({"day": "2026-11-16", "llm_requests": 1000}, "llm_requests"),
        ({"day": "2026-11-16", "redo": "everything"}, "redo"),
    ],
)
def test_a_wrong_value_is_refused_in_the_form(running: Running, conf: dict[str, object], told: str) -> None:
    with pytest.raises(CofiError, match=told):
        running.stack.airflow.trigger(DAG_ID, conf)


def test_events_of_calls_and_runs_reach_the_receiver_that_is_connected(
    running: Running, begun: Begun
) -> None:
    """Nobody has switched its DAG on."""
    with Receiver() as receiver:
        connection = {"conn_type": "http", "host": receiver.url, "password": "whsec_c2VjcmV0"}
        as_json = json.dumps(connection)
        running.stack.airflow_command("connections", "add", "cofi_webhook", "--conn-json", as_json)
        run_id = running.stack.airflow.trigger("deliver_webhooks", {})
        ended = {"success", "failed"}
        state = partial(running.stack.airflow.run_state, "deliver_webhooks", run_id)
        running.until(lambda: state() in ended, "the events are delivered", 120)
        assert state() == "success"
    runs = {event["data"]["batch_id"]: event for event in receiver.events if "ledger" in event["data"]}
    assert runs[begun.audited]["type"] == "run.completed"
    assert runs[begun.audited]["data"]["ledger"]["audited"] == 2
    told = {event["data"]["path"]: event["type"] for event in receiver.events if "path" in event["data"]}
    assert told["1001-late-fee.wav"] == "call.audited"
    assert told["empty.wav"] == "call.quarantined"


def test_a_late_recording_is_taken_into_its_day_by_the_run_of_the_next(running: Running) -> None:
    clip(SAMPLES / "2026-11-17" / "2009-reclamacion.ogg", running.recordings / FIRST.isoformat())
    before = running.states(FIRST)
    run_id = running.trigger(day=SECOND.isoformat(), lookback_days=1)
    assert running.wait_for(run_id) == ["success"]
    assert running.states(FIRST) == before | {"audited": before["audited"] + 1}
    assert running.work_of(run_id)["llm2"] == 1


def run_ids(running: Running) -> set[str]:
    return {run["dag_run_id"] for run in running.stack.airflow.runs(DAG_ID)}


class Receiver(ThreadingHTTPServer):
    """Takes events on loopback."""

    def __init__(self) -> None:
        self.events: list[dict[str, Any]] = []
        super().__init__(("127.0.0.1", 0), Take)
        self.url = f"http://127.0.0.1:{self.server_port}/"

    def __enter__(self) -> "Receiver":
        threading.Thread(target=self.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.shutdown()
        self.server_close()


class Take(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.events.append(json.loads(body))
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


def transcript_of(running: Running, path: str) -> str:
    from include.calls.call import call_id_for

    query = select(TranscriptRow.transcript).where(TranscriptRow.call_id == call_id_for(FIRST, path))
    with running.database.reading() as connection:
        turns = connection.execute(query).scalar_one()["turns"]
    return " ".join(turn["text"] for turn in turns)
