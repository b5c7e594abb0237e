"""Canaries: calls whose right answers are known are asked about anew, beside a run's own calls."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from airflow.sdk import BaseAsyncOperator, Context
from sqlalchemy import select

from cofi.batch import batch_of
from cofi.hooks.database import CofiDatabaseHook
from cofi.llm_work import llm_work
from cofi.pools import LLM_POOL
from cofi.settings import Settings
from include.calls.stage import Stage
from include.database.engine import Database
from include.database.models import BatchRow
from include.database.work import StageJob


class CanaryOperator(BaseAsyncOperator):
    """Asks both LLM stages about the stored transcripts of `[cofi] canary_calls`; no GPU host is asked.

    Its slots of `llm_api` are requests, as those of the other LLM tasks. It ends red when some could not be
    asked about; that fails no run, and the report names them.

    Args:
        batch: From the task that opened it.
    """

    template_fields: Sequence[str] = ("batch",)

    def __init__(self, *, batch: dict[str, Any], pool_slots: int, **kwargs: Any) -> None:
        super().__init__(pool=LLM_POOL, pool_slots=pool_slots, **kwargs)
        self.batch = batch

    async def aexecute(self, context: Context) -> dict[str, int]:
        """Asks, and writes what came of each.

        Returns:
            How many canaries there are, and how many were answered.
        """
        # Only this task pays for loading them.
        from cofi.judge import canaries_of  # noqa: PLC0415
        from include.judge.canaries import night_of  # noqa: PLC0415
        from include.judge.canary_work import CanaryWork  # noqa: PLC0415

        settings, params = Settings.load(), context["params"]
        canaries, batch = canaries_of(settings), batch_of(self.batch, {})
        width = min(self.pool_slots, params["llm_requests"])
        job = StageJob(batch.batch_id, 0, "", Stage.LLM2, context["ti"].try_number)
        database = CofiDatabaseHook().get_conn()
        try:
            night = night_of(await asyncio.to_thread(_opened_at, database, batch.batch_id), settings.timezone)
            given = {"settings": settings, "database": database, "params": params, "night": night}
            async with asyncio.timeout(settings.task_timeout_s):
                async with llm_work(CanaryWork, job, width, **given) as work:
                    answered = await work.ask_all(canaries.calls, 2 * width)
        finally:
            database.close()
        self.log.info("canaries=%d answered=%d night=%s", len(canaries.calls), answered, night)
        return {"canaries": len(canaries.calls), "answered": answered}


def _opened_at(database: Database, batch_id: str) -> datetime:
    query = select(BatchRow.opened_at).where(BatchRow.batch_id == batch_id)
    opened_at: datetime = database.read(lambda connection: connection.execute(query).scalar_one())
    return opened_at.astimezone(UTC)
