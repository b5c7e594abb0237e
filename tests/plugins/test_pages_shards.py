"""A task's tab lists the calls of its shard, and a failed call leads to the log of its task."""

from collections.abc import Callable, Iterator

import pytest
from fastapi.testclient import TestClient

from cofi.ui.app import app
from cofi.ui.tasks import MappedTask, listing, log_url, run_of
from include.calls.call import CallState
from include.calls.stage import Stage
from include.database.batches import Batch
from include.database.outcomes import Failure
from tests.plugins.conftest import Connect
from tests.plugins.people import PEOPLE, airflow_shows_runs_to, client_of, served
from tests.plugins.shard import CALLS
from tests.unit.database.seeding import Day

As = Callable[[str | None], TestClient]
TAB = {"dag_id": "audit_calls", "run_id": "run-1", "task_id": "audit.gpu_a.llm1", "map_index": "0"}
OF_SHARD_0 = [MappedTask("audit.gpu_a.stt", 0, "gpu_a · 0"), MappedTask("audit.gpu_a.llm1", 0, "gpu_a · 0")]

TASKS = [
    MappedTask("audit.gpu_a.stt", 1, "gpu_a · 2"),
    MappedTask("audit.gpu_b.stt", 1, "gpu_b · 3"),
    MappedTask("audit_recover_1.stt", 0, "gpu_a · 40"),
    MappedTask("audit.gpu_a.llm1", 1, "gpu_a · 2"),
    MappedTask("audit.gpu_a.stt", 5, None),
]


@pytest.mark.parametrize(
    ("shown", "shard"), [("gpu_a · 12", 12), ("7", 7), (None, None), ("", None), ("gpu_3", None)]
)
def test_a_shard_is_what_the_grid_calls_the_task(shown: str | None, shard: int | None) -> None:
    assert MappedTask("audit.gpu_a.stt", 0, shown).shard == shard


def test_a_failed_attempt_leads_to_the_task_that_had_its_shard() -> None:
    run = "manual__2026-11-16T09:12:00+00:00"
    assert log_url(TASKS, run, "stt", 40) == (
        "/dags/audit_calls/runs/manual__2026-11-16T09%3A12%3A00%2B00%3A00/tasks/audit_recover_1.stt/mapped/0"
    )
    assert log_url(TASKS, run, "stt", 99) is None
    assert log_url(TASKS, run, "stt", None) is None


def test_a_batch_of_a_rescore_is_a_run_of_its_own_dag() -> None:
    assert run_of("rescore_calls:r1") == ("rescore_calls", "r1")
    assert run_of("r1") == ("audit_calls", "r1")


@pytest.fixture
def as_(day: Day, setting: Connect) -> Iterator[As]:
    """A browser of somebody; ana sees runs, and calls of everybody, vera runs alone."""
    setting("people", PEOPLE)
    with served() as outer, airflow_shows_runs_to("ana", "vera"):
        app.dependency_overrides[listing] = lambda: lambda dag_id, run_id: OF_SHARD_0
        yield lambda name: client_of(outer, name)


@pytest.fixture
def lost(day: Day, batch: Batch) -> str:
    """A call that failed in STT; another is audited, and one waits."""
    day.audit(batch, CALLS[0])
    day.save(batch, Stage.STT, [Failure(CALLS[1].call_id, "bug", "broke", state=CallState.FAILED)])
    return CALLS[1].call_id


def test_the_tab_lists_the_calls_of_the_shard_with_their_states_and_links(as_: As, lost: str) -> None:
    text = as_("ana").get("/cofi/shard", params=TAB).text
    for call in CALLS:
        assert f'href="/cofi/calls/{call.call_id}"' in text
    assert "1 audited + 1 failed + 0 duplicate" in text
    assert text.count(">its log</a>") == 1
    assert f"/cofi/log?batch_id=run-1&amp;call_id={lost}" in text


def test_the_tab_shows_those_in_one_state(as_: As, lost: str) -> None:
    text = as_("ana").get("/cofi/shard", params={**TAB, "state": "failed"}).text
    assert f"/cofi/calls/{lost}" in text
    assert f"/cofi/calls/{CALLS[0].call_id}" not in text
    empty = as_("ana").get("/cofi/shard", params={**TAB, "state": "skipped"}).text
    assert "No calls that are skipped in this shard" in empty


def test_a_failed_call_leads_to_the_log_of_the_task_that_it_failed_in(as_: As, lost: str) -> None:
    answer = as_("vera").get("/cofi/log", params={"batch_id": "run-1", "call_id": lost})
    assert (answer.status_code, answer.headers["location"]) == (
        307,
        "/dags/audit_calls/runs/run-1/tasks/audit.gpu_a.stt/mapped/0",
    )


def test_a_call_that_did_not_fail_has_no_log(as_: As, lost: str) -> None:
    for call_id in (CALLS[0].call_id, "20261116-0"):
        answer = as_("vera").get("/cofi/log", params={"batch_id": "run-1", "call_id": call_id})
        assert answer.status_code == 404
        assert "no task" in answer.text


def test_whoever_may_not_see_the_run_is_led_to_no_log(as_: As, lost: str) -> None:
    for name, status in (("ben", 403), (None, 401)):
        answer = as_(name).get("/cofi/log", params={"batch_id": "run-1", "call_id": lost})
        assert answer.status_code == status
        assert "location" not in answer.headers
