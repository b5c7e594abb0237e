"""Runs and their batches, and whether other runs go on: a claim of one that does not is void."""

from collections.abc import Callable, Sequence

from airflow.sdk import Context, TaskInstanceState
from airflow.sdk.exceptions import AirflowRuntimeError

AUDIT_DAG, RESCORE_DAG = "audit_calls", "rescore_calls"
_GOING_ON = {"queued", "running"}
_NOT_FOUND = 404
_RESCORE = f"{RESCORE_DAG}:"
_ENDED = {"success", "failed", "skipped", "upstream_failed", "removed"}
# Airflow's API calls the state of a task that waits for others "null".
_UNFINISHED = ["null", *(state.value for state in TaskInstanceState if state.value not in _ENDED)]


def batch_id_of(dag_id: str, run_id: str) -> str:
    """The batch of a run. Runs of two DAGs may have the same id: backfills of a day do."""
    return run_id if dag_id == AUDIT_DAG else f"{dag_id}:{run_id}"


def run_of(batch_id: str) -> tuple[str, str]:
    """The DAG and the run id of a batch."""
    run_id = batch_id.removeprefix(_RESCORE)
    return AUDIT_DAG if run_id == batch_id else RESCORE_DAG, run_id


def batch_id_in(context: Context) -> str:
    """The batch of the run that a task belongs to."""
    return batch_id_of(context["ti"].dag_id, context["ti"].run_id)


def run_type_of(context: Context) -> str:
    """What started a run: `scheduled`, `backfill`, `manual`."""
    return str(getattr(context["dag_run"].run_type, "value", context["dag_run"].run_type))


def state_of(context: Context) -> Callable[[str], str | None]:
    """Asks Airflow for the state of a batch's run; None when there is none, or none any more.

    Raises:
        AirflowRuntimeError: Airflow cannot tell at the moment.
    """
    ti = context["ti"]

    def asked(batch_id: str) -> str | None:
        dag_id, run_id = run_of(batch_id)
        try:
            state = ti.get_dagrun_state(dag_id, run_id)
            return str(getattr(state, "value", state))
        except AirflowRuntimeError as error:
            if (error.error.detail or {}).get("status_code") == _NOT_FOUND:
                return None
            raise

    return asked


def running(context: Context) -> Callable[[str], bool]:
    """Asks Airflow whether the run of a batch goes on; one that was deleted does not."""
    state = state_of(context)
    return lambda batch_id: state(batch_id) in _GOING_ON


def failed_tasks(context: Context) -> int:
    """How many task instances of the run have failed."""
    ti = context["ti"]
    return int(ti.get_ti_count(dag_id=ti.dag_id, run_ids=[ti.run_id], states=["failed"]))


def works_before(context: Context) -> bool:
    """Whether tasks that a task comes after have still to end: somebody has marked one in between."""
    ti, task = context["ti"], context["task"]
    of_run = {"dag_id": ti.dag_id, "run_ids": [ti.run_id], "states": _UNFINISHED}
    # A run's tasks before it may be thousands: more than a request can name.
    others = set(task.dag.task_ids) - task.get_flat_relative_ids(upstream=True)
    waited_for_by_nobody = ti.get_ti_count(**of_run, task_ids=sorted(others))
    return bool(ti.get_ti_count(**of_run) > waited_for_by_nobody)


def unfinished(context: Context, task_ids: Sequence[str]) -> Callable[[], bool]:
    """Asks Airflow whether one of these tasks of the run, with any index, has still to end."""
    ti = context["ti"]
    asked = {"dag_id": ti.dag_id, "run_ids": [ti.run_id], "task_ids": list(task_ids), "states": _UNFINISHED}
    return lambda: ti.get_ti_count(**asked) > 0
