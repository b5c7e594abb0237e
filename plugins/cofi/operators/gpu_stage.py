"""The four GPU stages: denoise, IVR, LID, STT."""

import asyncio
from functools import partial

from airflow.sdk import Context
from sqlalchemy import Connection

from cofi.hooks.gpu_host import GpuHostHook
from cofi.operators.distribute import recordings
from cofi.operators.on_host import HostOperator
from cofi.settings import Settings
from include.calls.stage import Stage
from include.database.answers import ivr_result_for
from include.database.engine import Database
from include.database.prompts import hear_again
from include.database.work import StageCounts
from include.distribution.lane import Lane
from include.errors import CofiError, HostLost
from include.gpu.client import GpuHostClient
from include.gpu.exchange import exchange
from include.gpu.learned import LearnedPrompts
from include.gpu.stages import recognise
from include.gpu.wire import IvrResult
from include.roles.detection import RoleDetection


class GpuStageOperator(HostOperator):
    """Runs one GPU stage over the shard's calls on the host that has them, as many at once as it takes.

    Args:
        shard: From the plan.
        stage: Which of the four.
    """

    async def work(self, context: Context, settings: Settings, database: Database, lane: Lane) -> StageCounts:
        """Keeps the host as full as the capacity that it advertises."""
        async with GpuHostHook(self.job.host).get_conn() as host:
            capacity = (await host.until_ready()).capacity
            self.log.info(
                "%s_processing_parallel total_tasks=%d max_concurrent=%d host=%s",
                self.stage,
                lane.counts.waiting,
                capacity,
                host.name,
            )
            detection = RoleDetection(
                settings.names_kept, lambda call_id: database.read(partial(heard, self.job.batch_id, call_id))
            )
            handle = partial(
                recognise,
                host,
                recordings(settings),
                self.stage,
                settings.allowed_languages,
                detection=detection,
                terms=settings.terms,
            )
            if self.stage is not Stage.IVR:
                return await lane.run(handle, capacity)
            await self._exchanged(host, database)
            counts = await lane.run(handle, capacity)
            learned = await self._exchanged(host, database)
            if learned and settings.gpu_hear_again and await self._wait_again(database, learned):
                again = Lane(database, self.job, settings.progress_log_s)
                await again.begin()
                await again.run(partial(handle, heard_with=learned.version), capacity)
            return counts

    async def _exchanged(self, host: GpuHostClient, database: Database) -> LearnedPrompts | None:
        """What the host has learned; that it cannot be carried on costs no call."""
        try:
            return await exchange(host, database)
        except HostLost:
            raise
        except CofiError as error:
            self.log.warning("learned prompts are not exchanged with host=%s: %s", self.job.host, error)
            return None

    async def _wait_again(self, database: Database, learned: LearnedPrompts) -> int:
        """How many calls of the shard are to be heard again, with what was learned meanwhile."""
        if not learned.hear_again:
            return 0
        waiting = await asyncio.to_thread(
            database.write, partial(hear_again, job=self.job, call_ids=learned.hear_again)
        )
        self.log.info("learned prompts=%d heard_again=%d", len(learned.prompts), waiting)
        return waiting


def heard(batch_id: str, call_id: str, connection: Connection) -> IvrResult:
    """What the IVR stage found in a call."""
    return ivr_result_for(connection, call_id, batch_id)
