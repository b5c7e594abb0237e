"""One shard of three calls, and its operators as Airflow runs them."""

from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

from airflow.sdk import DAG

from cofi.operators.distribute import DistributeOperator
from cofi.operators.gpu_stage import GpuStageOperator
from cofi.operators.llm_stage import LlmStageOperator
from cofi.operators.report import ReportOperator
from cofi.operators.shard import ShardOperator
from include.calls.stage import GPU_STAGES, Stage
from tests.unit.calls.site import recording as audio
from tests.unit.database.seeding import recording

PLANNED = [0]
OPENED = {"batch_id": "run-1", "day": "2026-11-16", "location": "file:///calls"}
CONTENTS = {path: audio(3, seed=number) for number, path in enumerate(["a.wav", "b.wav", "c.wav"])}
CALLS = [recording(path, size_bytes=len(content)) for path, content in CONTENTS.items()]


def context(attempt: int = 1, run_id: str = "run-1", **params: object) -> dict[str, Any]:
    """What Airflow hands to a task."""
    chosen = {"scorecard": "service_call", "llm_requests": 2, **params}
    ti = SimpleNamespace(dag_id="audit_calls", run_id=run_id, try_number=attempt, map_index=7)
    return {"ti": ti, "params": chosen}


def operator_of(stage: Stage, pool_slots: int = 2, shard: int = 0) -> ShardOperator:
    """The operator of a stage of a shard."""
    name: dict[str, Any] = {"task_id": f"audit.gpu_a.{stage}", "shard": shard}
    if stage is Stage.DISTRIBUTE:
        return DistributeOperator(**name, pool_slots=pool_slots, may_leave=True)
    if stage in GPU_STAGES:
        return GpuStageOperator(**name, stage=stage, may_leave=True)
    return LlmStageOperator(**name, stage=stage, pool_slots=pool_slots)


async def run(stage: Stage, batch_id: str = "run-1", attempt: int = 1, shard: int = 0) -> dict[str, Any]:
    """Runs a stage's task."""
    return await operator_of(stage, shard=shard).aexecute(context(attempt, batch_id))


def tasks_of(run_id: str, *at_work: str, dag_id: str = "audit_calls") -> SimpleNamespace:
    """A task as Airflow hands it to itself, in a run of which these tasks have still to end."""

    def get_ti_count(task_ids: Sequence[str] | None = None, **_: Any) -> int:
        return sum(task_ids is None or task_id in task_ids for task_id in at_work)

    return SimpleNamespace(dag_id=dag_id, run_id=run_id, try_number=1, map_index=0, get_ti_count=get_ti_count)


def run_report(
    opened: dict[str, Any] | None = OPENED, planned: list[int] | None = PLANNED, *at_work: str
) -> dict[str, Any]:
    """Runs the report's task, after all others but those that are at work."""
    with DAG("audit_calls"):
        task = ReportOperator(task_id="report", batch=opened, planned=planned)
    run_id = opened["batch_id"] if opened else "run-1"
    return task.execute({"ti": tasks_of(run_id, "report", *at_work), "task": task})
