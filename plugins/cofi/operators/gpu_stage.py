"""The four GPU stages: denoise, IVR, LID, STT."""

from functools import partial

from airflow.sdk import Context

from cofi.hooks.gpu_host import GpuHostHook
from cofi.operators.shard import ShardOperator
from cofi.settings import Settings
from include.database.engine import Database
from include.database.work import PendingCall, StageCounts
from include.distribution.lane import Lane
from include.gpu.stages import recognise


class GpuStageOperator(ShardOperator):
    """Runs one GPU stage over the shard's calls on the host that has them, as many at once as it takes."""

    async def work(
        self, context: Context, settings: Settings, database: Database, lane: Lane, calls: list[PendingCall]
    ) -> StageCounts:
        """Keeps the host as full as the capacity that it advertises."""
        async with GpuHostHook(self.shard["host"]).get_conn() as host:
            capacity = (await host.status()).capacity
            self.log.info(
                "%s_processing_parallel total_tasks=%d max_concurrent=%d host=%s",
                self.stage,
                len(calls),
                capacity,
                host.name,
            )
            return await lane.run(
                calls, partial(recognise, host, self.stage, settings.allowed_languages), capacity
            )
