"""Airflow's own processes and the database fail, and runs meet: every call is audited, once."""

import os
import signal
import sqlite3
import time
from datetime import date
from functools import partial
from typing import Any

import psutil
import pytest
from sqlalchemy import func, select

from include.calls.stage import LLM_STAGES, STAGES
from include.database.models import StageResultRow
from include.demo.stack import DAG_ID
from tests.faults.conftest import CALLS, Cofi, until, watch

pytestmark = [pytest.mark.airflow, pytest.mark.timeout(900, func_only=True)]


@pytest.mark.gate
def test_the_task_is_killed_in_each_stage(cofi: Cofi) -> None:
    day = cofi.new_day()
    with watch(cofi, "a task killed with -9 in each of the seven stages") as watched:
        run_id = cofi.trigger(day)
        killed = [kill_a_task(cofi, run_id, stage) for stage in STAGES]
        assert cofi.wait_for(run_id) == ["success"]
    assert len(killed) == len(STAGES)
    cofi.assert_audited_once(day, run_id)
    # What was in flight when the process was killed is asked again, and nothing else.
    in_flight = 2 * int(cofi.stack.environment["AIRFLOW__COFI__LLM_REQUESTS_PER_TASK"])
    assert watched.repeated <= in_flight * len(LLM_STAGES)
    tries = {ti["task_id"].rpartition(".")[2] for ti in task_instances(cofi, run_id) if ti["try_number"] > 1}
    assert tries >= set(STAGES)


@pytest.mark.gate
def test_the_scheduler_is_killed_and_comes_back_by_itself(cofi: Cofi) -> None:
    day = cofi.new_day()
    with watch(cofi, "scheduler killed at 30 %") as watched:
        run_id = cofi.trigger(day)
        cofi.wait_until_done(run_id, "denoise", 0.3)
        cofi.kill_component("scheduler")
        assert cofi.wait_for(run_id) == ["success"]
    cofi.assert_audited_once(day, run_id)
    assert watched.repeated <= 100, "at most what was in flight"


def test_the_api_server_is_killed_and_waited_for(cofi: Cofi) -> None:
    day = cofi.new_day()
    with watch(cofi, "API server killed at 30 %") as watched:
        run_id = cofi.trigger(day)
        cofi.wait_until_done(run_id, "denoise", 0.3)
        cofi.kill_component("api-server")
        assert cofi.wait_for(run_id) == ["success"]
    cofi.assert_audited_once(day, run_id)
    assert watched.repeated == 0
    again = [ti["task_id"] for ti in task_instances(cofi, run_id) if ti["try_number"] > 1]
    assert not [task_id for task_id in again if task_id.startswith("audit.")]


def test_the_scheduler_dies_of_a_run_that_vanishes_and_comes_back_by_itself(cofi: Cofi) -> None:
    """On SQLite, Airflow's clean-up of a backfill that met another writer deletes runs at work (3.3.2)."""
    day, other = cofi.new_day(CALLS // 5), cofi.new_day(1)
    processes = cofi.stack.processes

    def deaths() -> int:
        return processes.log_of("scheduler").read_text().count("scheduler ended with status 1 at ")

    before = deaths()

    def died() -> bool:
        run_id = cofi.trigger(other)
        until(lambda: cofi.stack.airflow.run_state(DAG_ID, run_id) == "running", "it runs", every_s=0.05)
        with sqlite3.connect(cofi.stack.var / "airflow.db", timeout=60) as airflow:
            airflow.execute("PRAGMA foreign_keys = ON")
            airflow.execute("DELETE FROM dag_run WHERE run_id = ?", (run_id,))
        airflow.close()
        time.sleep(4)
        return deaths() > before

    until(died, "the scheduler has died", 300)
    with watch(cofi, "the scheduler died of an error") as watched:
        run_id = cofi.trigger(day)
        assert cofi.wait_for(run_id) == ["success"]
    cofi.assert_audited_once(day, run_id, calls=CALLS // 5)
    assert watched.repeated == 0


def test_the_database_is_locked_for_a_while(cofi: Cofi) -> None:
    day = cofi.new_day()
    with watch(cofi, "database locked for 20 s") as watched:
        run_id = cofi.trigger(day)
        cofi.wait_until_done(run_id, "denoise", 0.3)
        with sqlite3.connect(cofi.stack.var / "cofi.db", timeout=60, isolation_level=None) as other:
            other.execute("BEGIN IMMEDIATE")
            time.sleep(20)
            other.execute("ROLLBACK")
        other.close()
        assert cofi.wait_for(run_id) == ["success"]
    cofi.assert_audited_once(day, run_id)
    assert watched.repeated == 0
    assert cofi.failures(run_id) == []


@pytest.mark.gate
def test_two_runs_of_a_day_at_once(cofi: Cofi) -> None:
    day = cofi.new_day()
    with watch(cofi, "two runs of the same day at once") as watched:
        first = cofi.trigger(day)
        second = cofi.trigger(day)
        assert cofi.wait_for(first, second) == ["success", "success"]
    cofi.assert_audited_once(day, first, second)
    assert watched.repeated == 0
    stt = select(func.count()).select_from(StageResultRow).where(StageResultRow.stage == "stt")
    assert cofi.ask(stt.where(StageResultRow.batch_id.in_([first, second]))) == CALLS


def test_a_backfill_of_three_days_with_a_daily_run(cofi: Cofi) -> None:
    days = [cofi.new_day(CALLS // 5) for _ in range(4)]
    with watch(cofi, "a backfill of three days and a daily run at once") as watched:
        daily = cofi.trigger(days[3])
        run_ids = backfill(cofi, days[0], days[2])
        assert cofi.wait_for(daily, *run_ids) == ["success"] * 4
    for day, run_id in zip([*days[:3], days[3]], [*run_ids, daily], strict=True):
        cofi.assert_audited_once(day, run_id, calls=CALLS // 5)
    assert watched.repeated == 0


def _is_over(cofi: Cofi, run_id: str, stage: str, ti_id: str) -> bool:
    return ti_id not in running_tasks(cofi, run_id, stage)


def kill_a_task(cofi: Cofi, run_id: str, stage: str) -> str:
    """Kills the process of a task of a stage while it works; its instance's id."""
    killed: list[str] = []

    def worked() -> bool:
        for ti_id in running_tasks(cofi, run_id, stage):
            if ti_id not in killed and kill_process(f"airflow worker -- {ti_id}"):
                killed.append(ti_id)
                until(partial(_is_over, cofi, run_id, stage, ti_id), "it is seen", 60)
                break
        # One that had just ended when it was killed does not count.
        return any(was_killed(cofi, run_id, ti_id) for ti_id in killed)

    until(worked, f"a task of {stage} is killed at work", 300, every_s=0.5)
    return killed[-1]


def kill_process(title: str) -> bool:
    for process in psutil.process_iter(["cmdline"]):
        if " ".join(process.info["cmdline"] or []).strip() == title:
            os.kill(process.pid, signal.SIGKILL)
            return True
    return False


def was_killed(cofi: Cofi, run_id: str, ti_id: str) -> bool:
    """Airflow gives another try a new id."""
    now = {ti["id"]: ti for ti in task_instances(cofi, run_id)}
    return ti_id not in now or now[ti_id]["state"] == "up_for_retry"


def running_tasks(cofi: Cofi, run_id: str, stage: str) -> list[str]:
    return [
        ti["id"]
        for ti in task_instances(cofi, run_id)
        if ti["state"] == "running" and ti["task_id"].endswith(f".{stage}")
    ]


def task_instances(cofi: Cofi, run_id: str) -> list[dict[str, Any]]:
    return cofi.stack.airflow.task_instances(DAG_ID, run_id)


def backfill(cofi: Cofi, first: date, last: date) -> list[str]:
    """Runs of three days, made at once."""
    airflow = cofi.stack.airflow

    def backfilled() -> set[str]:
        return {run["dag_run_id"] for run in airflow.runs(DAG_ID) if run["run_type"] == "backfill"}

    before = backfilled()
    spell = ["--from-date", first.isoformat(), "--to-date", last.isoformat(), "--max-active-runs", "3"]
    # On SQLite, Airflow takes back a backfill that meets another writer, run by run. A scheduler that is just
    # starting one of these runs dies (StaleDataError, 3.3.2): it must see them only when all are there.
    airflow.pause(DAG_ID)
    cofi.stack.airflow_command("backfill", "create", "--dag-id", DAG_ID, *spell)
    airflow.unpause(DAG_ID)
    until(lambda: len(backfilled() - before) == 3, "three days have runs", 60)
    return sorted(backfilled() - before)
