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
from include.database import hosts
from include.database.engine import Database
from include.database.work import StageCounts
from include.distribution.handover import gain_s
from include.distribution.lane import Lane
from include.gpu.stages import recognise


class GpuStageOperator(HostOperator):
    """Runs one GPU stage over the shard's calls on the host that has them, as many at once as it takes.

    Args:
        shard: From the plan.
        stage: Which of the four.
    """

    async def declined(
        self, context: Context, settings: Settings, database: Database, lane: Lane
    ) -> str | None:
        """A slow host leaves a shard that it has not begun, if all would be done sooner."""
        reason = await super().declined(context, settings, database, lane)
        if reason or not self.may_leave or self.stage is not Stage.DENOISE:
            return reason
        gain = await asyncio.to_thread(database.read, self._gain_s)
        if gain <= settings.slow_host_gain_s:
            return None
        return f"{self.job.host} leaves shard {self.shard} to faster hosts: {gain:.0f} s sooner"

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
            handle = partial(recognise, host, recordings(settings), self.stage, settings.allowed_languages)
            return await lane.run(handle, capacity)

    def _gain_s(self, connection: Connection) -> float:
        batch_id, host = self.job.batch_id, self.job.host
        in_trouble = hosts.troubles(connection, batch_id)
        speeds = hosts.measured_speeds(connection, batch_id)
        at_work = {name: speed for name, speed in speeds.items() if name not in in_trouble}
        return gain_s(host, hosts.audio_left(connection, batch_id), at_work)
