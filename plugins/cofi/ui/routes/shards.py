"""The calls of a shard: a tab on each of its tasks."""

from typing import Annotated

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

# Whoever may not see the run may not see its tasks; a shard holds calls of all agents.
_RUN = Depends(requires_access_dag("GET", DagAccessEntity.TASK_INSTANCE))
router = APIRouter(dependencies=[_RUN, requires(Right.TEXT, Right.OTHERS)])


class Task(BaseModel):
    """The task instance that the tab belongs to, as Airflow fills in its address."""

    dag_id: str
    run_id: str
    task_id: str
    map_index: str = ""


@router.get("/shard")
def shard(asked: AskedDep, tasks: TasksDep, task: Annotated[Task, Query()]) -> HTMLResponse:
    """The calls that a task works on, with where they stand."""
    number = _shard(tasks(task.dag_id, task.run_id), task.task_id, task.map_index)
    page = lists.Page([], None)
    if number is not None:
        batch_id = batch_id_of(task.dag_id, task.run_id)
        page = asked.read(lambda connection: lists.calls_of_shard(connection, batch_id, number))
    return asked.page("shard.html", shard=number, page=page)


def _shard(tasks: list[MappedTask], task_id: str, map_index: str) -> int | None:
    """Airflow leaves "{MAP_INDEX}" as it is for a task that is not mapped."""
    if not map_index.isdigit():
        return None
    wanted = (task_id, int(map_index))
    return next((task.shard for task in tasks if (task.task_id, task.map_index) == wanted), None)
