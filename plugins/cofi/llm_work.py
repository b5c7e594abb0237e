"""What an LLM task works with: its client, who pays, and what both stages need, from settings and Params."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlsplit

from cofi.budgets import budget_of
from cofi.hooks.llm import LlmHook
from cofi.redaction import recogniser_of
from cofi.settings import Settings
from include.database.engine import Database
from include.database.work import StageJob

if TYPE_CHECKING:
    from include.llm.stages import LlmWork
    from include.scorecards.schema import Scorecard

Work = TypeVar("Work", bound="LlmWork")


@asynccontextmanager
async def llm_work(
    kind: type[Work],
    job: StageJob,
    width: int,
    *,
    settings: Settings,
    database: Database,
    params: Mapping[str, Any],
    **more: Any,
) -> AsyncIterator[Work]:
    """Opens the client of a task and makes its work.

    Args:
        kind: What is made.
        job: What pays.
        width: Most requests in flight.
        settings: The deployment's.
        database: cofi's.
        params: The run's.
        more: What else the kind wants.

    Raises:
        InvalidInput: The connection, a price or a name model is missing.
    """
    # What every other task would load with the DAG file.
    from include.llm.budget import Meter, Payer  # noqa: PLC0415
    from include.llm.client import LlmClient  # noqa: PLC0415
    from include.llm.usage import load_prices  # noqa: PLC0415
    from include.llm.wording import SHIPPED, Wording  # noqa: PLC0415

    llm = LlmHook(slots=width).get_conn()
    llm = replace(llm, model=params.get("model") or llm.model)
    prices, budget = load_prices(settings.llm_prices_file), budget_of(params, settings)
    budget.check(llm.model, prices)
    meter = Meter(database, Payer(job.batch_id, job.stage, llm.model), prices, budget)
    async with AsyncExitStack() as opened:
        await opened.enter_async_context(meter)
        client = await opened.enter_async_context(LlmClient(llm, width, meter=meter))
        yield kind(
            database=database,
            client=client,
            job=job,
            endpoint=urlsplit(llm.base_url).netloc,
            scorecard=await asyncio.to_thread(database.read, lambda c: _scorecard(c, job.batch_id)),
            prices=prices,
            redact=settings.llm_redact_pii,
            recogniser=await asyncio.to_thread(recogniser_of, settings),
            names_kept=settings.names_kept,
            timezone=settings.timezone,
            wording=Wording(params.get("prompts", SHIPPED)),
            **more,
        )


def _scorecard(connection: Any, batch_id: str) -> "Scorecard":
    """The version that the run began with, whatever became of its file."""
    from include.database.scorecards import scorecard_of  # noqa: PLC0415

    return scorecard_of(connection, batch_id)
