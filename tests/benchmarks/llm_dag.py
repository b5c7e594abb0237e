"""The LLM stage of a run alone, with the operators, Params and retries of the audit: for the benchmark."""

import json
from pathlib import Path

from airflow.sdk import dag, task, task_group

from cofi.operators.llm_stage import LlmStageOperator
from cofi.params import audit_params
from cofi.retries import retry_arguments
from cofi.settings import Settings
from include.calls.stage import Stage

settings = Settings.load()


@dag(
    schedule=None,
    params=audit_params(settings),
    default_args=retry_arguments(settings),
    max_active_tasks=256,
)
def llm_only() -> None:
    """LLM1 over the shards of a file."""

    @task
    def shards(file: str) -> list[int]:
        return list(json.loads(Path(file).read_text()))

    llm_shard.expand(shard=shards("{{ params['location'] }}"))


@task_group
def llm_shard(shard: int) -> None:
    """One shard."""
    LlmStageOperator(
        task_id=Stage.LLM1, stage=Stage.LLM1, shard=shard, pool_slots=settings.llm_requests_per_task
    )


llm_only()
