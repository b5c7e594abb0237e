"""The two LLM stages: understanding (llm1) and audit (llm2), against one external API."""

from typing import Any

from airflow.sdk import Context

from cofi.llm_work import llm_work
from cofi.operators.shard import ShardOperator
from cofi.pools import LLM_POOL
from cofi.settings import Settings
from include.calls.stage import Stage
from include.database.engine import Database
from include.database.work import StageCounts
from include.distribution.lane import Lane


class LlmStageOperator(ShardOperator):
    """Asks the LLM about each call of the shard.

    Pool slots ARE requests: the task holds as many slots of `llm_api` as it may have requests in flight, so
    that all runs together never exceed the pool's size.
    """

    def __init__(self, *, shard: int, stage: Stage, pool_slots: int, **kwargs: Any) -> None:
        super().__init__(shard=shard, stage=stage, pool=LLM_POOL, pool_slots=pool_slots, **kwargs)

    async def work(self, context: Context, settings: Settings, database: Database, lane: Lane) -> StageCounts:
        """Keeps at most as many requests in flight as the run's Param and the task's slots allow."""
        # What every other task would load with the DAG file.
        from cofi import judge  # noqa: PLC0415
        from include.judge.work import JudgedWork  # noqa: PLC0415

        params = context["params"]
        width = min(self.pool_slots, params["llm_requests"])
        other = judge.other_api(settings, width)
        given = {"settings": settings, "database": database, "params": params}
        async with llm_work(JudgedWork, self.job, width, **given) as plain:
            self.log.info(
                "%s_processing_parallel total_tasks=%d max_concurrent=%d model=%s",
                self.stage,
                lane.counts.waiting,
                width,
                plain.client.settings.model,
            )
            # A request that waits for its retry gives its slot to another call.
            if self.stage is Stage.LLM1:
                return await lane.run(plain.understand, 2 * width)
            async with judge.looking_over(plain, settings, other) as work:
                return await lane.run(work.audit, 2 * width)
