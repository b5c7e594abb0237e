"""How many requests may be in flight at once: never more than the width, fewer when the API shows a limit.

A stray 429 is no limit: a limiter that halves at every one of them keeps a third of the throughput at 5 %.
Two things tell them apart. A limit refuses a large share of a round of requests (as many as may be in
flight), chance a few; and a limit refuses until no more are in flight than it takes, while chance leaves the
others alone. So at a large share of refusals the limit falls to what is still in flight. A share that stays
however far the limit falls comes from elsewhere, and is tolerated.

Growth begins slowly after a fall and gains speed (convex, as beyond the plateau of TCP CUBIC, RFC 9438): a
limit that is still there is asked for seldom, one that is gone is left behind soon.
Latency counts against its own past (as Netflix' gradient limiter does), and by itself takes no more than half
of the width: an API that is slow for everybody becomes no faster by asking it less.
"""

import asyncio
import statistics
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass


@dataclass(frozen=True)
class LimiterSettings:
    """The settings of the limiter.

    Attributes:
        refused_share: From this share of refusals in a round on, beyond the tolerated share, there is a
            limit.
        least_round: Fewest requests that a decision rests on.
        rounds_kept: The tolerated share is the median of so many rounds.
        growth: Slots gained per round and round since the last fall.
        slow_factor: A median latency of so many times the usual one is a sign of overload.
        slow_floor: Latency alone never takes the limit below this share of the width.
        usual_weight: Of a new median in the usual latency.
    """

    refused_share: float = 0.15
    least_round: int = 30
    rounds_kept: int = 5
    growth: float = 0.25
    slow_factor: float = 2.0
    slow_floor: float = 0.5
    usual_weight: float = 0.1


@dataclass
class Round:
    """As many requests as the limit was, or some more, and how they ended."""

    limit: float
    size: int
    sent: int = 0
    succeeded: int = 0
    refused: int = 0
    judged: bool = False

    @property
    def refused_share(self) -> float:
        """Share of the round's requests that were refused; one without an answer yet was not."""
        return self.refused / self.size


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
        self._round = self._new_round()
        self._clean_rounds = 0
        self._shares: deque[float] = deque(maxlen=self._settings.rounds_kept)
        self._latencies_s: list[float] = []
        self._usual_s: float | None = None

    @asynccontextmanager
    async def slot(self) -> AsyncIterator[Round]:
        """Waits for a slot and holds it inside the block, which says to the round how its request ended."""
        await self._acquire()
        try:
            yield self._sent()
        finally:
            self._release()

    @asynccontextmanager
    async def slot_for_another(self) -> AsyncIterator[None]:
        """Holds a slot for a request to another API, which tells nothing about this one."""
        await self._acquire()
        try:
            yield
        finally:
            self._release()

    def succeeded(self, of: Round, latency_s: float | None) -> None:
        """Notes an answer; the limit grows with every one.

        Args:
            of: Its round.
            latency_s: None of a request that takes another time than most: it tells nothing about the load.
        """
        of.succeeded += 1
        self._answered(of)
        gain = self._settings.growth * self._clean_rounds / self._round.size
        self.limit = min(float(self.width), self.limit + gain)
        if latency_s is not None:
            self._note_latency(latency_s)
        self._wake()

    def refused(self, of: Round) -> None:
        """Notes a refusal for load (429, 503, 529) or a timeout; call it while the slot is held."""
        of.refused += 1
        if of.refused_share >= self._tolerated_share + self._settings.refused_share:
            if not of.judged:
                self._shares.append(of.refused_share)
            of.judged = True
            # What else is in flight was taken; refusals of this round that are still to come tell the rest.
            self._fall(max(of.limit * (1 - of.refused_share), self.in_flight - 1))
        self._answered(of)

    def restore(self) -> None:
        """After an outage, which says nothing about how many requests the API takes at once."""
        self.limit = float(self.width)
        self._round = self._new_round()
        self._wake()

    @property
    def _tolerated_share(self) -> float:
        """The share of refusals that does not depend on the limit."""
        return statistics.median(self._shares) if len(self._shares) == self._shares.maxlen else 0.0

    def _sent(self) -> Round:
        of = self._round
        of.sent += 1
        if of.sent >= of.size:
            self._round = self._new_round()
            self._clean_rounds += 1
        return of

    def _answered(self, of: Round) -> None:
        if not of.judged and of.succeeded + of.refused == of.size:
            self._shares.append(of.refused_share)

    def _fall(self, limit: float) -> None:
        if limit >= self.limit:
            return
        self.limit = max(1.0, limit)
        self._clean_rounds = 0
        self._round = self._new_round()

    def _new_round(self) -> Round:
        return Round(self.limit, max(int(self.limit), self._settings.least_round))

    def _note_latency(self, latency_s: float) -> None:
        self._latencies_s.append(latency_s)
        if len(self._latencies_s) < self._round.size:
            return
        median_s, settings = statistics.median(self._latencies_s), self._settings
        self._latencies_s.clear()
        usual_s = self._usual_s or median_s
        if median_s > settings.slow_factor * usual_s:
            slower = median_s / (settings.slow_factor * usual_s)
            self._fall(max(settings.slow_floor * self.width, self.limit / slower))
        self._usual_s = usual_s + settings.usual_weight * (median_s - usual_s)

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
        return self.in_flight < int(self.limit)

    def _wake(self) -> None:
        while self._waiting and self._free():
            turn = self._waiting.popleft()
            if not turn.done():
                self.in_flight += 1
                turn.set_result(None)
