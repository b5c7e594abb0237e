"""A device and the worker process on it: started, watched, and replaced when it crashes."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, Protocol

from include.errors import CofiError
from include.gpu_host.workers.child import WorkerCrashed

# A worker that cannot be started again (no memory, weights gone) is tried again, more and more seldom.
_FIRST_PAUSE_S = 1.0
_LONGEST_PAUSE_S = 60.0

log = logging.getLogger(__name__)


class Worker(Protocol):
    """What a device needs of its worker: `WorkerProcess`, or one inside this process for tests."""

    async def started(self) -> Any:
        """Waits until it is loaded."""
        ...

    async def ended(self) -> str:
        """Waits until it has ended."""
        ...

    async def run(self, job: Any) -> Any:
        """Does a job."""
        ...

    def kill(self) -> None:
        """Ends it at once."""
        ...


StartWorker = Callable[[str], Worker]


class Device:
    """A place for a worker.

    Args:
        name: `cpu`, `cuda:0`, …
        start: Starts a worker on it.
        places: Jobs that the worker does at once.

    Attributes:
        jobs: Jobs that were admitted to it.
        suspects: Jobs that it crashed under, and that run by themselves now or soon.
        restarts: How often its worker was replaced.
    """

    def __init__(self, name: str, start: StartWorker, places: int) -> None:
        self.name = name
        self.places = places
        self.jobs = 0
        self.suspects = 0
        self.restarts = 0
        self._start = start
        self._worker: Worker | None = None
        self._loaded = asyncio.Event()
        self._by_itself = asyncio.Lock()
        self._watching: asyncio.Task[None] | None = None

    @property
    def ready(self) -> bool:
        """Whether it takes new jobs: its worker is loaded, and no suspect needs it for itself."""
        return self._loaded.is_set() and not self.suspects

    async def open(self) -> Any:
        """Starts the worker and watches it from then on; returns what it says about itself.

        Raises:
            CofiError: It cannot load, for this reason.
            WorkerCrashed: It ended while it was loading.
        """
        about = await self._begin()
        self._watching = asyncio.create_task(self._watch())
        return about

    async def run(self, job: Any) -> Any:
        """Has a job done.

        Raises:
            WorkerCrashed: The worker ended before it answered.
            Exception: What the worker raised.
        """
        worker = self._worker
        assert worker
        try:
            return await worker.run(job)
        except WorkerCrashed:
            # The job sees the end before the watcher does.
            if worker is self._worker:
                self._loaded.clear()
            raise

    @asynccontextmanager
    async def alone(self) -> AsyncIterator[None]:
        """Runs a job under which a worker crashed in the next worker, with no other job in it."""
        self.suspects += 1
        try:
            async with self._by_itself:
                await self._loaded.wait()
                yield
        finally:
            self.suspects -= 1

    def replace(self) -> None:
        """Ends the worker; another is started in its place."""
        self._loaded.clear()
        if self._worker:
            self._worker.kill()

    def close(self) -> None:
        """Ends the worker for good."""
        if self._watching:
            self._watching.cancel()
        self.replace()

    async def _begin(self) -> Any:
        self._worker = self._start(self.name)
        about = await self._worker.started()
        self._loaded.set()
        return about

    async def _watch(self) -> None:
        while True:
            assert self._worker
            ending = await self._worker.ended()
            self._loaded.clear()
            self.restarts += 1
            log.error("device=%s worker ended (%s): starting another", self.name, ending)
            await self._begin_again()

    async def _begin_again(self) -> None:
        pause_s = _FIRST_PAUSE_S
        while not self._loaded.is_set():
            try:
                await self._begin()
            except (CofiError, WorkerCrashed) as error:
                log.error("device=%s worker does not start (%s): again in %.0f s", self.name, error, pause_s)
                await asyncio.sleep(pause_s)
                pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)
