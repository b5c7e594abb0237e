"""How long a run takes, and how long each resource of the site is needed for it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from include.calls.stage import GPU_STAGES, LLM_STAGES, STAGES, Stage
from include.capacity.simulation import simulate
from include.capacity.site import ServiceTimes, ShardLoad, Site

GPUS, UPLOADS, LLM, STARTS, TASKS = "GPUs", "uploads", "LLM requests", "task starts", "tasks at once"


@dataclass(frozen=True)
class Estimate:
    """What a run is expected to take.

    Attributes:
        needed_s: Of each resource: how long the run would take if it waited for nothing else.
    """

    shards: int
    tasks: int
    makespan_s: float
    first_call_s: float
    needed_s: Mapping[str, float]

    @property
    def bottleneck(self) -> str:
        """The busiest resource."""
        return max(self.needed_s, key=lambda resource: self.needed_s[resource])

    @property
    def bound_s(self) -> float:
        """The busiest resource's time: no plan is faster."""
        return self.needed_s[self.bottleneck]

    @property
    def ratio(self) -> float:
        """Makespan by bound; 1 is ideal."""
        return self.makespan_s / self.bound_s

    def utilisation_pct(self, resource: str) -> float:
        """Share of the run in which a resource is at work."""
        return 100 * self.needed_s[resource] / self.makespan_s


def estimate(
    shards: Sequence[ShardLoad], times: ServiceTimes, site: Site, stages: Sequence[Stage] = STAGES
) -> Estimate:
    """Simulates a run over these shards."""
    simulated = simulate(shards, times, site, stages)
    return Estimate(
        shards=len(shards),
        tasks=len(shards) * len(stages),
        makespan_s=simulated.makespan_s,
        first_call_s=simulated.first_call_s,
        needed_s=needed_s(shards, times, site, stages),
    )


def needed_s(
    shards: Sequence[ShardLoad], times: ServiceTimes, site: Site, stages: Sequence[Stage] = STAGES
) -> dict[str, float]:
    """How long each resource is needed; GPUs and uploads count where they are needed longest."""
    calls, tasks = sum(shard.calls for shard in shards), len(shards) * len(stages)
    gpu_s, upload_s = [0.0] * len(site.speeds), [0.0] * len(site.speeds)
    for shard in shards:
        for stage in stages:
            if stage in GPU_STAGES:
                work_s = times.gpu_s(stage, shard.calls, shard.audio_s)
                gpu_s[shard.host] += work_s / site.speeds[shard.host]
        if Stage.DISTRIBUTE in stages:
            upload_s[shard.host] += shard.calls * times.upload_s
    answers_s = calls * sum(times.answer_s(stage) for stage in stages if stage in LLM_STAGES)
    # A task holds its place for its start and its work, and longer when it shares a GPU.
    held_s = sum(gpu_s) + sum(upload_s) / site.uploads_per_task + answers_s / site.llm_requests_per_task
    to_one_host_s = max(upload_s, default=0.0) / site.uploads_per_task
    return {
        GPUS: max(gpu_s, default=0.0),
        UPLOADS: max(sum(upload_s) / site.uploads_at_once, to_one_host_s),
        LLM: answers_s / site.llm_slots,
        STARTS: tasks / site.starts_per_s,
        TASKS: (tasks * site.start_s + held_s) / site.tasks_at_once,
    }
