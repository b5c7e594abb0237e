"""What the LLM may cost: a meter that books every answer, and lets no new request through beyond a budget.

Budgets are held against the sum in the database, whichever task paid. Before a look a task's own answers are
saved, so that the others see them; between two looks it adds what it paid itself. So a budget is exceeded by
no more than the requests that are in flight when it is reached, and what other tasks were answered since this
one's last look, `LOOK_EVERY_S` ago at most.
"""

import asyncio
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Self
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from include.database import spending
from include.database.engine import Database
from include.distribution.writer import Writer
from include.errors import BudgetReached, InvalidInput
from include.llm.usage import Prices, Usage, cost_usd, price_of

LOOK_EVERY_S = 1.0


@dataclass(frozen=True)
class Budget:
    """The budget in USD; 0 for any sum.

    Attributes:
        run_usd: By one run, over all of its tasks and tries.
        day_usd: By all runs on one calendar day of `timezone`.
    """

    run_usd: float = 0.0
    day_usd: float = 0.0
    timezone: str = "UTC"

    @property
    def limited(self) -> bool:
        """Whether there is any limit."""
        return self.run_usd > 0 or self.day_usd > 0

    def check(self, model: str, prices: Prices) -> None:
        """Refuses to hold a budget against costs that nobody knows.

        Raises:
            InvalidInput: There is a budget, and the model has no price.
        """
        if self.limited and price_of(model, prices) is None:
            raise InvalidInput(
                f"There is an LLM budget, but model {model} has no price: add it to the file that "
                "[cofi] llm_prices_file names, or set the budgets to 0."
            )


@dataclass(frozen=True)
class Payer:
    """Who pays, and for what.

    Attributes:
        stage: `llm1`, `llm2`, or what else is paid for.
        model: That is asked; its price counts when the API names another one that has none.
    """

    batch_id: str
    stage: str
    model: str


class Meter:
    """Books the answers of one task; use as `async with Meter(...) as meter`.

    Args:
        database: Where all tasks book.
        payer: Who pays.
        prices: By model.
        budget: What may be paid.
        look_every_s: Between two looks at the sum in the database.
    """

    def __init__(
        self,
        database: Database,
        payer: Payer,
        prices: Prices,
        budget: Budget,
        look_every_s: float = LOOK_EVERY_S,
    ) -> None:
        self._database = database
        self._payer = payer
        self._prices = prices
        self._budget = budget
        self._look_every_s = look_every_s
        self._writer: Writer[dict[str, Any]] = Writer(self._save)
        self._looking = asyncio.Lock()
        self._looked_s = float("-inf")
        self._run_usd = self._day_usd = 0.0
        self._paid_usd = self._saved_usd = 0.0

    async def __aenter__(self) -> Self:
        await self._writer.__aenter__()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._writer.__aexit__(kind, error, trace)

    async def admit(self) -> None:
        """Lets a request through that is about to be sent.

        Raises:
            BudgetReached: A budget is used up.
        """
        if not self._budget.limited:
            return
        async with self._looking:
            if time.monotonic() - self._looked_s >= self._look_every_s:
                await self._look()
        for spent_usd, limit_usd, whose in (
            (self._run_usd, self._budget.run_usd, "this run"),
            (self._day_usd, self._budget.day_usd, "this day"),
        ):
            if 0 < limit_usd <= spent_usd:
                raise BudgetReached(
                    f"the LLM budget of {whose}, ${limit_usd:,.2f}, is used up; raise it and trigger the "
                    "same run again: what is paid for is not asked again"
                )

    def paid(self, call_id: str, model: str, usage: Usage, payer: Payer | None = None) -> None:
        """Books an answer, of use or not; one without a count of tokens has an unknown cost.

        It is booked on the task's payer, or on another one of the same run.
        """
        payer = payer or self._payer
        cost = cost_usd(model, usage, self._prices, asked=payer.model)
        known_usd = cost or 0.0
        self._run_usd += known_usd
        self._day_usd += known_usd
        self._paid_usd += known_usd
        self._writer.put(
            {
                "batch_id": payer.batch_id,
                "call_id": call_id,
                "stage": payer.stage,
                "model": model,
                "prompt_tokens": usage.prompt_tokens,
                "completion_tokens": usage.completion_tokens,
                "cached_tokens": usage.cached_tokens,
                "cost_usd": cost,
                "paid_at": datetime.now(UTC),
            }
        )

    async def _look(self) -> None:
        await self._writer.flush()
        saved_usd = self._saved_usd
        run_usd, day_usd = await asyncio.to_thread(self._database.read, self._sums)
        # What was paid since then may not be in the sums.
        unsaved_usd = self._paid_usd - saved_usd
        self._run_usd, self._day_usd = run_usd + unsaved_usd, day_usd + unsaved_usd
        self._looked_s = time.monotonic()

    def _sums(self, connection: Connection) -> tuple[float, float]:
        midnight = datetime.now(ZoneInfo(self._budget.timezone)).replace(
            hour=0, minute=0, second=0, microsecond=0
        )
        return (
            spending.spent_by_run(connection, self._payer.batch_id),
            spending.spent_since(connection, midnight) if self._budget.day_usd else 0.0,
        )

    def _save(self, rows: list[dict[str, Any]]) -> None:
        self._database.write(lambda connection: spending.record(connection, rows))
        self._saved_usd += sum(row["cost_usd"] or 0.0 for row in rows)
