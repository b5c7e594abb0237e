"""Audit a day of call recordings.

    open_batch ─ discover ─ plan ─ deal ─┬─ per GPU host, shard by shard ────┬─ settle ─ report ─ clean_up
                                         │ distribute → denoise → ivr → lid  │
                                         │ → stt → llm1 → llm2 (pool llm_api)│
                                         └─────── recover: the same again ───┘

Every recording of the day ends as exactly one of: audited, failed, duplicate, skipped, quarantined. The run
fails if one does not. In the group **audit**, each index of a host is a place for a shard of its calls,
which moves through the stages on its own; **deal** skips the places that the plan left empty. **recover_1**
and **recover_2** watch the hosts, one after the other: what a lost or failing host has not done goes to the
others at once, and in the first also what a slow one would be late with. **recover_3** moves what else is
left behind when all hosts have ended. A stage does only what is missing: clear **plan** with its downstream
tasks, or run the day again, and failed calls are taken up where they stopped; nothing is paid for twice.

With `[cofi] canary_calls` set, **canaries** asks the LLM anew about calls whose right answers are known.

* **By schedule**: every night, for the day that ended, and for what came late for the two days before.
* **By hand**: *Trigger*; the form explains its fields.
* **Backfill**: *Trigger → Backfill*, or `cofi airflow backfill create --dag-id audit_calls …`

However a run ends (marked, cleared, out of time), **clean_up** closes its books and gives it the state that
they tell; what even it could not do, the DAG **close_runs** does. A failed run's report says why on top.

The tab **Audit report** of the run shows how far it is while it is on, and its results when it has ended.
In the terminal: `cofi status`. In detail: the log of each stage's task, and the tab **Calls** on it.
"""

import asyncio
from collections.abc import Sequence
from datetime import timedelta

import pendulum
from airflow.sdk import (
    PokeReturnValue,
    TaskGroup,
    XComArg,
    chain,
    dag,
    get_current_context,
    task,
    task_group,
    teardown,
)

from cofi import alerts, closing, discovering, ending, recovery
from cofi import batch as batches
from cofi.failing import noting_failure
from cofi.operators.canaries import CanaryOperator
from cofi.operators.distribute import DistributeOperator
from cofi.operators.gpu_stage import GpuStageOperator
from cofi.operators.llm_stage import LlmStageOperator
from cofi.operators.report import ReportOperator
from cofi.params import audit_params
from cofi.parsing import hosts_laid_out
from cofi.pools import RECOVERY_POOL
from cofi.retries import retry_arguments
from cofi.runs import (
    batch_id_in,
    failed_tasks,
    run_type_of,
    running,
    state_of,
    unfinished,
    works_before,
)
from cofi.settings import Settings
from cofi.timetable import NightlyDays
from include.calls.stage import GPU_STAGES, LLM_STAGES, STAGES, Stage

settings = Settings.load()
# A slot of the pool is a request in flight.
llm_slots = settings.llm_requests_per_task
# Sensors: whatever happened before, and without a slot between two looks.
waiting = {"trigger_rule": "all_done", "mode": "reschedule", "timeout": settings.run_timeout_h * 3600}


@dag(
    schedule=NightlyDays(settings.schedule, settings.timezone),
    start_date=pendulum.datetime(2020, 1, 1, tz=settings.timezone),
    catchup=False,
    params=audit_params(settings),
    default_args=retry_arguments(settings),
    max_active_tasks=settings.max_active_tasks,
    max_active_runs=8,
    dagrun_timeout=timedelta(hours=settings.run_timeout_h),
    tags=["cofi"],
    doc_md=__doc__,
    **alerts.callbacks(settings),
)
def audit_calls() -> None:
    """One run audits one day."""

    @task
    def open_batch() -> dict[str, object]:
        context = get_current_context()
        begin, run_type = context.get("data_interval_start"), run_type_of(context)
        with noting_failure(batch_id_in(context), "open_batch"):
            closing.begin(batch_id_in(context), state_of(context))
            return batches.open_batch(context["run_id"], context["params"], begin, run_type)

    # One at a time over all runs, so that of two copies on two days exactly one is the original.
    @task(max_active_tis_per_dag=1)
    def discover(batch: dict[str, object]) -> dict[str, int]:
        context = get_current_context()
        with noting_failure(batch_id_in(context), "discover"):
            return discovering.discover(batch, context["params"], running(context))

    @task
    async def plan(batch: dict[str, object]) -> list[int]:
        context = get_current_context()
        with noting_failure(batch_id_in(context), "plan"):
            return await batches.plan(batch, context["params"], running(context))

    @task(trigger_rule="all_done")
    def deal(planned: list[int] | None) -> None:
        batches.deal(planned)

    @task.sensor(poke_interval=settings.recovery_poll_s, **waiting)
    def watch(batch: dict[str, object]) -> PokeReturnValue:
        context = get_current_context()
        this, at_work = context["task"], unfinished(context, recovery.stt_tasks_watched(context["task"]))
        after, only_lost = recovery.tasks_after(this), recovery.is_kept_for_lost_hosts(this)
        moved = asyncio.run(recovery.watch(batch, context["params"], after, at_work, only_lost=only_lost))
        return PokeReturnValue(moved is not None, moved)

    # Waits only where somebody has marked a task of a shard before its end.
    @task.sensor(poke_interval=settings.recovery_poll_s, **waiting)
    def recover(batch: dict[str, object]) -> PokeReturnValue:
        context = get_current_context()
        if works_before(context):
            return PokeReturnValue(False)
        after = recovery.tasks_after(context["task"])
        return PokeReturnValue(True, asyncio.run(recovery.recover(batch, context["params"], after)))

    # Waits for calls that another run of the day works on; and where somebody has marked a stage, for stages.
    @task.sensor(poke_interval=30, **waiting)
    def settle(batch: dict[str, object]) -> bool:
        context = get_current_context()
        return ending.settled(batch, running(context), works=works_before(context))

    # The only leaf, and a teardown: it runs also when somebody marks the run, and the run's state is its own.
    @teardown(on_failure_fail_dagrun=True)
    async def clean_up() -> None:
        context = get_current_context()
        works = works_before(context)
        await ending.end(batch_id_in(context), failed_tasks(context), works=works)

    batch = open_batch()
    planned = plan(batch)
    discover(batch) >> planned
    # The last takes what is left when all hosts have ended; the others watch them until then.
    *watching, last = range(1, 1 + settings.recovery_rounds)
    recoveries = [watch.override(task_id=f"recover_{n}")(batch) for n in watching]
    recoveries.append(recover.override(task_id=f"recover_{last}")(batch))
    dealt, settled, places = deal(planned), settle(batch), batches.places_of(settings)
    with TaskGroup("audit"):
        for host in hosts_laid_out(settings.hosts):
            stages = audit_shard.override(group_id=host).partial(host=host, later=recoveries)
            dealt >> stages.expand(shard=list(places.of(host))) >> settled
    chain(dealt, *recoveries)
    for number, recovered in enumerate(recoveries, 1):
        stages = audit_shard.override(group_id=f"audit_recover_{number}").partial(
            host=None, later=recoveries[number:]
        )
        stages.expand(shard=recovered) >> settled
    report = ReportOperator(task_id="report", batch=batch, planned=planned, trigger_rule="all_done")
    if settings.canary_calls:
        # Below every task of the run's own calls; two runs in one night ask once.
        canaries = CanaryOperator(
            task_id="canaries",
            batch=batch,
            pool_slots=llm_slots,
            priority_weight=1,
            weight_rule="absolute",
            max_active_tis_per_dag=1,
        )
        canaries >> report
    settled >> report >> clean_up()


@task_group
def audit_shard(shard: int, host: str | None, later: Sequence[XComArg]) -> None:
    """The stages of a shard on a host, or on any; what it leaves behind, later rounds take up."""
    may_leave = bool(later)
    distribute = DistributeOperator(
        task_id=Stage.DISTRIBUTE,
        shard=shard,
        pool_slots=settings.uploads_per_task,
        may_leave=may_leave,
        # One at a time for each host, over all runs.
        max_active_tis_per_dag=1 if host else None,
        **depth_first(Stage.DISTRIBUTE),
    )
    gpu = [
        GpuStageOperator(
            task_id=s,
            stage=s,
            shard=shard,
            pool=host or RECOVERY_POOL,
            may_leave=may_leave,
            # One new shard at a time: others would take the slots between two stages of those before them.
            max_active_tis_per_dagrun=1 if host and s is GPU_STAGES[0] else None,
            **depth_first(s),
        )
        for s in GPU_STAGES
    ]
    llm = [
        LlmStageOperator(task_id=s, stage=s, shard=shard, pool_slots=llm_slots, **depth_first(s))
        for s in LLM_STAGES
    ]
    chain(distribute, *gpu, *llm)
    if later:
        gpu[-1] >> later[-1]


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
