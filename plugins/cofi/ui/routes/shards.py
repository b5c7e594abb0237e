"""The calls of a shard: a tab on each of its tasks."""

from typing import Annotated
from urllib.parse import urlencode

from airflow.api_fastapi.auth.managers.models.resource_details import DagAccessEntity
from airflow.api_fastapi.core_api.security import requires_access_dag
from fastapi import APIRouter, Depends, Query
from fastapi.responses import HTMLResponse
from pydantic import BaseModel

from cofi.runs import batch_id_of
from cofi.ui.access import requires
from cofi.ui.asking import AskedDep
from cofi.ui.tasks import MappedTask, TasksDep
from include.access.rights import Right
from include.call_pages import lists
from include.calls.call import CallState
from include.calls.ledger import Ledger

# Whoever may not see the run may not see its tasks; a shard holds calls of all agents.
_RUN = Depends(requires_access_dag("GET", DagAccessEntity.TASK_INSTANCE))
router = APIRouter(dependencies=[_RUN, requires(Right.TEXT, Right.OTHERS)])


class Task(BaseModel):
    """The task instance of the tab, as Airflow fills in its address, and which calls are wanted."""

    dag_id: str
    run_id: str
    task_id: str
    map_index: str = ""
    state: CallState | None = None
    after: str | None = None


@router.get("/shard")
def shard(asked: AskedDep, tasks: TasksDep, task: Annotated[Task, Query()]) -> HTMLResponse:
    """The calls that a task works on, in one state or in all, with where they stand."""
    number = _shard(tasks(task.dag_id, task.run_id), task.task_id, task.map_index)
    batch_id, page, ledger = batch_id_of(task.dag_id, task.run_id), lists.Page([], None), Ledger()
    if number is not None:
        blind = asked.blind
        with asked.database.reading() as connection:
            page = lists.calls_of_shard(connection, batch_id, number, task.state, task.after, blind=blind)
            ledger = lists.ledger_of_shard(connection, batch_id, number)
    values = {"shard": number, "page": page, "ledger": ledger, "batch_id": batch_id, "task": task}
    return asked.page("shard.html", states=list(CallState), here=_address(task), **values)


def _address(task: Task) -> str:
    """The tab without what narrows it."""
    return f"/shard?{urlencode(task.model_dump(exclude={'state', 'after'}))}"


def _shard(tasks: list[MappedTask], task_id: str, map_index: str) -> int | None:
    """Airflow leaves "{MAP_INDEX}" as it is for a task that is not mapped."""
    if not map_index.isdigit():
        return None
    wanted = (task_id, int(map_index))
    return next((task.shard for task in tasks if (task.task_id, task.map_index) == wanted), None)
