"""The two LLM stages: understanding (llm1) and audit (llm2), against one external API."""

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from airflow.sdk import Context
from sqlalchemy import Connection

from cofi.budgets import budget_of
from cofi.hooks.llm import LlmHook
from cofi.operators.shard import ShardOperator
from cofi.pools import LLM_POOL
from cofi.redaction import recogniser_of
from cofi.settings import Settings
from include.calls.stage import Stage
from include.database.engine import Database
from include.database.work import StageCounts
from include.distribution.lane import Lane
from include.llm.client import LlmClient

if TYPE_CHECKING:
    from include.scorecards.schema import Scorecard


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
        from include.llm.budget import Meter, Payer  # noqa: PLC0415
        from include.llm.stages import LlmWork  # noqa: PLC0415
        from include.llm.usage import load_prices  # noqa: PLC0415
        from include.llm.wording import SHIPPED, Wording  # noqa: PLC0415

        params = context["params"]
        width = min(self.pool_slots, params["llm_requests"])
        llm = LlmHook(slots=width).get_conn()
        llm = replace(llm, model=params.get("model") or llm.model)
        self.log.info(
            "%s_processing_parallel total_tasks=%d max_concurrent=%d model=%s",
            self.stage,
            lane.counts.waiting,
            width,
            llm.model,
        )
        prices, budget = load_prices(settings.llm_prices_file), budget_of(params, settings)
        budget.check(llm.model, prices)
        payer = Payer(self.job.batch_id, self.stage, llm.model)
        meter = Meter(database, payer, prices, budget)
        async with meter, LlmClient(llm, width, meter=meter) as client:
            work = LlmWork(
                database=database,
                client=client,
                job=self.job,
                endpoint=urlsplit(llm.base_url).netloc,
                scorecard=await asyncio.to_thread(database.read, self._scorecard),
                prices=prices,
                redact=settings.llm_redact_pii,
                recogniser=await asyncio.to_thread(recogniser_of, settings),
                names_kept=settings.names_kept,
                timezone=settings.timezone,
                wording=Wording(params.get("prompts", SHIPPED)),
            )
            handle = work.understand if self.stage is Stage.LLM1 else work.audit
            # A request that waits for its retry gives its slot to another call.
            return await lane.run(handle, 2 * width)

    def _scorecard(self, connection: Connection) -> "Scorecard":
        """The version that the run began with, whatever became of its file."""
        from include.database.scorecards import scorecard_of  # noqa: PLC0415

        return scorecard_of(connection, self.job.batch_id)
