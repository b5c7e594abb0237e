"""Audit a day of call recordings.

    open_batch ─ discover ─ plan ─┬─ per GPU host, shard by shard ─────────────────┬─ report
                                  │ distribute → denoise → ivr → lid → stt         │
                                  │            → llm1 → llm2  (pool llm_api)       │
                                  └────────────────────────────────────────────────┘

Every recording of the day ends as exactly one of: audited, failed, duplicate, skipped, quarantined. The run
fails if one does not. Each index of **audit_shard** is a host and a shard of its calls; it moves through the
stages on its own. A stage does only what is missing: clear **plan** with its downstream tasks, or run the day
again, and failed calls are taken up where they stopped; nothing is paid for twice.

* **By schedule**: every night, for the day that ended.
* **By hand**: *Trigger*; the form explains its fields.
* **Backfill**: *Trigger → Backfill*, or `airflow backfill create --dag-id audit_calls …`

Results: the tab **Audit report** of the run. Progress of a stage: the log of its task.
"""

from datetime import timedelta

import pendulum
from airflow.sdk import (
    CronDataIntervalTimetable,
    chain,
    dag,
    get_current_context,
    task,
    task_group,
)

from cofi import batch as batches
from cofi.operators.distribute import DistributeOperator
from cofi.operators.gpu_stage import GpuStageOperator
from cofi.operators.llm_stage import LlmStageOperator
from cofi.operators.report import ReportOperator
from cofi.params import audit_params
from cofi.retries import retry_arguments
from cofi.settings import Settings
from include.calls.stage import GPU_STAGES, LLM_STAGES, STAGES, Stage

settings = Settings.load()
# A slot of the pool is a request in flight.
llm_slots = settings.llm_requests_per_task


@dag(
    schedule=CronDataIntervalTimetable(settings.schedule, timezone=settings.timezone),
    start_date=pendulum.datetime(2020, 1, 1, tz=settings.timezone),
    catchup=False,
    params=audit_params(settings),
    default_args=retry_arguments(settings),
    # Shards of all hosts at once; [core] parallelism and the pool are the limits that count.
    max_active_tasks=256,
    max_active_runs=8,
    dagrun_timeout=timedelta(hours=36),
    tags=["cofi"],
    doc_md=__doc__,
)
def audit_calls() -> None:
    """One run audits one day."""

    @task
    def open_batch() -> dict[str, object]:
        context = get_current_context()
        return batches.open_batch(context["run_id"], context["params"], context.get("data_interval_start"))

    # One at a time over all runs, so that of two copies on two days exactly one is the original.
    @task(max_active_tis_per_dag=1)
    def discover(batch: dict[str, object]) -> dict[str, int]:
        return batches.discover(batch, get_current_context()["params"])

    @task
    async def plan(batch: dict[str, object]) -> list[batches.ShardWork]:
        return await batches.plan(batch, get_current_context()["params"])

    @task_group
    def audit_shard(shard: batches.ShardWork) -> None:
        distribute = DistributeOperator(task_id="distribute", shard=shard, **depth_first(Stage.DISTRIBUTE))
        gpu = [GpuStageOperator(task_id=s, stage=s, shard=shard, **depth_first(s)) for s in GPU_STAGES]
        llm = [
            LlmStageOperator(task_id=s, stage=s, shard=shard, pool_slots=llm_slots, **depth_first(s))
            for s in LLM_STAGES
        ]
        chain(distribute, *gpu, *llm)

    batch = open_batch()
    shards = plan(batch)
    report = ReportOperator(task_id="report", batch=batch, shards=shards, trigger_rule="all_done")
    discover(batch) >> shards
    audit_shard.expand(shard=shards) >> report


def depth_first(stage: Stage) -> dict[str, object]:
    """Shards that are further along get slots first, so that finished calls come out early and steadily.

    A stage works on the calls that the one before has finished, also when that one failed for others.
    """
    return {
        "priority_weight": 1 + STAGES.index(stage),
        "weight_rule": "absolute",
        "trigger_rule": "all_success" if stage is Stage.DISTRIBUTE else "all_done",
    }


audit_calls()
