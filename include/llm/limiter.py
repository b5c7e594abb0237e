"""How many requests may be in flight at once: never more than the width, fewer when the API shows a limit.

A stray 429 is no limit. Halving at every one of them leaves a third of the throughput at 5 % stray errors,
so the limit moves only on the share of refusals among a window of answers: a real limit of 60 under a width
of 100 refuses 40 %, chance refuses a few. The new limit is what got through (width × share of successes),
and grows by one per round of successes (AIMD). A refused request waits outside its slot; under a real limit
everybody waits as long as the API asks for.
"""

import asyncio
import math
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass


@dataclass(frozen=True)
class LimiterSettings:
    """When the limiter moves.

    Attributes:
        refused_share: From this share of refusals on, the window shows a limit.
        min_window: Smallest number of answers that a decision rests on.
        max_decrease: The limit falls at most to this share of itself at once.
    """

    refused_share: float = 0.15
    min_window: int = 10
    max_decrease: float = 0.5


class Limiter:
    """Hands out slots, first come first served.

    Args:
        width: Most slots ever; the share of the Airflow pool that this task holds.
        settings: When it moves.
    """

    def __init__(self, width: int, settings: LimiterSettings | None = None) -> None:
        if width < 1:
            raise ValueError(f"width is {width}; at least one request must be allowed in flight")
        self.width = width
        self.limit = float(width)
        self.in_flight = 0
        self._settings = settings or LimiterSettings()
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._answered = 0
        self._refused = 0
        self._paused_until_s = 0.0

    @asynccontextmanager
    async def slot(self) -> AsyncIterator[None]:
        """Waits for a slot and holds it inside the block."""
        await self._acquire()
        try:
            yield
        finally:
            self._release()

    def succeeded(self) -> None:
        """Notes an answer; the limit grows by one per round of them."""
        self._note(refused=False)
        self.limit = min(float(self.width), self.limit + 1 / self.limit)
        self._wake()

    def refused(self, retry_after_s: float | None = None) -> None:
        """Notes a refusal for load (429, 503, 529).

        Args:
            retry_after_s: The wait that the API asks for; kept by all when the window shows a limit.
        """
        share = self._note(refused=True)
        if share is None or share < self._settings.refused_share:
            return
        self.limit = max(1.0, self.limit * max(self._settings.max_decrease, 1 - share))
        self._answered = self._refused = 0
        if retry_after_s:
            self._pause(retry_after_s)

    def _note(self, *, refused: bool) -> float | None:
        """Counts an answer; the share of refusals once the window is full."""
        window = max(self._settings.min_window, math.ceil(self.limit))
        self._answered += 1
        self._refused += refused
        if self._answered < window:
            return None
        share = self._refused / self._answered
        if self._answered >= 2 * window:  # old answers fade, so that a new limit shows soon
            self._answered, self._refused = self._answered // 2, self._refused // 2
        return share

    async def _acquire(self) -> None:
        if not self._waiting and self._free():
            self.in_flight += 1
            return
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():  # the slot was given just before the cancellation
                self._release()
            raise

    def _release(self) -> None:
        self.in_flight -= 1
        self._wake()

    def _free(self) -> bool:
        resumed = asyncio.get_running_loop().time() >= self._paused_until_s
        return resumed and self.in_flight < int(self.limit)

    def _wake(self) -> None:
        while self._waiting and self._free():
            turn = self._waiting.popleft()
            if not turn.done():
                self.in_flight += 1
                turn.set_result(None)

    def _pause(self, pause_s: float) -> None:
        loop = asyncio.get_running_loop()
        self._paused_until_s = max(self._paused_until_s, loop.time() + pause_s)
        # A hair later than the pause, so that clocks' rounding does not leave the last waiter asleep.
        loop.call_at(self._paused_until_s + 0.001, self._wake)
