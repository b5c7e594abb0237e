"""Audit stored transcripts again, with another scorecard, prompt or model.

    open_batch ─ plan ── llm1 → llm2, shard by shard (pool llm_api) ── report ─┬─ promote
                                                                               └─ clean_up

For when a scorecard was changed, or a model or a wording is tried out. Taken up is every audited call of
the days, or a share of them; GPU hosts are not asked, and recordings may be archived by now. An LLM answer
that is stored is used: when only the scorecard differs, only LLM2 is asked.

* **Shadow run** (the default): old and new answers are compared, and no official result changes.
* **Official**: untick *Shadow run*; the new audit takes the old one's place, call by call. A call that cannot
  be audited again keeps its old one.

Every call that was taken up ends as exactly one of: audited, failed, skipped. The nightly audit goes first
when both want slots of the pool.

* **By hand**: *Trigger*; the form explains its fields. A range of days is one run.
* **Backfill**: *Trigger → Backfill*, a run for each day, or `cofi airflow backfill create …`
* It never runs by itself.

Results: the tab **Audit report** of the run: by criterion, old against new, and new against gold labels.
"""

from datetime import timedelta

import pendulum
from airflow.sdk import chain, dag, get_current_context, task, task_group, teardown

from cofi import closing, ending, rescoring
from cofi.failing import noting_failure
from cofi.operators.llm_stage import LlmStageOperator
from cofi.operators.report import ReportOperator
from cofi.params import rescore_params
from cofi.retries import retry_arguments
from cofi.runs import batch_id_in, failed_tasks, run_type_of, running, state_of, works_before
from cofi.settings import Settings
from cofi.timetable import DaysOnDemand
from include.calls.stage import LLM_STAGES

settings = Settings.load()


@dag(
    schedule=DaysOnDemand(settings.schedule, timezone=settings.timezone),
    start_date=pendulum.datetime(2020, 1, 1, tz=settings.timezone),
    catchup=False,
    params=rescore_params(settings),
    default_args=retry_arguments(settings),
    max_active_tasks=settings.max_active_tasks,
    max_active_runs=8,
    dagrun_timeout=timedelta(hours=settings.run_timeout_h),
    tags=["cofi"],
    doc_md=__doc__,
)
def rescore_calls() -> None:
    """One run rescores a day, or a range of days."""

    @task
    def open_batch() -> dict[str, object]:
        context = get_current_context()
        begin, run_type = context.get("data_interval_start"), run_type_of(context)
        with noting_failure(batch_id_in(context), "open_batch"):
            closing.begin(batch_id_in(context), state_of(context))
            return rescoring.open_batch(context["run_id"], context["params"], begin, run_type)

    @task
    def plan(batch: dict[str, object]) -> list[int]:
        context = get_current_context()
        with noting_failure(batch_id_in(context), "plan"):
            return rescoring.plan(batch, context["params"], running(context))

    @task
    def promote(batch: dict[str, object]) -> dict[str, object]:
        context = get_current_context()
        return rescoring.promote(batch, context["params"], works=works_before(context))

    # As in audit_calls. A promotion that fails, fails the run as well.
    @teardown(on_failure_fail_dagrun=True)
    async def clean_up() -> None:
        context = get_current_context()
        works = works_before(context)
        await ending.end(batch_id_in(context), failed_tasks(context), works=works)

    batch = open_batch()
    planned = plan(batch)
    rescored = rescore.expand(shard=planned)
    report = ReportOperator(task_id="report", batch=batch, planned=planned, trigger_rule="all_done")
    rescored >> report >> [promote(batch), clean_up()]


@task_group
def rescore(shard: int) -> None:
    """Runs the LLM stages of a shard."""
    llm1, llm2 = (
        LlmStageOperator(
            task_id=stage,
            stage=stage,
            shard=shard,
            pool_slots=settings.llm_requests_per_task,
            # Below every LLM task of an audit; shards that are further along go first.
            priority_weight=1 + LLM_STAGES.index(stage),
            weight_rule="absolute",
            trigger_rule="all_done",
        )
        for stage in LLM_STAGES
    )
    chain(llm1, llm2)


rescore_calls()
