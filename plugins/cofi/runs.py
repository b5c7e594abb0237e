"""Whether other runs go on: a claim of one that does not is void."""

from collections.abc import Callable

from airflow.sdk import Context
from airflow.sdk.exceptions import AirflowRuntimeError

_GOING_ON = {"queued", "running"}


def running(context: Context) -> Callable[[str], bool]:
    """Asks Airflow about runs of the same DAG; one that was deleted goes on no more."""
    ti, dag_id = context["ti"], context["dag_run"].dag_id

    def goes_on(run_id: str) -> bool:
        try:
            return ti.get_dagrun_state(dag_id, run_id) in _GOING_ON
        except AirflowRuntimeError:
            return False

    return goes_on
