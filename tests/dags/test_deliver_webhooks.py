"""The DAG that sends events runs by itself, one sweep at a time, and shares nothing with audits."""

import pytest
from airflow.dag_processing.dagbag import DagBag
from airflow.sdk import DAG, CronTriggerTimetable

from cofi.settings import Settings
from tests.airflow_home import AIRFLOW_HOME


@pytest.fixture(scope="module")
def dag() -> DAG:
    bag = DagBag(dag_folder=AIRFLOW_HOME / "dags")
    assert bag.import_errors == {}
    return bag.dags["deliver_webhooks"]


def test_it_runs_every_few_minutes_without_anybody_switching_it_on(dag: DAG) -> None:
    assert isinstance(dag.timetable, CronTriggerTimetable)
    assert dag.timetable.expression == Settings.load().webhook_schedule
    assert dag.is_paused_upon_creation is False
    assert dag.catchup is False


def test_one_sweep_at_a_time_is_its_own_retry_and_takes_no_slot_of_an_audit(dag: DAG) -> None:
    (deliver,) = dag.tasks
    assert dag.max_active_runs == 1
    assert (deliver.retries, deliver.pool, deliver.pool_slots) == (0, "default_pool", 1)
