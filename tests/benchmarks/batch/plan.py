"""What the capacity planner says of a batch, to be compared with what it took."""

from include.capacity.advice import expect
from include.capacity.estimate import Estimate
from include.capacity.site import Day, ServiceTimes, Site
from tests.benchmarks.batch.work import (
    GPU_TASKS_PER_HOST,
    IN_FLIGHT,
    LLM1_S,
    LLM2_S,
    STAGE_S,
    UPLOAD_S,
    UPLOADS_PER_TASK,
    Condition,
    Work,
)


def planned(work: Work) -> Estimate | None:
    """What `cofi plan` says; None where it does not reckon with what happens."""
    if work.condition in {Condition.DYING, Condition.GROWTH}:
        return None
    stage_s = STAGE_S * work.scale
    times = ServiceTimes(
        upload_s=UPLOAD_S * work.scale,
        stage_s=(stage_s, stage_s, stage_s, stage_s),
        llm_s=(LLM1_S * work.scale, LLM2_S * work.scale),
    )
    site = Site(
        speeds=tuple(work.speeds),
        gpu_tasks_per_host=GPU_TASKS_PER_HOST,
        llm_slots=IN_FLIGHT,
        llm_requests_per_task=work.llm_requests,
        parallelism=work.parallelism,
        uploads_at_once=work.uploads_at_once,
        uploads_per_task=UPLOADS_PER_TASK,
        shard_audio_s=work.shard_audio_s,
        shards_per_host=work.shards_per_host,
    )
    return expect(Day(work.calls, work.audio_s / work.calls, work.spread), times, site)
