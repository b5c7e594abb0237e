"""Somebody marks a task while those before it still work, and the next runs too early: the run cannot lie.

What runs too early is the code of the DAGs themselves, in a run of which Airflow tells that tasks still work.
"""

import asyncio
import inspect
from collections import defaultdict
from collections.abc import Callable
from copy import copy
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.dag_processing.dagbag import DagBag
from airflow.sdk.exceptions import AirflowSkipException, DownstreamTasksSkipped

from cofi import alerts, closing, ending
from cofi.runs import AUDIT_DAG, RESCORE_DAG
from include.calls.call import CallState
from include.calls.stage import STAGES, Stage
from include.database.batches import Batch
from include.database.models import AlertRow, BatchRow, CallRow, OutboxRow, RunRow
from include.database.outcomes import Failure
from include.delivery import report
from include.delivery.live import Phase, live_run
from include.errors import RunFailed, RunStopped
from tests.airflow_home import AIRFLOW_HOME
from tests.plugins.params import DEFAULTS
from tests.plugins.shard import CALLS, OPENED, operator_of, run_report, tasks_of
from tests.unit.database.seeding import Day
from tests.unit.gpu.fake_host import FakeGpuHost

RUN = "run-1"
WAITS, REFUSES, LEAVES_OPEN, SKIPS = "waits", "refuses", "leaves the books open", "skips itself"
# Subjects and texts.
Told = list[tuple[str, str]]


@dataclass(frozen=True)
class Hop:
    """A task that was marked, one before it that still works, and the one that runs too early."""

    marked: str
    works: str
    early: str
    does: str
    dag_id: str = AUDIT_DAG


HOPS = [
    # Its own process learns of it with its next heartbeat only.
    Hop("open_batch", "open_batch", "discover", REFUSES),
    Hop("open_batch", "open_batch", "recover_3", WAITS),
    Hop("discover", "discover", "plan", REFUSES),
    Hop("plan", "discover", "deal", SKIPS),
    Hop("plan", "discover", "recover_3", WAITS),
    Hop("plan", "discover", "settle", WAITS),
    Hop("deal", "plan", "audit.gpu_a.distribute", SKIPS),
    *(
        Hop(f"audit.gpu_a.{marked}", f"audit.gpu_a.{works}", f"audit.gpu_a.{early}", SKIPS)
        for works, marked, early in zip(STAGES, STAGES[1:], STAGES[2:], strict=False)
    ),
    Hop("audit.gpu_a.stt", "audit.gpu_a.lid", "recover_3", WAITS),
    Hop("recover_1", "audit.gpu_a.stt", "recover_3", WAITS),
    Hop("audit.gpu_a.llm2", "audit.gpu_a.llm1", "settle", WAITS),
    Hop("recover_3", "audit.gpu_a.stt", "settle", WAITS),
    Hop("settle", "audit.gpu_a.llm1", "report", LEAVES_OPEN),
    Hop("report", "settle", "clean_up", LEAVES_OPEN),
    Hop("plan", "open_batch", "plan", REFUSES, RESCORE_DAG),
    Hop("rescore.llm2", "rescore.llm1", "report", LEAVES_OPEN, RESCORE_DAG),
    Hop("report", "rescore.llm2", "clean_up", LEAVES_OPEN, RESCORE_DAG),
    Hop("report", "rescore.llm2", "promote", SKIPS, RESCORE_DAG),
]


@pytest.fixture(scope="module")
def bag() -> DagBag:
    return DagBag(dag_folder=AIRFLOW_HOME / "dags")


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch, runs_folder: Path) -> None:
    monkeypatch.setattr(ending, "_LAST_WORDS_S", 0.0)
    # Charts have tests of their own.
    monkeypatch.setattr(report, "_charts", lambda _: defaultdict(str))


@pytest.fixture
def early(bag: DagBag, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """Runs a task of a DAG as Airflow would, though others before it have still to end."""

    async def run(hop: Hop, opened: dict[str, Any] | None) -> Any:
        task = bag.dags[hop.dag_id].get_task(hop.early)
        stage = hop.early.rpartition(".")[2]
        at_work = tasks_of(RUN, hop.works, hop.early, dag_id=hop.dag_id)
        context = {"ti": at_work, "task": task, "params": {**DEFAULTS, "promote": True}}
        if stage in STAGES:
            return await operator_of(Stage(stage)).aexecute(context)
        if hop.early == "report":
            its_own = copy(task)
            its_own.batch, its_own.planned = opened, [0]
            return its_own.execute(context)
        function = task.python_callable
        monkeypatch.setitem(inspect.unwrap(function).__globals__, "get_current_context", lambda: context)
        given = {"batch": opened, "planned": None}
        result = function(**{name: given[name] for name in inspect.signature(function).parameters})
        return await result if inspect.isawaitable(result) else result

    return run


@pytest.mark.parametrize("hop", HOPS, ids=lambda hop: f"{hop.dag_id}-{hop.marked}-{hop.early}")
async def test_a_task_that_runs_too_early_ends_nothing(
    hop: Hop, day: Day, request: pytest.FixtureRequest, early: Callable[..., Any]
) -> None:
    if hop.marked in {"open_batch", "discover", "plan", "deal"}:
        day.open(batch_id=RUN)  # nobody has looked for its calls
    else:
        # One attempt has failed, and the next is on: what settles calls now takes it for their end.
        batch = request.getfixturevalue("batch")
        day.save(batch, Stage.DISTRIBUTE, [Failure(call.call_id, "host_busy", "busy") for call in CALLS])
    opened = None if "open_batch" in {hop.marked, hop.works} else OPENED
    assert await done_by(early, hop, opened) == hop.does
    assert events(day) == [] and not any(row["closed_at"] for row in day.rows(RunRow))
    assert {row["state"] for row in day.rows(CallRow)} <= {CallState.PENDING}


async def done_by(early: Callable[..., Any], hop: Hop, opened: dict[str, Any] | None) -> str:
    try:
        result = await early(hop, opened)
    except RunStopped as error:
        assert "Clear it with its downstream tasks" in str(error)
        return REFUSES
    except AirflowSkipException as skipped:
        return LEAVES_OPEN if "The books of" in str(skipped) else SKIPS
    except DownstreamTasksSkipped:
        return SKIPS
    return LEAVES_OPEN if hop.early == "clean_up" else WAITS if not result else f"ended with {result}"


def events(day: Day) -> list[str]:
    return [event["event_type"] for event in day.rows(OutboxRow, call_id=None)]


class TestARunOfWhichSettleIsMarkedWhileTheLlmIsAsked:
    """Its report runs too early, then its last task; then it goes on to its end."""

    @pytest.fixture
    async def run(self, day: Day, batch: Batch, gpu_a: FakeGpuHost) -> Batch:
        day.audit(batch, CALLS[0])
        with pytest.raises(
            AirflowSkipException, match=r"still work.*of run-1 stay open.*the next look of the"
        ):
            run_report(OPENED, [0], "audit.gpu_a.llm1")
        await ending.end(RUN, failed_tasks=0, works=True)
        return batch

    async def test_its_page_meanwhile_is_that_of_a_run_that_works(
        self, day: Day, run: Batch, runs_folder: Path
    ) -> None:
        live = day.database.read(lambda connection: live_run(connection, RUN))
        assert live.phase is Phase.WORKING and not live.may_have_report
        assert events(day) == [] and list(runs_folder.rglob("report.html")) == []

    async def test_its_books_event_and_report_come_once_and_agree(
        self, day: Day, run: Batch, runs_folder: Path
    ) -> None:
        day.audit(run, *CALLS[1:])
        for _ in range(2):
            await closing.close_ended(lambda _: "success")
        (book,), (row,) = day.rows(RunRow), day.rows(BatchRow)
        assert book["closed_at"] and book["reported_at"] and not book["failed"]
        assert {state: calls for state, calls in row["ledger"].items() if calls} == {"audited": 3}
        assert events(day) == ["run.completed"]
        (page,) = runs_folder.rglob("report.html")
        assert "3 audited" in page.read_text() and "This run failed." not in page.read_text()

    async def test_people_are_told_when_it_failed_though_airflow_shows_success(
        self,
        day: Day,
        run: Batch,
        runs_folder: Path,
        setting: Callable[..., None],
        told: Told,
    ) -> None:
        context: Any = {"dag": SimpleNamespace(dag_id=AUDIT_DAG), "run_id": RUN}
        await asyncio.to_thread(alerts.RunAlerts(failed=False).notify, context)
        assert told == [], "nobody knows yet how it ended"
        with pytest.raises(RunFailed, match="Airflow shows as success, and their books say failed: run-1"):
            await closing.close_ended(lambda _: "success")
        await closing.close_ended(lambda _: "success")
        ((subject, text),) = told
        assert subject == "The audit of 2026-11-16 failed"
        assert "1 audited" in text and "2 pending = 3 discovered" in text
        assert events(day) == ["run.incomplete"]

    async def test_an_alert_that_reached_nobody_is_tried_again(
        self,
        day: Day,
        run: Batch,
        setting: Callable[..., None],
        told: Told,
        deaf: list[bool],
    ) -> None:
        deaf.append(True)
        with pytest.raises(RunFailed):
            await closing.close_ended(lambda _: "failed")
        (row,) = day.rows(AlertRow)
        assert row["sent_at"] is None
        deaf.clear()
        for _ in range(2):
            await closing.close_ended(lambda _: "failed")
        assert [subject for subject, _ in told] == ["The audit of 2026-11-16 failed"]


@pytest.fixture
def deaf() -> list[bool]:
    """Not empty while no place takes an alert."""
    return []


@pytest.fixture
def told(setting: Callable[..., None], monkeypatch: pytest.MonkeyPatch, deaf: list[bool]) -> Told:
    """Subjects and texts that a mail server has taken."""
    setting("alert_email", "qa@example.org")
    setting("alert_free_disk_gib", 0)
    setting("gpu_hosts", "")
    kept: Told = []

    def takes(place: str, send: object, key: str, subject: str, text: str) -> bool:
        if not deaf:
            kept.append((subject, text))
        return not deaf

    monkeypatch.setattr(alerts, "_takes", takes)
    return kept
