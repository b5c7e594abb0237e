"""Admission to the workers: in turn, the same work only once, and no crash that spreads."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from functools import partial
from typing import Any, Generic, TypeVar

from include.concurrency import WaitingRoom
from include.gpu_host.server import problems
from include.gpu_host.server.problems import Refusal
from include.gpu_host.workers.child import WorkerCrashed
from include.gpu_host.workers.device import Device, StartWorker

Result = TypeVar("Result")
Do = Callable[[Any], Awaitable[Any]]
Work = Callable[[Do], Awaitable[Result]]

# A stage takes seconds: a client that is refused now finds a free seat about then.
_RETRY_AFTER_S = 2

log = logging.getLogger(__name__)


class WorkerPool(Generic[Result]):
    """Runs jobs on devices, each with a worker process and a number of places.

    When a worker crashes, the jobs that it was at are each run once more, one at a time with the worker to
    themselves. So only a job that crashes it by itself fails, and the others never notice.

    Used from one event loop only: its bookkeeping needs no lock.

    Args:
        devices: Names, one worker for each.
        start: Starts the worker of a device.
        places: Jobs that each worker does at once; as many more wait for their turn.
        timeout_s: After which a job is given up and its worker replaced.
    """

    def __init__(self, devices: Sequence[str], start: StartWorker, *, places: int, timeout_s: float) -> None:
        self._devices: list[Device] = [Device(name, start, places) for name in devices]
        self._room = WaitingRoom(self.capacity)
        self._timeout_s = timeout_s
        self._entering: dict[str, asyncio.Task[asyncio.Future[Result]]] = {}
        self._running: dict[str, asyncio.Future[Result]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._stopping = False
        self._busy_since: float | None = None
        self._busy_s = 0.0

    async def open(self) -> Any:
        """Starts all workers and waits for them; returns what the first says about itself.

        Raises:
            CofiError: One cannot load, for this reason.
            WorkerCrashed: One ended while it was loading.
        """
        return (await asyncio.gather(*(device.open() for device in self._devices)))[0]

    @property
    def capacity(self) -> int:
        """Jobs that are worked on at once."""
        return sum(device.places for device in self._devices)

    @property
    def in_flight(self) -> int:
        """Jobs that are admitted and not done."""
        return len(self._running)

    @property
    def waiting(self) -> int:
        """Jobs that wait for a place."""
        return self._room.waiting

    @property
    def suspects(self) -> int:
        """Waiting jobs that were caught in a crash, and are to run by themselves."""
        return sum(device.suspects for device in self._devices)

    @property
    def restarts(self) -> int:
        """Workers that were replaced so far."""
        return sum(device.restarts for device in self._devices)

    @property
    def busy_s(self) -> float:
        """Wall-clock seconds in which at least one job ran."""
        running_s = 0.0 if self._busy_since is None else time.monotonic() - self._busy_since
        return self._busy_s + running_s

    @property
    def ready(self) -> bool:
        """Whether a worker can take jobs."""
        return any(device.ready for device in self._devices) and not self._stopping

    async def run(self, key: str, work: Work[Result]) -> Result:
        """Does some work with a worker, or joins the same work that is under way.

        It goes on when its client hangs up: its result is stored for the retry.

        Args:
            key: Names the work.
            work: Called when it is admitted, with what has a job done by a worker.

        Raises:
            Refusal: 429 when every place is taken and as many wait, or none comes free in time, 503 when no
                worker is there to take it, 422 when the job crashes its worker or does not end in time.
            Exception: What the worker raised.
        """
        running = self._running.get(key) or await self._entered(key, work)
        return await asyncio.shield(running)

    async def drain(self, grace_s: float) -> None:
        """Takes no more jobs, lets those that run end, and hands back those that do not end in time."""
        self._stopping = True
        self._room.close()
        running = list(self._running.values())
        if running:
            await asyncio.wait(running, timeout=grace_s)
        unfinished = [future for future in running if not future.done()]
        for future in unfinished:
            future.set_exception(problems.stopping())
        if unfinished:
            log.warning(
                "handed back unfinished=%d: they are done again when they are asked for", len(unfinished)
            )

    def close(self) -> None:
        """Ends the workers at once."""
        self._stopping = True
        for device in self._devices:
            device.close()

    async def _entered(self, key: str, work: Work[Result]) -> "asyncio.Future[Result]":
        """Waits for a place, one for all who ask for the same work."""
        if key not in self._entering:
            self._entering[key] = asyncio.create_task(self._enter(key, work))
            self._entering[key].add_done_callback(lambda _: self._entering.pop(key))
        return await asyncio.shield(self._entering[key])

    async def _enter(self, key: str, work: Work[Result]) -> "asyncio.Future[Result]":
        self._ready_devices()  # what cannot be done is not waited for
        if not await self._room.enter():
            raise problems.busy(self.capacity, _RETRY_AFTER_S)
        try:
            return self._start(key, work)
        except Refusal:
            self._room.leave()
            raise

    def _start(self, key: str, work: Work[Result]) -> "asyncio.Future[Result]":
        device = self._free_device()
        if not self._running:
            self._busy_since = time.monotonic()
        running: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        self._running[key] = running
        running.add_done_callback(lambda _: self._done(key))
        device.jobs += 1
        task = asyncio.create_task(self._fulfil(running, device, work))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return running

    def _ready_devices(self) -> list[Device]:
        if self._stopping:
            raise problems.stopping()
        ready = [device for device in self._devices if device.ready]
        if not ready:
            raise problems.not_ready()
        return ready

    def _free_device(self) -> Device:
        device = min(self._ready_devices(), key=lambda d: d.jobs / d.places)
        if device.jobs >= device.places:  # another has no worker at the moment
            raise problems.busy(self.capacity, _RETRY_AFTER_S)
        return device

    async def _fulfil(self, running: "asyncio.Future[Result]", device: Device, work: Work[Result]) -> None:
        try:
            result = await work(partial(self._attempt, device))
        except Exception as error:
            if not running.done():
                running.set_exception(error)
                running.exception()  # the client may have hung up: then nobody asks for it
        else:
            if not running.done():
                running.set_result(result)
        finally:
            device.jobs -= 1
            self._room.leave()

    async def _attempt(self, device: Device, job: Any) -> Any:
        with suppress(WorkerCrashed):
            return await self._in_time(device, job)
        async with device.alone():
            try:
                return await self._in_time(device, job)
            except WorkerCrashed as crash:
                raise problems.crashes_worker(str(crash)) from crash

    async def _in_time(self, device: Device, job: Any) -> Any:
        try:
            async with asyncio.timeout(self._timeout_s):
                return await device.run(job)
        except TimeoutError:
            # Native code cannot be asked to stop: the process goes, and what else it was at runs again.
            device.replace()
            raise problems.too_slow(self._timeout_s) from None

    def _done(self, key: str) -> None:
        del self._running[key]
        if not self._running:
            self._busy_s, self._busy_since = self.busy_s, None
