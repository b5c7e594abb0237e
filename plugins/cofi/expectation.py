"""What a run is expected to take, in the log of its plan. Nothing depends on it."""

import logging
from collections.abc import Mapping, Sequence
from typing import Any

from airflow.sdk.configuration import conf

from cofi.pools import LLM_POOL, pools
from cofi.settings import Settings
from include.calls.stage import LLM_STAGES, STAGES, Stage
from include.capacity.estimate import estimate
from include.capacity.site import ServiceTimes, ShardLoad, Site
from include.database.engine import Database
from include.database.service_times import past_seconds
from include.distribution.planner import HostSpeed, Shard

log = logging.getLogger(__name__)

# A host's speed is that of all GPU stages together, so each has its part of a second per second of audio.
_RTF = (0.25, 0.25, 0.25, 0.25)
_MEASURED_BY_CALL = [Stage.DISTRIBUTE, *LLM_STAGES]


def log_expected(
    shards: Sequence[Shard],
    hosts: Sequence[HostSpeed],
    params: Mapping[str, Any],
    settings: Settings,
    database: Database,
) -> None:
    """Logs how long a run is expected to take and why, and warns when too few tasks can run at once.

    Calls count in full, though some stages may be behind them. What was never measured counts as nothing, and
    is named.

    Args:
        shards: Of the plan.
        hosts: Those that take part; none when only LLM work is left.
        params: The run's.
        settings: The deployment's.
        database: Of past runs.
    """
    try:
        if shards:
            limits = {
                "[core] parallelism": conf.getint("core", "parallelism"),
                "[cofi] max_active_tasks": settings.max_active_tasks,
            }
            site = _site(hosts, params, settings, min(limits.values()))
            _warn(site.tasks_needed, limits)
            _log(shards, hosts, site, database)
    except Exception:  # an estimate that fails must not fail the run
        log.warning("How long the run takes cannot be estimated", exc_info=True)


def _warn(needed: int, limits: Mapping[str, int]) -> None:
    for name, limit in limits.items():
        if limit < needed:
            log.warning("%s = %d: raise it to %d, or GPUs and LLM slots stand idle", name, limit, needed)


def _log(shards: Sequence[Shard], hosts: Sequence[HostSpeed], site: Site, database: Database) -> None:
    seconds = database.read(lambda connection: past_seconds(connection, _MEASURED_BY_CALL))
    stages = STAGES if hosts else LLM_STAGES
    unknown = [str(stage) for stage in _MEASURED_BY_CALL if stage in stages and stage not in seconds]
    audio_s = sum(shard.audio_s for shard in shards)
    if hosts and not (audio_s and hosts[0].measured):
        log.info("expected_s=unknown not_known=%s", ",".join(["gpu", *unknown]))
        return
    of_llm = (seconds.get(Stage.LLM1, 0.0), seconds.get(Stage.LLM2, 0.0))
    times = ServiceTimes(seconds.get(Stage.DISTRIBUTE, 0.0), (0.0,) * 4, _RTF, of_llm)
    numbers = {host.name: number for number, host in enumerate(hosts)}
    loads = [ShardLoad(numbers.get(s.host, 0), len(s.call_ids), s.audio_s) for s in shards]
    expected = estimate(loads, times, site, stages)
    log.info(
        "expected_s=%.0f bound_s=%.0f bottleneck=%s first_call_s=%.0f tasks_at_once=%d tasks_needed=%d "
        "not_known=%s",
        expected.makespan_s,
        expected.bound_s,
        expected.bottleneck.replace(" ", "_"),
        expected.first_call_s,
        site.tasks_at_once,
        site.tasks_needed,
        ",".join(unknown) or "nothing",
    )


def _site(
    hosts: Sequence[HostSpeed], params: Mapping[str, Any], settings: Settings, parallelism: int
) -> Site:
    held = settings.llm_requests_per_task
    # A task holds its slots, however few of them the run may use.
    width, tasks = min(held, params["llm_requests"]), max(1, pools(settings)[LLM_POOL][0] // held)
    return Site(
        speeds=tuple(host.speed for host in hosts),
        gpu_tasks_per_host=settings.gpu_tasks_per_host,
        uploads_at_once=settings.uploads_at_once,
        uploads_per_task=settings.uploads_per_task,
        llm_slots=width * tasks,
        llm_requests_per_task=width,
        parallelism=parallelism,
        shard_audio_s=settings.shard_audio_s,
        shards_per_host=settings.shards_per_host,
    )
