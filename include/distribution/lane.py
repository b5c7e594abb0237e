"""A lane: one stage over the calls of one shard, several calls at once, results written as they come."""

import asyncio
import logging
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from traceback import format_exception

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from include.calls.call import CallState
from include.calls.stage import ON_HOSTS
from include.card_data.masking import masked_text
from include.concurrency import for_each
from include.database.engine import Database
from include.database.lanes import tell
from include.database.outcomes import Ended, Failure, Outcome, Success, save
from include.database.work import PendingCall, StageCounts, StageJob, counts, leads_on, pending_calls
from include.distribution.breaker import Breaker
from include.distribution.suspects import Suspects
from include.distribution.writer import Writer
from include.errors import (
    AnswerInvalid,
    BudgetReached,
    CallsPutOff,
    CofiError,
    HostLost,
    PermanentError,
    RecordingUnusable,
)
from include.tracing.spans import call_span

log = logging.getLogger(__name__)

Handle = Callable[[PendingCall], Awaitable[Success | Ended]]

# Calls that are read at a time: memory stays the same however many there are.
_PAGE = 500
# Others take a lane for killed that says nothing for `lanes.SILENT`, however seldom it writes into its log.
_TELL_EVERY_S = 30.0
# What a host was working on when it was lost is known after this time: all connections break within it.
_BREAKING_OFF_S = 0.5


class Lane:
    """Works through the calls of a shard that a stage still has to do.

    One call's failure stops no other: a permanent one ends that call, a transient one leaves it for the
    task's next try. Only a host that is lost, or fails one call after the other, ends the lane.

    Args:
        database: Where calls come from and outcomes go.
        job: Which stage of which shard.
        log_every_s: Between two lines of progress.
        traced_share: Of calls that have a span of their own.
    """

    def __init__(
        self, database: Database, job: StageJob, log_every_s: float = 30, traced_share: float = 0.0
    ) -> None:
        self._database = database
        self._job = job
        self._log_every_s = log_every_s
        self._traced_share = traced_share
        self._breaker = Breaker(job.host)
        self._put_off: Counter[str] = Counter()
        self._in_flight = 0
        self._over = False
        self._suspects = Suspects(database, job)
        self.counts = StageCounts()

    async def begin(self) -> StageCounts:
        """Counts what is to be done; the lane's counts begin here."""
        self.counts = await asyncio.to_thread(self._database.read, lambda c: counts(c, self._job))
        return self.counts

    async def leads_on(self) -> bool:
        """Whether a later stage has work in this shard."""
        return await asyncio.to_thread(self._database.read, lambda c: leads_on(c, self._job))

    async def run(self, handle: Handle, width: int) -> StageCounts:
        """Handles all calls, `width` at a time, and at last, one by one, those that a host has died of.

        Raises:
            HostLost: The host does not answer any more. What was done until then is saved; so it is when any
                other error `of_the_stage` ends the lane.
            HostFailing: It answers, but nothing that is of use.
            CallsPutOff: Some calls are left for the next try; all others are done and saved.
        """
        began_s = time.monotonic()
        # Before the first result: else a lane of one call seems to take no time, and its host to be fast.
        await asyncio.to_thread(self._database.write, self._tell)
        progress = asyncio.create_task(self._progress(began_s))
        try:
            async with Writer(self._save) as writer:
                try:
                    await self._all(self._one(handle, writer), width)
                except HostLost:
                    for failure in await self._suspects.judged():
                        if failure.state:
                            self.counts.failed[failure.kind] += 1
                        writer.put(failure)
                    raise
        finally:
            progress.cancel()
            await self._end(began_s)
        self._breaker.at_end()
        if self._put_off:
            kinds = ", ".join(f"{count} {kind}" for kind, count in self._put_off.items())
            raise CallsPutOff(
                f"Stage {self._job.stage} of shard {self._job.shard}: {self._put_off.total()} of "
                f"{self.counts.total} calls are put off ({kinds}); the next try takes them up."
            )
        return self.counts

    async def record(self, error: CofiError) -> None:
        """Keeps why the stage could not work on this host at all: it is the reason of calls left behind."""
        log.warning(
            "%s shard=%d host=%s %s: %s What is done is kept, the next try or another host does the rest.",
            self._job.stage,
            self._job.shard,
            self._job.host,
            error.kind,
            masked_text(str(error)),
        )
        failure = Failure(None, error.kind, str(error))
        # The lane has ended, or not begun: it tells nothing more of itself.
        await asyncio.to_thread(self._database.write, lambda c: save(c, self._job, [failure]))

    async def _all(self, one: Callable[[PendingCall], Awaitable[None]], width: int) -> None:
        if self._job.stage not in ON_HOSTS:
            await for_each(self._calls(), one, width)
            return
        await for_each(self._calls(suspects=False), one, width)
        if await self._suspects.any_left():
            await self._suspects.until_alone(self._tell)
            await for_each(self._calls(suspects=True), one, 1)

    async def _calls(self, *, suspects: bool | None = None) -> AsyncIterator[PendingCall]:
        """Reads the calls page by page; what was put off meanwhile is not met again."""
        after = ""

        def page(connection: Connection) -> list[PendingCall]:
            return pending_calls(connection, self._job, after=after, limit=_PAGE, suspects=suspects)

        while calls := await asyncio.to_thread(self._database.read, page):
            for call in calls:
                yield call
            after = calls[-1].call_id

    def _one(self, handle: Handle, writer: Writer[Outcome]) -> Callable[[PendingCall], Awaitable[None]]:
        async def one(call: PendingCall) -> None:
            self._in_flight += 1
            try:
                await writer.accept(await self._outcome(call, handle))
            finally:
                self._in_flight -= 1
            self._breaker.check()

        return one

    async def _outcome(self, call: PendingCall, handle: Handle) -> Outcome:
        try:
            with call_span(call.call_id, self._job.stage, self._traced_share):
                outcome = await handle(call)
        except HostLost as error:
            if error.at_work:
                self._warn(call, error)
                self._suspects.catch(call, error)
            await asyncio.sleep(_BREAKING_OFF_S)
            raise
        except DBAPIError:
            raise  # the database's trouble is not the call's
        except CofiError as error:
            if error.of_the_stage:
                raise
            self._breaker.failed(error)
            return self._failure(call, error)
        except Exception as error:  # a bug in one answer's handling must not take the shard down with it
            # An error that nobody has thought of may quote what was said.
            traceback_text = masked_text("".join(format_exception(error)))
            log.error("call_id=%s stage=%s failed: %s", call.call_id, self._job.stage, traceback_text)
            self.counts.failed["bug"] += 1
            return Failure(call.call_id, "bug", f"{type(error).__name__}: {error}", state=CallState.FAILED)
        self._breaker.succeeded()
        self.counts.done += isinstance(outcome, Success)
        self.counts.ended += isinstance(outcome, Ended)
        return outcome

    def _failure(self, call: PendingCall, error: CofiError) -> Failure:
        # Of thousands that wait for money, the counts and the report say enough.
        if not isinstance(error, BudgetReached):
            self._warn(call, error)
        if not isinstance(error, PermanentError):
            self._put_off[error.kind] += 1
            return Failure(call.call_id, error.kind, str(error))
        self.counts.failed[error.kind] += 1
        unusable = isinstance(error, RecordingUnusable)
        return Failure(
            call.call_id,
            error.kind,
            str(error),
            raw_answer=error.raw_answer if isinstance(error, AnswerInvalid) else None,
            state=CallState.QUARANTINED if unusable else CallState.FAILED,
        )

    def _warn(self, call: PendingCall, error: CofiError) -> None:
        log.warning(
            "call_id=%s stage=%s shard=%d host=%s attempt=%d %s: %s",
            call.call_id,
            self._job.stage,
            self._job.shard,
            self._job.host,
            self._job.attempt,
            error.kind,
            masked_text(str(error)),
        )

    def _save(self, outcomes: list[Outcome]) -> None:
        def work(connection: Connection) -> list[Failure]:
            refused = save(connection, self._job, outcomes)
            self._tell(connection)
            return refused

        done = {outcome.call_id for outcome in outcomes if isinstance(outcome, Success)}
        for failure in self._database.write(work):
            log.error("call_id=%s stage=%s %s", failure.call_id, self._job.stage, failure.message)
            self.counts.done -= failure.call_id in done
            self.counts.failed[failure.kind] += 1

    def _tell(self, connection: Connection) -> None:
        at_rest = self._over or self._suspects.waiting
        tell(connection, self._job, self.counts.waiting, self._in_flight, ended=at_rest)

    async def _end(self, began_s: float) -> None:
        """Nothing is in flight any more. A database that is away must not hide why the lane ended."""
        self._over = True
        self._log(began_s)
        # The counts of a task that ends red reach no XCom.
        log.info(
            "%s shard=%d total=%d done_before=%d failed=%s put_off=%s",
            self._job.stage,
            self._job.shard,
            self.counts.total,
            self.counts.done_before,
            dict(self.counts.failed),
            dict(self._put_off),
        )
        with suppress(DBAPIError):
            await asyncio.to_thread(self._database.write, self._tell)

    async def _progress(self, began_s: float) -> None:
        logged_s = began_s
        while True:
            await asyncio.sleep(min(self._log_every_s, _TELL_EVERY_S))
            if time.monotonic() - logged_s >= self._log_every_s:
                logged_s = time.monotonic()
                self._log(began_s)
            if not self._suspects.waiting:
                # Calls that take minutes are in flight too.
                with suppress(DBAPIError):
                    await asyncio.to_thread(self._database.write, self._tell)

    def _log(self, began_s: float) -> None:
        done = self.counts.done + self.counts.ended
        log.info(
            "%s shard=%d done=%d/%d failed=%d put_off=%d in_flight=%d per_minute=%.1f",
            self._job.stage,
            self._job.shard,
            done,
            self.counts.waiting,
            self.counts.failed.total(),
            self._put_off.total(),
            self._in_flight,
            done / max(time.monotonic() - began_s, 0.001) * 60,
        )
