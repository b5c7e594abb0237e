"""A client of another API that works inside the slots of the first: together they keep to its width."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from include.llm.budget import Payer
from include.llm.client import LlmClient, LlmSettings
from include.llm.limiter import Round


class ClientBeside(LlmClient):
    """Asks one API; each of its requests holds a slot of another API's client as well.

    Args:
        settings: Of its own API.
        first: Whose slots it takes.
        payer: What its answers are booked on, by the first's meter.
    """

    def __init__(self, settings: LlmSettings, first: LlmClient, payer: Payer | None = None) -> None:
        super().__init__(settings, first.limiter.width, meter=first._meter)
        self._first = first
        self._payer = payer

    @asynccontextmanager
    async def _turn(self) -> AsyncIterator[Round]:
        async with super()._turn() as turn, self._first.limiter.slot_for_another():
            yield turn
