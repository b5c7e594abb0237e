"""Runs and their batches, and whether other runs go on: a claim of one that does not is void."""

from collections.abc import Callable

from airflow.sdk import Context
from airflow.sdk.exceptions import AirflowRuntimeError

AUDIT_DAG, RESCORE_DAG = "audit_calls", "rescore_calls"
_GOING_ON = {"queued", "running"}
_RESCORE = f"{RESCORE_DAG}:"


def batch_id_of(dag_id: str, run_id: str) -> str:
    """The batch of a run. Runs of two DAGs may have the same id: backfills of a day do."""
    return run_id if dag_id == AUDIT_DAG else f"{dag_id}:{run_id}"


def running(context: Context) -> Callable[[str], bool]:
    """Asks Airflow whether the run of a batch goes on; one that was deleted does not."""
    ti = context["ti"]

    def goes_on(batch_id: str) -> bool:
        run_id = batch_id.removeprefix(_RESCORE)
        dag_id = AUDIT_DAG if run_id == batch_id else RESCORE_DAG
        try:
            return ti.get_dagrun_state(dag_id, run_id) in _GOING_ON
        except AirflowRuntimeError:
            return False

    return goes_on
