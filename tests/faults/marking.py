"""What a person does to a run in Airflow's UI, by the REST API, and what the run comes to."""

import re
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from urllib.parse import quote

from sqlalchemy import func, select

from include.database.models import BatchRow, CallRow, LaneRow, OutboxRow, RunRow
from include.demo.airflow_api import AirflowApi
from include.demo.stack import DAG_ID
from tests.faults.conftest import Cofi, until

# close_runs looks every minute here.
OWED_S = 200


class Marking(AirflowApi):
    """The buttons of a run's page."""

    def of_run(self, method: str, run_id: str, path: str = "", **body: Any) -> Any:
        quoted = quote(run_id, safe="")
        answer = self._request(method, f"dags/{DAG_ID}/dagRuns/{quoted}{path}", **body)
        return answer.json() if answer.content else None

    def mark(self, run_id: str, state: str) -> None:
        self.of_run("PATCH", run_id, json={"state": state})

    def mark_task(self, run_id: str, task_id: str, state: str) -> None:
        self.of_run("PATCH", run_id, f"/taskInstances/{task_id}", json={"new_state": state})

    def delete(self, run_id: str) -> None:
        self.of_run("DELETE", run_id)

    def clear(self, run_id: str, task_ids: Sequence[str] | None = None) -> None:
        """Clears tasks with all that comes after them; the whole run without any."""
        if task_ids is None:
            self.of_run("POST", run_id, "/clear", json={"dry_run": False})
            return
        body = {
            "dry_run": False,
            "dag_run_id": run_id,
            "task_ids": list(task_ids),
            "include_downstream": True,
            "only_failed": False,
            "reset_dag_runs": True,
        }
        self._request("POST", f"dags/{DAG_ID}/clearTaskInstances", json=body)

    def task_state(self, run_id: str, task_id: str) -> str | None:
        state: str | None = self.of_run("GET", run_id, f"/taskInstances/{task_id}")["state"]
        return state


@dataclass
class Watched:
    """A run of a day."""

    cofi: Cofi
    day: date
    run_id: str

    @property
    def api(self) -> Marking:
        return Marking(self.cofi.stack.airflow.url, self.cofi.stack.var / "secrets" / "passwords.json")

    def mark(self, state: str) -> None:
        self.api.mark(self.run_id, state)

    def mark_task(self, task_id: str, state: str) -> None:
        self.api.mark_task(self.run_id, task_id, state)

    def state(self) -> str:
        return self.api.run_state(DAG_ID, self.run_id)

    def reaches(self, task_id: str, *states: str) -> None:
        what = f"{task_id} is {states}"
        until(lambda: self.api.task_state(self.run_id, task_id) in states, what, 200, every_s=0.5)

    def has_ended(self) -> None:
        until(lambda: self.state() not in {"running", "queued"}, f"{self.run_id} ends", 300, every_s=1)

    def time_is_up(self) -> None:
        """As after `[cofi] run_timeout_h`: the scheduler looks when it began."""
        self._in_airflow("UPDATE dag_run SET start_date = datetime(start_date, '-40 hours') WHERE run_id = ?")

    def vanishes(self) -> None:
        """Its row is gone from Airflow, as after `airflow dags delete`."""
        self._in_airflow("DELETE FROM dag_run WHERE run_id = ?")

    def _in_airflow(self, statement: str) -> None:
        with sqlite3.connect(self.cofi.stack.var / "airflow.db", timeout=60) as airflow:
            airflow.execute("PRAGMA foreign_keys = ON")
            airflow.execute(statement, (self.run_id,))
        airflow.close()

    @property
    def book(self) -> Any:
        """Its row of what runs owe."""
        (row,) = self.cofi.rows(select(RunRow.__table__).where(RunRow.batch_id == self.run_id))
        return row

    def owes_nothing(self) -> None:
        columns = (RunRow.closed_at, RunRow.reported_at, RunRow.cleaned_at)
        done = [column.is_not(None) for column in columns]
        rows = select(func.count()).select_from(RunRow).where(RunRow.batch_id == self.run_id, *done)
        until(lambda: self.cofi.ask(rows) == 1, f"{self.run_id} owes nothing", OWED_S)

    @property
    def has_begun(self) -> bool:
        """Whether it came to open its batch."""
        batches = select(func.count()).select_from(BatchRow).where(BatchRow.batch_id == self.run_id)
        return bool(self.cofi.ask(batches))

    def ledger(self) -> dict[str, int]:
        """As it was told, without zeros."""
        if not self.has_begun:
            return {}
        ledger = self.cofi.ask(select(BatchRow.ledger).where(BatchRow.batch_id == self.run_id))
        return {state: calls for state, calls in ledger.items() if calls}

    def events(self) -> list[str]:
        query = select(OutboxRow.event_type, OutboxRow.payload).where(OutboxRow.call_id.is_(None))
        return [
            row.event_type for row in self.cofi.rows(query) if row.payload["data"]["batch_id"] == self.run_id
        ]

    def report(self) -> str:
        folder = re.sub(r"[^A-Za-z0-9_.-]", "_", self.run_id)
        return (self.cofi.stack.var / "runs" / folder / "report.html").read_text()

    def holds_nothing(self) -> None:
        """No claim, no lane, and (the fixture looks) no file on a host outlives it."""
        claims = select(func.count()).select_from(CallRow).where(CallRow.claimed_by == self.run_id)
        lanes = select(func.count()).select_from(LaneRow)
        assert self.cofi.ask(claims) == 0
        assert self.cofi.ask(lanes.where(LaneRow.batch_id == self.run_id, LaneRow.ended_at.is_(None))) == 0
