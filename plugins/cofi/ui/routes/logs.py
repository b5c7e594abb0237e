"""From a call that failed to the log of the task that it failed in."""

from typing import Annotated

from airflow.api_fastapi.auth.managers.models.resource_details import DagAccessEntity
from airflow.api_fastapi.core_api.security import GetUserDep, requires_access_dag
from fastapi import APIRouter, Depends, HTTPException, Request
from fastapi.responses import RedirectResponse

from cofi.ui.data import DatabaseDep
from cofi.ui.links import URL_PREFIX
from cofi.ui.pages import PRIVATE, prefix_of
from cofi.ui.tasks import TasksDep, log_url, run_of
from include.call_pages.provenance import last_failure

router = APIRouter()


def _seen(request: Request, user: GetUserDep, batch_id: str) -> str:
    """The batch of a run whose logs the person may see."""
    requires_access_dag("GET", DagAccessEntity.TASK_LOGS, run_of(batch_id)[0])(request, user)
    return batch_id


@router.get("/log")
def log(
    request: Request,
    database: DatabaseDep,
    tasks: TasksDep,
    batch_id: Annotated[str, Depends(_seen)],
    call_id: str,
) -> RedirectResponse:
    """Leads to Airflow's log of the task in which a call of a run failed last."""
    failed = database.read(lambda connection: last_failure(connection, batch_id, call_id))
    url = failed and log_url(tasks(*run_of(batch_id)), batch_id, failed.stage, failed.shard)
    if not url:
        raise HTTPException(404, f"Airflow has no task any more in which call {call_id} failed in this run.")
    # Airflow may lie below a path of its own; cofi's pages lie below that.
    return RedirectResponse(prefix_of(request).removesuffix(URL_PREFIX) + url, headers=PRIVATE)
