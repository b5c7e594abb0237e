"""Distribution: recordings of a shard to its GPU host."""

from functools import partial
from typing import Any

from airflow.sdk import Context

from cofi.hooks.gpu_host import GpuHostHook
from cofi.operators.on_host import HostOperator
from cofi.pools import UPLOAD_POOL
from cofi.recordings import opened
from cofi.settings import Settings
from include.calls.stage import Stage
from include.database.engine import Database
from include.database.work import StageCounts
from include.distribution.bandwidth import Bandwidth
from include.distribution.lane import Lane
from include.gpu.stages import Store, distribute


class DistributeOperator(HostOperator):
    """Streams the shard's recordings from their store to the host, several at once.

    Pool slots ARE uploads: the task holds as many slots of `uploads` as it may have files on their way.
    """

    def __init__(self, *, shard: int, pool_slots: int, **kwargs: Any) -> None:
        super().__init__(
            shard=shard, stage=Stage.DISTRIBUTE, pool=UPLOAD_POOL, pool_slots=pool_slots, **kwargs
        )

    async def work(self, context: Context, settings: Settings, database: Database, lane: Lane) -> StageCounts:
        """Uploads what the host has not been sent in this run."""
        async with GpuHostHook(self.job.host).get_conn() as host:
            await host.until_ready()  # a host that is down is found out once, not by every call
            self.log.info(
                "uploading_files_parallel total_tasks=%d max_concurrent=%d host=%s",
                lane.counts.waiting,
                self.pool_slots,
                host.name,
            )
            return await lane.run(partial(distribute, host, recordings(settings)), self.pool_slots)


def recordings(settings: Settings) -> Store:
    """Where recordings are read, within the task's share of the bandwidth."""
    return Store(opened, Bandwidth(settings.upload_share_bytes_per_s).admit)
