"""What the operators of a shard share: one stage, one lane, one event loop."""

import asyncio
import time
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from airflow.sdk import BaseAsyncOperator, Context
from airflow.sdk.exceptions import AirflowSkipException, DownstreamTasksSkipped

from cofi import observing
from cofi.hooks.database import CofiDatabaseHook
from cofi.runs import batch_id_of
from cofi.settings import Settings
from include.calls.stage import Stage
from include.database.batches import stage_job
from include.database.engine import Database
from include.database.work import StageCounts, StageJob
from include.distribution.lane import Lane
from include.errors import CallsPutOff, CofiError, TransientError
from include.tracing.spans import stage_span

# What the grid calls a mapped task instance, instead of its index.
_SHARD_NAME = "{{ task.shown_as or task.shard }}"


class ShardOperator(BaseAsyncOperator):
    """Runs one stage over the calls of one shard, which the database knows.

    Args:
        shard: Its number in the run's batch.
        stage: Which of the seven.
    """

    template_fields: Sequence[str] = ("shard",)
    shown_as = ""
    job: StageJob
    _loop: asyncio.AbstractEventLoop | None = None
    _main: "asyncio.Task[Any] | None" = None

    def __init__(self, *, shard: int, stage: Stage, **kwargs: Any) -> None:
        super().__init__(map_index_template=_SHARD_NAME, **kwargs)
        self.shard = shard
        self.stage = stage

    async def aexecute(self, context: Context) -> dict[str, Any]:
        """Works through what the stage still has to do; skips itself when that is nothing."""
        self._loop, self._main = asyncio.get_running_loop(), asyncio.current_task()
        database, ti = CofiDatabaseHook().get_conn(), context["ti"]
        batch_id = batch_id_of(ti.dag_id, ti.run_id)
        try:
            job = await asyncio.to_thread(
                database.read, lambda c: stage_job(c, batch_id, self.shard, self.stage, ti.try_number)
            )
            if job is None:
                raise self._skipping(context, f"shard {self.shard} has no calls any more")
            self.job, self.shown_as = job, f"{job.host} · {job.shard}"
            return (await self._through(context, Settings.load(), database)).as_dict()
        finally:
            database.close()

    async def _through(self, context: Context, settings: Settings, database: Database) -> StageCounts:
        lane = Lane(database, self.job, settings.progress_log_s, settings.traced_calls_share)
        began_s = time.monotonic()
        try:
            if not (await lane.begin()).waiting:
                await self._skip(context, lane, f"no call of shard {self.shard} needs it")
            if reason := await self.declined(context, settings, database, lane):
                await self._skip(context, lane, reason)
            with stage_span(self.job):
                async with asyncio.timeout(settings.task_timeout_s):
                    return await self.work(context, settings, database, lane)
        except CallsPutOff:
            raise  # each call's failure is recorded
        except TimeoutError as error:
            late = TransientError(f"{self.stage} took longer than [cofi] task_timeout_s; done calls are kept")
            await lane.record(late)
            raise late from error
        except CofiError as error:
            await lane.record(error)
            raise
        finally:
            observing.stage_ended(self.job, lane.counts, timedelta(seconds=time.monotonic() - began_s))

    async def declined(
        self, context: Context, settings: Settings, database: Database, lane: Lane
    ) -> str | None:
        """Why the shard's work is left to others, if it is."""
        return None

    async def work(self, context: Context, settings: Settings, database: Database, lane: Lane) -> StageCounts:
        """Opens the client and runs the lane."""
        raise NotImplementedError

    def on_kill(self) -> None:
        """Airflow ends the task: the lane is cancelled and saves what it has (5 s are left for it)."""
        if self._loop and self._main:
            self._loop.call_soon_threadsafe(self._main.cancel)

    async def _skip(self, context: Context, lane: Lane, reason: str) -> None:
        """Skips this task, or, when the shard has nothing for later stages either, those as well."""
        if await lane.leads_on():
            raise AirflowSkipException(f"{self.stage}: {reason}")
        raise self._skipping(context, reason)

    def _skipping(self, context: Context, reason: str) -> Exception:
        """What skips this task and those after it: a task costs about 2 s, also one that finds nothing."""
        later = self.stage.following[1:]
        if not later:
            return AirflowSkipException(f"{self.stage}: {reason}")
        self.log.info("%s: %s, nor any later stage", self.stage, reason)
        prefix, index = self.task_id.removesuffix(self.stage), context["ti"].map_index
        return DownstreamTasksSkipped(tasks=[(prefix + stage, index) for stage in later])
