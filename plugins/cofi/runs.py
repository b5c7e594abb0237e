"""Runs and their batches, and whether other runs go on: a claim of one that does not is void."""

from collections.abc import Callable, Sequence

from airflow.sdk import Context, TaskInstanceState
from airflow.sdk.exceptions import AirflowRuntimeError

AUDIT_DAG, RESCORE_DAG = "audit_calls", "rescore_calls"
_GOING_ON = {"queued", "running"}
_RESCORE = f"{RESCORE_DAG}:"
_ENDED = {"success", "failed", "skipped", "upstream_failed", "removed"}
# Airflow's API calls the state of a task that waits for others "null".
_UNFINISHED = ["null", *(state.value for state in TaskInstanceState if state.value not in _ENDED)]


def batch_id_of(dag_id: str, run_id: str) -> str:
    """The batch of a run. Runs of two DAGs may have the same id: backfills of a day do."""
    return run_id if dag_id == AUDIT_DAG else f"{dag_id}:{run_id}"


def run_type_of(context: Context) -> str:
    """What started a run: `scheduled`, `backfill`, `manual`."""
    return str(getattr(context["dag_run"].run_type, "value", context["dag_run"].run_type))


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


def unfinished(context: Context, task_ids: Sequence[str]) -> Callable[[], bool]:
    """Asks Airflow whether one of these tasks of the run, with any index, has still to end."""
    ti = context["ti"]
    asked = {"dag_id": ti.dag_id, "run_ids": [ti.run_id], "task_ids": list(task_ids), "states": _UNFINISHED}
    return lambda: ti.get_ti_count(**asked) > 0
