"""A bounded pool for blocking work: no queue, and the same work runs once however often it is asked for."""

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Generic, TypeVar

from include.gpu_host import problems

Result = TypeVar("Result")

# A stage takes seconds: a client that is refused now finds a free worker about then.
_RETRY_AFTER_S = 2


class Worker(Generic[Result]):
    """Runs up to `capacity` jobs at once in threads and refuses more.

    Used from one event loop only: its bookkeeping needs no lock.
    """

    def __init__(self, capacity: int) -> None:
        self.capacity = capacity
        self._threads = ThreadPoolExecutor(capacity, thread_name_prefix="stage")
        self._running: dict[str, asyncio.Future[Result]] = {}
        self._busy_since: float | None = None
        self._busy_s = 0.0

    @property
    def in_flight(self) -> int:
        """Jobs that run now."""
        return len(self._running)

    @property
    def busy_s(self) -> float:
        """Wall-clock seconds in which at least one job ran."""
        running_s = 0.0 if self._busy_since is None else time.monotonic() - self._busy_since
        return self._busy_s + running_s

    async def run(self, key: str, job: Callable[[], Result]) -> Result:
        """Runs a job, or joins the one that runs under the same key.

        The job goes on when its client hangs up: its result is stored for the retry.

        Raises:
            Refusal: 429 when every worker is taken.
        """
        running = self._running.get(key)
        if running is None:
            running = self._start(key, job)
        return await asyncio.shield(running)

    def close(self) -> None:
        """Takes no more jobs; those that run go on."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _start(self, key: str, job: Callable[[], Result]) -> asyncio.Future[Result]:
        if self.in_flight >= self.capacity:
            raise problems.busy(self.capacity, _RETRY_AFTER_S)
        if not self._running:
            self._busy_since = time.monotonic()
        running = asyncio.get_running_loop().run_in_executor(self._threads, job)
        self._running[key] = running
        running.add_done_callback(lambda _: self._ended(key))
        return running

    def _ended(self, key: str) -> None:
        del self._running[key]
        if not self._running:
            self._busy_s, self._busy_since = self.busy_s, None
