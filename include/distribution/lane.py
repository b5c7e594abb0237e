"""A lane: one stage over the calls of one shard, several calls at once, results written as they come."""

import asyncio
import logging
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress

from include.calls.call import CallState
from include.concurrency import for_each
from include.database.engine import Database
from include.database.work import (
    Ended,
    Failure,
    Outcome,
    PendingCall,
    StageCounts,
    StageJob,
    Success,
    counts,
    pending_calls,
    save,
)
from include.errors import (
    AnswerInvalid,
    CallsPutOff,
    CofiError,
    HostLost,
    PermanentError,
    RecordingUnusable,
)

log = logging.getLogger(__name__)

Handle = Callable[[PendingCall], Awaitable[Success | Ended]]


class Lane:
    """Works through the calls of a shard that a stage still has to do.

    One call's failure stops no other: a permanent one ends that call, a transient one leaves it for the
    task's next try. Only a lost host ends the lane.

    Args:
        database: Where calls come from and outcomes go.
        job: Which stage of which shard.
        log_every_s: Between two lines of progress.
    """

    def __init__(self, database: Database, job: StageJob, log_every_s: float = 30) -> None:
        self._database = database
        self._job = job
        self._log_every_s = log_every_s
        self._put_off: Counter[str] = Counter()
        self._counts = StageCounts()

    async def pending(self) -> list[PendingCall]:
        """What is to be done; counts begin here."""
        self._counts, calls = await asyncio.to_thread(self._read)
        return calls

    async def run(self, calls: Sequence[PendingCall], handle: Handle, width: int) -> StageCounts:
        """Handles all calls, `width` at a time.

        Raises:
            HostLost: The host does not answer any more. What was done until then is saved.
            CallsPutOff: Some calls are left for the next try; all others are done and saved.
        """
        progress = asyncio.create_task(self._progress(len(calls)))
        try:
            async with OutcomeWriter(self._save) as writer:
                await for_each(calls, lambda call: self._one(call, handle, writer), width)
        finally:
            progress.cancel()
        if self._put_off:
            kinds = ", ".join(f"{count} {kind}" for kind, count in self._put_off.items())
            raise CallsPutOff(
                f"Stage {self._job.stage} of shard {self._job.shard}: {self._put_off.total()} of "
                f"{self._counts.total} calls are put off ({kinds}); the next try takes them up."
            )
        return self._counts

    async def record(self, error: CofiError) -> None:
        """Keeps why the stage could not work on this host at all: it is the reason of calls left behind."""
        await asyncio.to_thread(self._save, [Failure(None, error.kind, str(error))])

    async def _one(self, call: PendingCall, handle: Handle, writer: "OutcomeWriter") -> None:
        try:
            outcome: Outcome = await handle(call)
        except HostLost:
            raise
        except CofiError as error:
            outcome = self._failure(call, error)
        except Exception as error:  # a bug in one answer's handling must not take the shard down with it
            log.exception("call_id=%s stage=%s failed", call.call_id, self._job.stage)
            self._counts.failed["bug"] += 1
            outcome = Failure(call.call_id, "bug", f"{type(error).__name__}: {error}", state=CallState.FAILED)
        else:
            self._counts.done += isinstance(outcome, Success)
            self._counts.ended += isinstance(outcome, Ended)
        writer.put(outcome)

    def _failure(self, call: PendingCall, error: CofiError) -> Failure:
        log.warning("call_id=%s stage=%s %s: %s", call.call_id, self._job.stage, error.kind, error)
        if not isinstance(error, PermanentError):
            self._put_off[error.kind] += 1
            return Failure(call.call_id, error.kind, str(error))
        self._counts.failed[error.kind] += 1
        unusable = isinstance(error, RecordingUnusable)
        return Failure(
            call.call_id,
            error.kind,
            str(error),
            raw_answer=error.raw_answer if isinstance(error, AnswerInvalid) else None,
            state=CallState.QUARANTINED if unusable else CallState.FAILED,
        )

    def _save(self, outcomes: list[Outcome]) -> None:
        with self._database.writing() as connection:
            save(connection, self._job, outcomes)

    def _read(self) -> tuple[StageCounts, list[PendingCall]]:
        with self._database.reading() as connection:
            return counts(connection, self._job), pending_calls(connection, self._job)

    async def _progress(self, total: int) -> None:
        began_s = time.monotonic()
        while True:
            await asyncio.sleep(self._log_every_s)
            minutes = (time.monotonic() - began_s) / 60
            done = self._counts.done + self._counts.ended
            log.info(
                "%s shard=%d done=%d/%d failed=%d put_off=%d per_minute=%.1f",
                self._job.stage,
                self._job.shard,
                done,
                total,
                self._counts.failed.total(),
                self._put_off.total(),
                done / minutes,
            )


class OutcomeWriter:
    """Saves outcomes from a thread: whatever has come while the last batch was written is the next batch.

    So a single answer is saved at once, and many together when they come fast: a task that is killed loses
    what was in flight at that moment, and little else.
    """

    def __init__(self, save: Callable[[list[Outcome]], None]) -> None:
        self._save = save
        self._waiting: list[Outcome] = []
        self._news = asyncio.Event()
        self._closing = False
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> "OutcomeWriter":
        """Starts writing."""
        self._task = asyncio.create_task(self._write())
        return self

    async def __aexit__(self, *_: object) -> None:
        """Writes what is left, also when the lane was ended by an error or from outside."""
        assert self._task
        self._closing = True
        self._news.set()
        with suppress(asyncio.CancelledError):
            await asyncio.shield(self._task)
        await self._task

    def put(self, outcome: Outcome) -> None:
        """Takes an outcome.

        Raises:
            Exception: What made writing fail: going on would do work that nobody keeps.
        """
        if self._task and self._task.done():
            self._task.result()
        self._waiting.append(outcome)
        self._news.set()

    async def _write(self) -> None:
        while self._waiting or not self._closing:
            await self._news.wait()
            self._news.clear()
            batch, self._waiting = self._waiting, []
            if batch:
                await asyncio.to_thread(self._save, batch)
