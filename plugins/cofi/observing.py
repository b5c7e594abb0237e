"""Metrics of cofi among Airflow's own: they go where Airflow's go, and nowhere while those are off."""

from datetime import UTC, datetime, timedelta

from airflow.sdk.configuration import conf
from airflow.sdk.observability import stats

from cofi.settings import Settings
from include.calls.ledger import Ledger
from include.calls.stage import LLM_STAGES
from include.database import spending
from include.database.engine import Database
from include.database.progress import stage_progress
from include.database.work import StageCounts, StageJob


def are_on() -> bool:
    """Whether anybody collects: what has to be asked for first is not asked in vain."""
    return any(conf.getboolean("metrics", name, fallback=False) for name in ("otel_on", "statsd_on"))


def stage_ended(job: StageJob, counts: StageCounts, took: timedelta) -> None:
    """A task has worked on a stage of a shard: its calls by outcome, and its time for each."""
    tags = {"stage": str(job.stage), "host": job.host}
    for outcome, calls in (("done", counts.done), ("ended", counts.ended), *counts.failed.items()):
        if calls:
            stats.incr("cofi.stage_calls", calls, tags={**tags, "outcome": outcome})
    worked_on = counts.done + counts.ended + counts.failed.total()
    if worked_on:
        stats.timing("cofi.stage_duration", took, tags=tags)
        stats.timing("cofi.call_duration", took / worked_on, tags=tags)


def run_ended(ledger: Ledger) -> None:
    """A run's calls by final state."""
    for state, calls in vars(ledger).items():
        if calls:
            stats.incr("cofi.calls", calls, tags={"state": state})


def looked(database: Database, batch_id: str, settings: Settings) -> None:
    """How a run stands: what is left and in flight, stage by stage, and what the LLM has cost."""
    if not are_on():
        return
    day_ago = datetime.now(UTC) - timedelta(days=1)
    progress, spent_usd, day_usd = database.read(
        lambda connection: (
            stage_progress(connection, batch_id),
            spending.spent_by_run(connection, batch_id),
            spending.spent_since(connection, day_ago),
        )
    )
    for of in progress:
        tags = {"stage": str(of.stage), "host": of.host}
        stats.gauge("cofi.backlog", of.left, tags=tags)
        stats.gauge("cofi.in_flight", of.in_flight, tags=tags)
    stats.gauge("cofi.llm_in_flight", sum(of.in_flight for of in progress if of.stage in LLM_STAGES))
    stats.gauge("cofi.llm_run_usd", spent_usd)
    stats.gauge("cofi.llm_day_usd", day_usd)
    for name, budget_usd in (
        ("cofi.llm_run_budget_usd", settings.llm_budget_per_run_usd),
        ("cofi.llm_day_budget_usd", settings.llm_budget_per_day_usd),
    ):
        if budget_usd:
            stats.gauge(name, budget_usd)
