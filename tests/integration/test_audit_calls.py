"""The audit DAG as users run it: by the UI's trigger, by schedule, by backfill; and when something dies."""

import json
import os
import re
import signal
from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial

import pytest
from sqlalchemy import select

from include.database.models import BatchCallRow, StageResultRow, TranscriptRow
from include.demo.stack import DAG_ID
from include.demo.standing import standing
from include.errors import CofiError
from tests.integration.conftest import (
    CLIPS,
    FIRST,
    KILLED,
    SAMPLES,
    SECOND,
    TODAY,
    YESTERDAY,
    Running,
    clip,
)

pytestmark = [pytest.mark.airflow, pytest.mark.timeout(600)]


NO_FOLDER = {"day": "2026-11-01"}
LATE = "2007-instalacion.ogg"


@pytest.fixture(scope="module")
def refused(running: Running) -> tuple[str, str]:
    """Runs that have nothing to audit, at once: one is told no day, the other one without a folder."""
    without_day, without_folder = (running.stack.airflow.trigger(DAG_ID, conf) for conf in ({}, NO_FOLDER))
    return without_day, without_folder


def test_a_triggered_run_audits_its_day_and_accounts_for_every_file(running: Running) -> None:
    run_id = running.trigger(day=FIRST.isoformat())
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
    run_ids = running.backfill(DAG_ID, FIRST, SECOND)
    assert running.wait_for(*run_ids) == ["success", "success"]
    assert running.states(SECOND) == {"audited": 1}
    work = [running.work_of(run_id) for run_id in run_ids]
    assert work[0] == {}, "the first day was audited before: no host is asked, and no LLM"
    assert running.states(FIRST) == {"audited": 2, "duplicate": 1, "quarantined": 1}
    assert work[1]["llm2"] == 1


def test_dag_test_runs_a_trial_of_one_call(running: Running) -> None:
    paid = running.llm_requests()
    conf = {"day": FIRST.isoformat(), "redo": "all", "first_stage": "llm2", "limit": 1}
    # Of a DAG that is switched on, the scheduler starts the same tasks beside it.
    running.stack.airflow.pause(DAG_ID)
    try:
        running.stack.airflow_command("dags", "test", DAG_ID, "--conf", json.dumps(conf))
    finally:
        running.stack.airflow.unpause(DAG_ID)
    assert running.calls(FIRST)["1001-late-fee.wav"][0] == "audited"
    assert running.llm_requests() == paid, "the same question is not paid for again"


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


def test_a_run_without_a_day_says_what_to_enter(running: Running, refused: tuple[str, str]) -> None:
    run_id, _ = refused
    assert running.wait_for(run_id) == ["failed"]
    assert "enter the Param 'day', like 2026-11-16" in running.log_of(run_id, "open_batch")
    assert "UP_FOR_RETRY" not in running.log_of(run_id, "open_batch")


def test_a_day_without_a_folder_is_red_and_its_report_says_what_is_there(
    running: Running, refused: tuple[str, str]
) -> None:
    _, run_id = refused
    assert running.wait_for(run_id) == ["failed"]
    told = "has no folder 2026-11-01; the last there are 2026-11-17"
    assert told in running.log_of(run_id, "discover")
    assert told in running.log_of(run_id, "report")
    assert "UP_FOR_RETRY" not in running.log_of(run_id, "report")
    page = running.stack.var / "runs" / run_id.replace(":", "_").replace("+", "_") / "report.html"
    assert "No folder: this run counts as failed." in page.read_text()


def test_events_of_calls_and_runs_reach_the_receiver_that_is_connected(running: Running) -> None:
    """Nobody has switched its DAG on."""
    run_id = running.stack.airflow.trigger("deliver_webhooks", {})
    assert running.wait_for(run_id, dag_id="deliver_webhooks") == ["success"]
    events = running.receiver.events
    runs = {event["data"]["batch_id"]: event for event in events if "ledger" in event["data"]}
    backfilled = [event for run_id, event in runs.items() if run_id.startswith("backfill__")]
    assert [event["type"] for event in backfilled] == ["run.completed"] * 2
    assert {event["data"]["ledger"]["audited"] for event in backfilled} == {1, 2}, "one for each day"
    told = {event["data"]["path"]: event["type"] for event in events if "path" in event["data"]}
    assert told["1001-late-fee.wav"] == "call.audited"
    assert told["empty.wav"] == "call.quarantined"


def test_a_killed_scheduler_comes_back_by_itself_and_its_run_goes_on(running: Running) -> None:
    """The run hears its calls again: what the LLM is asked of them is as before, and not paid for again."""
    paid = running.llm_requests()
    conf = {"day": FIRST.isoformat(), "redo": "all", "first_stage": "stt"}
    run_id = running.stack.airflow.trigger(DAG_ID, conf)
    scheduler = running.stack.processes.kept("scheduler")
    assert scheduler
    interrupted: set[str] = set()

    def killed() -> bool:
        interrupted.update(at_work(running, run_id, "stt"))
        if interrupted:
            os.kill(scheduler.pid, signal.SIGKILL)
        return bool(interrupted)

    running.until(killed, "the scheduler is killed while a host works", 120, every_s=0.3)
    assert running.wait_for(run_id) == ["success"]
    work = running.work_of(run_id)
    assert {stage: work[stage] for stage in ("stt", "llm1", "llm2")} == {"stt": 2, "llm1": 2, "llm2": 2}
    assert running.llm_requests() == paid
    assert running.states(FIRST) == {"audited": 2, "duplicate": 1, "quarantined": 1}
    tasks = {ti["id"] for ti in running.stack.airflow.task_instances(DAG_ID, run_id)}
    assert interrupted.isdisjoint(tasks), "what was at work was begun again"
    assert running.stack.processes.trouble() == ""
    again = running.stack.processes.kept("scheduler")
    assert again and again.restarts == scheduler.restarts + 1
    assert re.search(r"scheduler was started again .*, and runs since", standing(running.stack.processes))


@dataclass(frozen=True)
class Night:
    """A run with a late recording of the day before, during which the host gpu_b was killed.

    Attributes:
        planned: Where its calls were to be heard, until then.
        before: States of the calls of the day before.
    """

    run_id: str
    state: str
    planned: dict[str, str]
    before: dict[str, int]


@pytest.fixture(scope="module")
def night(running: Running) -> Night:
    """Last: it leaves one host fewer."""
    before = running.states(SECOND)
    clip(SAMPLES / "2026-11-17" / LATE, running.recordings / SECOND.isoformat())
    run_id = running.stack.airflow.trigger(DAG_ID, {"day": KILLED.isoformat(), "lookback_days": 1})
    sent = partial(has_everything, running, run_id, "gpu_b")
    running.until(sent, "gpu_b has its recordings", 120, every_s=0.3)
    host_of = planned(running, run_id)
    running.kill("gpu_b")
    (state,) = running.wait_for(run_id)
    return Night(run_id, state, host_of, before)


def test_the_calls_of_a_killed_host_are_finished_by_another(running: Running, night: Night) -> None:
    assert night.state == "success"
    assert running.states(KILLED) == {"audited": len(CLIPS[KILLED])}
    moved = {path for path, host in planned(running, night.run_id).items() if host != night.planned[path]}
    assert moved, "the host was killed before it had done everything"
    assert moved <= {path for path, host in night.planned.items() if host == "gpu_b"}
    assert {failure.kind for failure in running.failures(night.run_id)} == {"host_lost"}


def test_a_late_recording_is_taken_into_its_day_by_the_run_of_the_next(
    running: Running, night: Night
) -> None:
    assert running.states(SECOND) == night.before | {"audited": night.before["audited"] + 1}
    assert running.work_of(night.run_id)["llm2"] == len(CLIPS[KILLED]) + 1


def at_work(running: Running, run_id: str, stage: str) -> set[str]:
    """Tasks of a stage that run; a new try of one has a new id."""
    tasks = running.stack.airflow.task_instances(DAG_ID, run_id, "running")
    return {ti["id"] for ti in tasks if ti["task_id"].endswith(f".{stage}")}


def transcript_of(running: Running, path: str) -> str:
    from include.calls.call import call_id_for

    query = select(TranscriptRow.transcript).where(TranscriptRow.call_id == call_id_for(FIRST, path))
    with running.database.reading() as connection:
        turns = connection.execute(query).scalar_one()["turns"]
    return " ".join(turn["text"] for turn in turns)


def planned(running: Running, run_id: str) -> dict[str, str]:
    from include.database.models import CallRow

    query = select(CallRow.path, BatchCallRow.host).join(BatchCallRow).where(BatchCallRow.batch_id == run_id)
    with running.database.reading() as connection:
        return dict(connection.execute(query).all())


def has_everything(running: Running, run_id: str, host: str) -> bool:
    uploads = select(StageResultRow.call_id).where(
        StageResultRow.batch_id == run_id, StageResultRow.host == host, StageResultRow.stage == "distribute"
    )
    with running.database.reading() as connection:
        sent = len(connection.execute(uploads).all())
    return 0 < sent == sum(where == host for where in planned(running, run_id).values())
