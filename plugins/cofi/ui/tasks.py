"""Which of Airflow's task instances works on which shard: tasks list its calls, failed calls link to them."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated
from urllib.parse import quote

from fastapi import Depends

from cofi.runs import AUDIT_DAG, RESCORE_DAG

_RESCORE = f"{RESCORE_DAG}:"


@dataclass(frozen=True)
class MappedTask:
    """A mapped task instance, and what the grid calls it: host and shard, or the shard alone."""

    task_id: str
    map_index: int
    shown_as: str | None

    @property
    def shard(self) -> int | None:
        """None before it has begun: the grid shows its index until then."""
        number = (self.shown_as or "").rpartition("·")[2].strip()
        return int(number) if number.isdigit() else None


ListTasks = Callable[[str, str], list[MappedTask]]


def list_tasks(dag_id: str, run_id: str) -> list[MappedTask]:
    """The mapped task instances of a run, from Airflow's own database."""
    from airflow.models.taskinstance import TaskInstance  # noqa: PLC0415 - the models take a second
    from airflow.utils.session import create_session  # noqa: PLC0415
    from sqlalchemy import select  # noqa: PLC0415

    columns = (TaskInstance.task_id, TaskInstance.map_index, TaskInstance.rendered_map_index)
    query = select(*columns).where(TaskInstance.dag_id == dag_id, TaskInstance.run_id == run_id)
    with create_session() as session:
        rows = session.execute(query.where(TaskInstance.map_index >= 0)).all()
    return [MappedTask(*row) for row in rows]


async def listing() -> ListTasks:
    """What lists them; tests put another in its place."""
    return list_tasks


TasksDep = Annotated[ListTasks, Depends(listing)]


def run_of(batch_id: str) -> tuple[str, str]:
    """The DAG and run of a batch."""
    run_id = batch_id.removeprefix(_RESCORE)
    return (AUDIT_DAG if run_id == batch_id else RESCORE_DAG), run_id


def log_url(tasks: list[MappedTask], batch_id: str, stage: str, shard: int | None) -> str | None:
    """Where Airflow shows the log of the task that worked on a shard; None when it knows none."""
    dag_id, run_id = run_of(batch_id)
    for task in tasks:
        if task.task_id.rpartition(".")[2] == stage and task.shard == shard is not None:
            place = f"tasks/{quote(task.task_id, safe='')}/mapped/{task.map_index}"
            return f"/dags/{dag_id}/runs/{quote(run_id, safe='')}/{place}"
    return None
