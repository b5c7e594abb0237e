"""The DAG of rescores parses, asks nothing but the LLM, yields to audits, and never runs by itself."""

import json
import re
from datetime import UTC, datetime

import pytest
from airflow.dag_processing.dagbag import DagBag
from airflow.sdk import DAG
from airflow.sdk.exceptions import ParamValidationError
from airflow.serialization.serialized_objects import DagSerialization
from airflow.timetables.base import TimeRestriction

from cofi.pools import LLM_POOL
from cofi.scorecards import PROMOTED
from cofi.settings import Settings
from tests.airflow_home import AIRFLOW_HOME


@pytest.fixture(scope="module")
def bag() -> DagBag:
    return DagBag(dag_folder=AIRFLOW_HOME / "dags")


@pytest.fixture(scope="module")
def dag(bag: DagBag) -> DAG:
    assert bag.import_errors == {}
    return bag.dags["rescore_calls"]


def test_the_dag_explains_itself(dag: DAG) -> None:
    assert str(dag.doc_md).startswith("Audit stored transcripts again")


def test_no_task_asks_a_gpu_host(dag: DAG) -> None:
    hosts = Settings.load().hosts
    assert {task.pool for task in dag.tasks} == {"default_pool", LLM_POOL}
    assert not [task for task in dag.tasks if task.pool in hosts or "Gpu" in task.task_type]
    assert {task.task_id for task in dag.tasks if task.pool == LLM_POOL} == {
        "rescore.llm1",
        "rescore.llm2",
    }


def test_audits_go_first_in_the_pool_that_both_share(bag: DagBag, dag: DAG) -> None:
    def weights(of: DAG) -> list[int]:
        return [task.priority_weight for task in of.tasks if task.pool == LLM_POOL]

    assert max(weights(dag)) < min(weights(bag.dags["audit_calls"]))
    llm1, llm2 = (dag.get_task(f"rescore.{stage}") for stage in ("llm1", "llm2"))
    assert (llm1.priority_weight, llm1.weight_rule) == (1, "absolute")
    assert llm2.priority_weight > llm1.priority_weight
    assert llm2.upstream_task_ids >= {llm1.task_id}
    assert llm2.trigger_rule == "all_done"


def test_the_report_is_written_whatever_happens_and_then_comes_the_promotion(dag: DAG) -> None:
    assert dag.get_task("report").trigger_rule == "all_done"
    assert dag.get_task("promote").upstream_task_ids == {"open_batch", "report"}
    assert {task.task_id for task in dag.leaves} == {"promote", "clean_up"}


def test_a_run_that_somebody_marks_is_ended_by_its_books_and_a_failed_promotion_fails_it(dag: DAG) -> None:
    clean_up = dag.get_task("clean_up")
    assert clean_up.is_teardown and clean_up.on_failure_fail_dagrun
    assert clean_up.upstream_task_ids == {"report"}
    assert not dag.get_task("promote").is_teardown


class TestTimetable:
    @pytest.fixture
    def scheduled(self, dag: DAG):
        """As the scheduler reads it."""
        return DagSerialization.from_dict(json.loads(json.dumps(DagSerialization.to_dict(dag))))

    def test_the_scheduler_starts_no_run(self, scheduled) -> None:
        assert scheduled.next_dagrun_info(last_automated_run_info=None) is None
        restriction = TimeRestriction(earliest=None, latest=None, catchup=False)
        timetable = scheduled.timetable
        assert timetable.next_dagrun_info(last_automated_data_interval=None, restriction=restriction) is None

    def test_a_backfill_has_a_run_for_each_day(self, scheduled) -> None:
        first, last = datetime(2026, 11, 16, tzinfo=UTC), datetime(2026, 11, 17, tzinfo=UTC)
        days = [info.data_interval.start for info in scheduled.iter_dagrun_infos_between(first, last)]
        assert days == [first, last]
        assert scheduled.timetable.periodic


class TestForm:
    def test_every_param_is_explained(self, dag: DAG) -> None:
        for name in dag.params:
            param = dag.params.get_param(name)
            assert param.schema.get("title"), name
            assert re.search(r"\w{3}.*\.$", param.description or "", re.DOTALL), name

    def test_it_opens_with_what_decides(self, dag: DAG) -> None:
        schemas = {name: dag.params.get_param(name).schema for name in dag.params}
        opened = [name for name, schema in schemas.items() if "section" not in schema]
        assert opened == list(schemas)[:4] == ["day", "last_day", "scorecard", "shadow"]

    def test_what_may_stay_empty_is_not_marked_as_required(self, dag: DAG) -> None:
        schemas = {name: dag.params.get_param(name).schema for name in dag.params}
        optional = {name for name, schema in schemas.items() if "null" in schema["type"]}
        assert optional == {"day", "last_day", "model"}

    def test_the_defaults_compare_and_change_nothing(self, dag: DAG) -> None:
        defaults = dag.params.validate()
        assert (defaults["shadow"], defaults["promote"], defaults["share"]) == (True, False, 1.0)
        assert (defaults["scorecard"], defaults["model"], defaults["day"]) == (PROMOTED, None, None)

    @pytest.mark.parametrize(
        ("name", "values"),
        [
            ("day", ["yesterday", "16.11.2026", ""]),
            ("last_day", ["tomorrow", 20261116]),
            ("share", [0, -0.1, 1.01, "0.5", None]),
            ("shadow", ["yes", 1, None]),
            ("promote", ["no", None]),
            ("only_labelled", ["no", None]),
            ("scorecard", ["no_such_card", None, ""]),
            ("model", ["", 4]),
            ("prompts", ["no_such_folder", None]),
            ("llm_requests", [0, 11, None]),
        ],
    )
    def test_wrong_values_are_refused(self, dag: DAG, name: str, values: list[object]) -> None:
        for value in values:
            with pytest.raises(ParamValidationError):
                dag.params.get_param(name).resolve(value)
                pytest.fail(f"{name} = {value!r} was taken")
