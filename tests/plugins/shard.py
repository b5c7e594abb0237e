"""One shard of three calls, and its operators as Airflow runs them."""

from types import SimpleNamespace
from typing import Any

from cofi.operators.distribute import DistributeOperator
from cofi.operators.gpu_stage import GpuStageOperator
from cofi.operators.llm_stage import LlmStageOperator
from cofi.operators.shard import ShardOperator, ShardWork
from include.calls.stage import GPU_STAGES, Stage
from tests.unit.calls.site import recording as audio
from tests.unit.database.seeding import recording

SHARD = ShardWork(batch_id="run-1", shard=0, host="gpu_a", calls=3, audio_s=9.0)
OPENED = {"batch_id": "run-1", "day": "2026-11-16", "location": "file:///calls"}
CONTENTS = {path: audio(3, seed=number) for number, path in enumerate(["a.wav", "b.wav", "c.wav"])}
CALLS = [recording(path, size_bytes=len(content)) for path, content in CONTENTS.items()]


def context(attempt: int = 1, **params: object) -> dict[str, Any]:
    """What Airflow hands to a task."""
    chosen = {"scorecard": "service_call", "llm_requests": 2, **params}
    return {"ti": SimpleNamespace(try_number=attempt, map_index=7), "params": chosen}


def operator_of(stage: Stage, batch_id: str = "run-1", pool_slots: int = 2, **changes: Any) -> ShardOperator:
    """The operator of a stage of the shard, or of one with changes."""
    shard: ShardWork = {**SHARD, "batch_id": batch_id, **changes}
    if stage is Stage.DISTRIBUTE:
        return DistributeOperator(
            task_id=f"audit.gpu_a.{stage}", shard=shard, pool_slots=pool_slots, may_leave=True
        )
    if stage in GPU_STAGES:
        return GpuStageOperator(task_id=f"audit.gpu_a.{stage}", stage=stage, shard=shard, may_leave=True)
    return LlmStageOperator(task_id=f"audit.gpu_a.{stage}", stage=stage, shard=shard, pool_slots=pool_slots)


async def run(
    stage: Stage, batch_id: str = "run-1", attempt: int = 1, shard: dict[str, Any] | None = None
) -> dict[str, Any]:
    """Runs a stage's task."""
    return await operator_of(stage, batch_id, **(shard or {})).aexecute(context(attempt))
