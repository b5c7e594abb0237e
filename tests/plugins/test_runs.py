"""What tasks ask Airflow about runs and tasks."""

from types import SimpleNamespace
from typing import Any

import pytest
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG, TaskInstanceState, chain
from airflow.utils.types import DagRunType

from cofi.runs import run_type_of, unfinished, works_before
from include.calls.days import BACKFILL, MANUAL, SCHEDULED

ENDED = {"success", "failed", "skipped", "upstream_failed", "removed"}


@pytest.mark.parametrize(("count", "going_on"), [(0, False), (3, True)])
def test_a_task_goes_on_until_it_has_ended_in_whatever_way(count: int, going_on: bool) -> None:
    asked: dict[str, Any] = {}

    def get_ti_count(**of: Any) -> int:
        asked.update(of)
        return count

    ti = SimpleNamespace(dag_id="audit_calls", run_id="run-1", get_ti_count=get_ti_count)
    at_work = unfinished({"ti": ti}, ["audit.gpu_a.stt"])  # type: ignore[typeddict-item]
    assert asked == {}, "when it is asked, not before"
    assert at_work() is going_on
    assert (asked["dag_id"], asked["run_ids"], asked["task_ids"]) == (
        "audit_calls",
        ["run-1"],
        ["audit.gpu_a.stt"],
    )
    states = {state.value for state in TaskInstanceState}
    assert set(asked["states"]) == (states - ENDED) | {"null"}, "also those that wait for others"


@pytest.mark.parametrize(
    ("at_work", "works"),
    [([], False), (["clean_up"], False), (["clean_up", "promote"], False), (["clean_up", "llm2"], True)],
)
def test_whoever_marks_a_task_in_between_lets_the_last_one_run_too_early(
    at_work: list[str], works: bool
) -> None:
    def get_ti_count(task_ids: list[str] | None = None, **_: Any) -> int:
        return sum(task_ids is None or task_id in task_ids for task_id in at_work)

    with DAG("run") as dag:
        chain(*(EmptyOperator(task_id=name) for name in ("llm2", "report", "clean_up")))
        dag.get_task("report") >> EmptyOperator(task_id="promote")
    ti = SimpleNamespace(dag_id="run", run_id="run-1", get_ti_count=get_ti_count)
    context: Any = {"ti": ti, "task": dag.get_task("clean_up")}
    assert works_before(context) is works


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        (DagRunType.SCHEDULED, SCHEDULED),
        (DagRunType.MANUAL, MANUAL),
        (DagRunType.BACKFILL_JOB, BACKFILL),
        ("scheduled", SCHEDULED),
    ],
)
def test_what_started_a_run_has_airflows_name(kind: object, name: str) -> None:
    context = {"dag_run": SimpleNamespace(run_type=kind)}
    assert run_type_of(context) == name  # type: ignore[arg-type]
