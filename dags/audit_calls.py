"""Audit a day of call recordings.

    open_batch ─ discover ─ plan ─┬─ per GPU host, shard by shard ─────────────────┬─ report
                                  │ distribute → denoise → ivr → lid → stt         │
                                  │            → llm1 → llm2  (pool llm_api)       │
                                  └────────────────────────────────────────────────┘

Every recording of the day ends as exactly one of: audited, failed, duplicate, skipped, quarantined. The run
fails if one does not. Each index of **audit_shard** is a host and a shard of its calls; it moves through the
stages on its own. A stage does only what is missing, so clearing a task, or running a day again, pays for
nothing twice.

* **By schedule**: every night, for the day that ended.
* **By hand**: *Trigger*, and enter the `day`.
* **Backfill**: *Trigger → Backfill*, or `airflow backfill create --dag-id audit_calls …`

Results: the tab **Audit report** of the run. Progress of a stage: the log of its task.
"""

from datetime import timedelta

import pendulum
from airflow.sdk import (
    CronDataIntervalTimetable,
    Param,
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
from cofi.retries import retry_arguments
from cofi.settings import Settings
from include.calls.discovery import Redo
from include.calls.stage import GPU_STAGES, LLM_STAGES, STAGES, Stage

settings = Settings.load()

PARAMS = {
    "day": Param(
        None,
        type=["null", "string"],
        format="date",
        title="Day",
        description="The day to audit. Empty: the day of the run's data interval. Schedule and backfill know "
        "theirs; this form infers it from the logical date: the day before.",
        section="What",
    ),
    "location": Param(
        settings.recordings_location,
        type="string",
        minLength=1,
        title="Recordings",
        description="Folder that holds a folder per day: a path, or s3://, gs://, abfs:// with a connection.",
        section="What",
    ),
    "redo": Param(
        Redo.SKIP.value,
        enum=[redo.value for redo in Redo],
        title="Calls that were worked on before",
        description="skip: audit what is not audited yet. failed only: nothing but failed calls. "
        "all: audit all again; an LLM answer that would be the same is not paid for again.",
        section="What",
    ),
    "first_stage": Param(
        Stage.DISTRIBUTE.value,
        enum=[stage.value for stage in STAGES],
        title="First stage to run",
        description="With 'all': results of earlier stages are kept. llm1 leaves the GPU hosts alone.",
        section="What",
    ),
    "limit": Param(
        None,
        type=["null", "integer"],
        minimum=1,
        title="Trial run",
        description="Only so many recordings, in order of their paths. Empty: all.",
        section="What",
    ),
    "scorecard": Param(
        settings.scorecard,
        enum=settings.scorecards,
        title="Scorecard",
        description="The criteria that LLM2 answers.",
        section="How",
    ),
    "hosts": Param(
        [],
        type="array",
        items={"type": "string"},
        examples=settings.hosts,
        title="GPU hosts",
        description="Which hosts work on this run. Empty: all that are ready.",
        section="How",
    ),
    "llm_requests": Param(
        settings.llm_requests_per_task,
        type="integer",
        minimum=1,
        maximum=settings.llm_requests_per_task,
        title="LLM requests in flight per task",
        description=f"At most the pool slots that a task holds: {settings.llm_requests_per_task}.",
        section="How",
    ),
}


@dag(
    schedule=CronDataIntervalTimetable(settings.schedule, timezone=settings.timezone),
    start_date=pendulum.datetime(2026, 1, 1, tz=settings.timezone),
    catchup=False,
    params=PARAMS,
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
        stages = [
            DistributeOperator(task_id=Stage.DISTRIBUTE, shard=shard, **depth_first(Stage.DISTRIBUTE)),
            *(GpuStageOperator(task_id=s, stage=s, shard=shard, **depth_first(s)) for s in GPU_STAGES),
            *(
                LlmStageOperator(
                    task_id=s,
                    stage=s,
                    shard=shard,
                    pool_slots=settings.llm_requests_per_task,
                    **depth_first(s),
                )
                for s in LLM_STAGES
            ),
        ]
        chain(*stages)

    batch = open_batch()
    shards = plan(batch)
    report = ReportOperator(task_id="report", batch=batch, shards=shards, trigger_rule="all_done")
    batch >> discover(batch) >> shards
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
