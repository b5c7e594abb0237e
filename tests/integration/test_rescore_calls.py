"""Rescoring under a real Airflow: nobody but the LLM is asked, and no more of it than is new.

Before anything is rescored the GPU hosts are ended, their ports are listened on in their place, and the
recordings are deleted, as if they had been archived.
"""

import errno
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
import requests
from sqlalchemy import select

from include.database.models import AuditRow, BatchRow, CallRow, OutboxRow, ScorecardRow, StageResultRow
from include.demo.stack import DAG_ID, RESCORE_DAG_ID, Stack
from include.errors import CofiError
from tests.integration.conftest import FIRST, SECOND, Running

pytestmark = [pytest.mark.airflow, pytest.mark.timeout(900)]

DAYS = (FIRST, SECOND)
FACTS, ANSWERS = "call_understanding", "scorecard_answers"


@dataclass
class Listener:
    """Stands where a GPU host was, and counts who comes."""

    port: int
    connections: int = 0
    _server: socket.socket = field(default_factory=socket.socket)

    def starts(self) -> bool:
        """Whether it listens now: a killed host may hold its port for a moment after its end."""
        self._server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            self._server.bind(("127.0.0.1", self.port))
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise
            return False
        self._server.listen()
        threading.Thread(target=self._count, daemon=True).start()
        return True

    def _count(self) -> None:
        while True:
            try:
                connection, _ = self._server.accept()
            except OSError:
                return
            self.connections += 1
            connection.close()

    def stop(self) -> None:
        self._server.close()


@dataclass
class Archived:
    """Two audited days whose recordings and GPU hosts are gone.

    Attributes:
        calls: Audited ones of each day.
    """

    running: Running
    hosts: list[Listener]
    calls: tuple[int, int]

    @property
    def stack(self) -> Stack:
        return self.running.stack

    def stats(self) -> dict[str, Any]:
        """What the LLM's endpoint has counted."""
        return dict(requests.get(f"http://127.0.0.1:{self.stack.ports['llm']}/stats", timeout=60).json())

    def asked(self) -> dict[str, int]:
        """What the LLM has answered so far, by schema."""
        return dict(self.stats()["served"])

    def rescore(self, **conf: Any) -> tuple[str, str, dict[str, int]]:
        """Triggers a run and waits: its id, its state, what the LLM was asked in it."""
        before = self.asked()
        run_id = self.stack.airflow.trigger(RESCORE_DAG_ID, {"day": DAYS[0].isoformat(), **conf})
        (state,) = self.running.wait_for(run_id, dag_id=RESCORE_DAG_ID)
        return run_id, state, self.since(before)

    def since(self, before: dict[str, int]) -> dict[str, int]:
        grown = {name: count - before.get(name, 0) for name, count in self.asked().items()}
        return {name: count for name, count in grown.items() if count}

    def official(self) -> dict[str, tuple[str, str]]:
        """By call, the audit that counts and its scorecard."""
        query = select(AuditRow.call_id, AuditRow.audit_id, AuditRow.scorecard_sha256)
        rows = self.rows(query.where(AuditRow.superseded_at.is_(None)))
        return {row.call_id: (row.audit_id, row.scorecard_sha256) for row in rows}

    def everything_official(self) -> list[Any]:
        """Rows that a shadow run must not touch."""
        current = StageResultRow.superseded_at.is_(None)
        of_calls = select(OutboxRow.event_id).where(OutboxRow.call_id.is_not(None))
        return [
            self.official(),
            self.rows(select(CallRow.__table__).order_by(CallRow.call_id)),
            self.rows(select(StageResultRow.id).where(current).order_by(StageResultRow.id)),
            self.rows(of_calls.order_by(OutboxRow.event_id)),
        ]

    def ledger(self, run_id: str) -> dict[str, int]:
        query = select(BatchRow.ledger).where(BatchRow.batch_id == f"{RESCORE_DAG_ID}:{run_id}")
        ((ledger,),) = self.rows(query)
        return {state: calls for state, calls in ledger.items() if calls}

    def report(self, run_id: str) -> str:
        name = f"{RESCORE_DAG_ID}_{run_id}".replace(":", "_").replace("+", "_")
        return (self.stack.var / "runs" / name / "report.html").read_text()

    def rows(self, query: Any) -> list[Any]:
        with self.running.database.reading() as connection:
            return list(connection.execute(query).all())

    def log_of(self, run_id: str, task_id: str) -> str:
        folder = self.stack.var / "logs" / f"dag_id={RESCORE_DAG_ID}" / f"run_id={run_id}"
        return "".join(path.read_text() for path in folder.glob(f"task_id={task_id}/**/*.log"))


@pytest.fixture(scope="module")
def archived(running: Running) -> Iterator[Archived]:
    """Last: it leaves no host, and no run of another DAG may come to one."""
    audit(running)
    calls = tuple(running.states(day)["audited"] for day in DAYS)
    running.stack.airflow.pause(DAG_ID)
    listeners = [archive(running, host) for host in running.stack.hosts]
    for recording in running.recordings.rglob("*.wav"):
        recording.unlink()
    yield Archived(running, listeners, calls)
    for listener in listeners:
        listener.stop()


def audit(running: Running) -> None:
    """Audits what no test has audited, and waits for all runs."""
    airflow = running.stack.airflow
    for day in DAYS:
        if "audited" not in running.states(day):
            airflow.trigger(DAG_ID, {"day": day.isoformat()})
    running.wait_for(*(run["dag_run_id"] for run in airflow.runs(DAG_ID)))


def archive(running: Running, host: str) -> Listener:
    """Ends a host, unless a test has, and listens in its place."""
    if running.stack.processes.latest[host].alive:
        running.kill(host)
    listener = Listener(running.stack.ports[host])
    running.until(listener.starts, f"{host} has left its port", 60)
    return listener


def test_a_shadow_run_with_another_scorecard_asks_llm2_only_and_changes_nothing(archived: Archived) -> None:
    before = archived.everything_official()
    run_id, state, asked = archived.rescore(scorecard="candidate")
    calls = archived.calls[0]
    assert (state, archived.ledger(run_id)) == ("success", {"audited": calls})
    assert asked == {ANSWERS: calls}
    assert archived.everything_official() == before
    page = archived.report(run_id)
    assert "no official result was changed" in page
    assert "Points earned by criterion, old and new" in page
    states = {
        ti["task_id"]: ti["state"] for ti in archived.stack.airflow.task_instances(RESCORE_DAG_ID, run_id)
    }
    assert (states["report"], states["promote"]) == ("success", "skipped")


def test_a_share_of_the_calls_is_asked_for_no_more(archived: Archived) -> None:
    run_id, state, asked = archived.rescore(scorecard="candidate", share=0.3, model="another-model")
    taken = archived.ledger(run_id)["audited"]
    assert state == "success"
    assert 0 < taken < archived.calls[0]
    assert asked == {FACTS: taken, ANSWERS: taken}


def test_an_official_rescore_pays_nothing_for_answers_that_are_stored(archived: Archived) -> None:
    before = archived.official()
    run_id, state, asked = archived.rescore(scorecard="candidate", shadow=False)
    assert (state, asked, archived.ledger(run_id)) == ("success", {}, {"audited": archived.calls[0]})
    after = archived.official()
    changed = {call_id for call_id in before if after[call_id] != before[call_id]}
    assert set(after) == set(before)
    assert len(changed) == archived.calls[0]
    assert all(call_id.startswith(f"{DAYS[0]:%Y%m%d}") for call_id in changed)
    ((candidate,),) = archived.rows(select(ScorecardRow.sha256).where(ScorecardRow.version == "stricter"))
    assert {after[call_id][1] for call_id in changed} == {candidate}


def test_a_range_of_days_is_one_run(archived: Archived) -> None:
    last = {"last_day": DAYS[1].isoformat()}
    run_id, state, asked = archived.rescore(scorecard="candidate", **last)
    assert (state, archived.ledger(run_id)) == ("success", {"audited": sum(archived.calls)})
    assert asked == {ANSWERS: archived.calls[1]}, "the first day's answers are stored"


def test_a_backfill_rescores_day_by_day(archived: Archived) -> None:
    before, official = archived.asked(), archived.official()
    conf = ["--dag-run-conf", '{"model": "yet-another-model"}']
    run_ids = archived.running.backfill(RESCORE_DAG_ID, *DAYS, *conf)
    assert archived.running.wait_for(*run_ids, dag_id=RESCORE_DAG_ID) == ["success", "success"]
    assert [archived.ledger(run_id) for run_id in run_ids] == [{"audited": calls} for calls in archived.calls]
    assert archived.since(before) == dict.fromkeys((FACTS, ANSWERS), sum(archived.calls))
    assert archived.official() == official, "a shadow run is the default"


def test_a_version_that_nobody_labelled_is_not_promoted(archived: Archived) -> None:
    run_id, state, asked = archived.rescore(scorecard="candidate", promote=True)
    assert (state, asked) == ("failed", {})
    assert "No labelled call was audited with service_call stricter" in archived.log_of(run_id, "promote")
    assert archived.rows(select(ScorecardRow.sha256).where(ScorecardRow.promoted_at.is_not(None))) == []


@pytest.mark.parametrize(
    ("conf", "told"),
    [({"share": 0}, "share"), ({"scorecard": "none"}, "scorecard"), ({"shadow": "no"}, "shadow")],
)
def test_a_wrong_value_is_refused_in_the_form(archived: Archived, conf: dict[str, Any], told: str) -> None:
    with pytest.raises(CofiError, match=told):
        archived.stack.airflow.trigger(RESCORE_DAG_ID, {"day": DAYS[0].isoformat(), **conf})


def test_nobody_came_to_a_gpu_host_and_no_run_began_by_itself(archived: Archived) -> None:
    """Last."""
    assert [listener.connections for listener in archived.hosts] == [0, 0]
    kinds = {run["run_type"] for run in archived.stack.airflow.runs(RESCORE_DAG_ID)}
    assert kinds == {"manual", "backfill"}
    assert archived.stats()["max_in_flight"] <= 100
