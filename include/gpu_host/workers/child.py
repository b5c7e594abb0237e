"""A worker process: it loads once, works in several threads, and may die without taking the server along."""

import asyncio
import logging
import multiprocessing
import os
import signal
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Protocol

from include.errors import CofiError, HostFault
from include.gpu_host.workers.logs import set_up_logging

# The kernel ends the process with the highest score when memory runs out: a worker, not the server.
_OOM_SCORE = "500"

log = logging.getLogger(__name__)


class WorkerCrashed(Exception):
    """The process ended in the middle of a job; the message says how."""


class Handler(Protocol):
    """What a worker process makes of a job; called from several threads at once."""

    about: Any

    def __call__(self, job: Any) -> Any:
        """Does a job."""
        ...


@dataclass(frozen=True)
class _Ready:
    about: Any


@dataclass(frozen=True)
class _Reply:
    number: int
    answer: Any = None
    error: Exception | None = None


class WorkerProcess:
    """A spawned process that runs a handler. Used from one event loop.

    Args:
        name: What logs call it.
        make_handler: Called in the process, which imports it: a top-level function, or a partial of one.
        threads: Jobs that the handler does at once.
    """

    def __init__(self, name: str, make_handler: Callable[[], Handler], threads: int) -> None:
        context = multiprocessing.get_context("spawn")
        self._connection, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(name, theirs, make_handler, threads), name=name)
        self._process.start()
        # Only the process itself holds its end now: reading ours ends when it dies.
        theirs.close()
        self._loop = asyncio.get_running_loop()
        self._started: asyncio.Future[Any] = self._loop.create_future()
        self._ended: asyncio.Future[str] = self._loop.create_future()
        self._asked: dict[int, asyncio.Future[Any]] = {}
        self._count = 0
        self._reader = threading.Thread(target=self._read, name=f"{name}-reader", daemon=True)
        self._reader.start()

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid or 0

    async def started(self) -> Any:
        """Waits until the handler is made; returns what it says about itself.

        Raises:
            CofiError: It could not be made, for this reason.
            WorkerCrashed: The process ended meanwhile.
        """
        return await asyncio.shield(self._started)

    async def ended(self) -> str:
        """Waits until the process has ended; returns how."""
        return await asyncio.shield(self._ended)

    async def run(self, job: Any) -> Any:
        """Has a job done.

        Raises:
            WorkerCrashed: The process ended before it answered.
            Exception: What the handler raised.
        """
        self._count += 1
        number, answer = self._count, self._loop.create_future()
        if self._ended.done():
            raise WorkerCrashed(self._ended.result())
        self._asked[number] = answer
        try:
            with suppress(OSError):  # it has just died: the reader says so
                self._connection.send((number, job))
            return await answer
        finally:
            self._asked.pop(number, None)

    def kill(self) -> None:
        """Ends the process at once; what it was asked for fails with `WorkerCrashed`."""
        self._process.kill()

    def _read(self) -> None:
        """Runs in a thread of its own, to the end of the process."""
        while True:
            try:
                message = self._connection.recv()
            except (EOFError, OSError):
                break
            self._tell(self._take, message)
        self._process.join()
        self._tell(self._close)

    def _tell(self, callback: Callable[..., None], *arguments: Any) -> None:
        with suppress(RuntimeError):  # the event loop has ended, and nobody waits
            self._loop.call_soon_threadsafe(callback, *arguments)

    def _take(self, message: _Ready | _Reply) -> None:
        if isinstance(message, _Ready):
            self._started.set_result(message.about)
            return
        waiting = self._asked.get(message.number, self._started)
        if waiting.done():
            return
        if message.error is not None:
            waiting.set_exception(message.error)
        else:
            waiting.set_result(message.answer)

    def _close(self) -> None:
        self._connection.close()
        ending = _ending(self._process.exitcode)
        self._ended.set_result(ending)
        for waiting in [self._started, *self._asked.values()]:
            if not waiting.done():
                waiting.set_exception(WorkerCrashed(ending))
        # Nobody may be waiting for the start any more; that is no error to report.
        self._started.exception()


def _ending(code: int | None) -> str:
    if code is not None and code < 0:
        return f"killed by {signal.Signals(-code).name}"
    return f"ended with code {code}"


def _serve(name: str, connection: Connection, make_handler: Callable[[], Handler], threads: int) -> None:
    """The process: loads, then answers until the server closes the connection or dies."""
    # Ctrl-C and a service manager reach the whole group; the server decides when its workers end.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    set_up_logging()
    with suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text(_OOM_SCORE)
    sending = threading.Lock()

    def send(message: _Ready | _Reply) -> None:
        with sending, suppress(BrokenPipeError):
            connection.send(message)

    try:
        handler = make_handler()
    except Exception as error:
        send(_Reply(0, error=_portable(error)))
        return
    send(_Ready(handler.about))
    pool = ThreadPoolExecutor(threads, thread_name_prefix=name)
    while True:
        try:
            number, job = connection.recv()
        except (EOFError, OSError):
            # Threads in native code cannot be asked to stop, and nobody waits for them any more.
            os._exit(0)
        pool.submit(_answer, handler, number, job, send)


def _answer(handler: Handler, number: int, job: Any, send: Callable[[_Ready | _Reply], None]) -> None:
    try:
        reply = _Reply(number, answer=handler(job))
    except Exception as error:
        reply = _Reply(number, error=_portable(error, job))
    send(reply)


def _portable(error: Exception, job: Any = None) -> Exception:
    """Errors that the server tells apart travel as they are; a bug is logged here, with its stack."""
    if isinstance(error, (CofiError, OSError, MemoryError)):
        return error
    log.error("call_id=%s failed", getattr(job, "call_id", None), exc_info=error)
    return HostFault(f"{type(error).__name__} in a worker: the host's log says more.")
