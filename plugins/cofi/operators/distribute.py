"""Distribution: recordings of a shard to its GPU host."""

from functools import partial
from typing import IO, Any, cast

from airflow.sdk import Context, ObjectStoragePath

from cofi.hooks.gpu_host import GpuHostHook
from cofi.operators.shard import ShardOperator, ShardWork
from cofi.settings import Settings
from include.calls.stage import Stage
from include.database.engine import Database
from include.database.work import PendingCall, StageCounts
from include.distribution.lane import Lane
from include.gpu.stages import distribute


class DistributeOperator(ShardOperator):
    """Streams the shard's recordings from their store to the host, several at once."""

    def __init__(self, *, shard: ShardWork, **kwargs: Any) -> None:
        super().__init__(shard=shard, stage=Stage.DISTRIBUTE, **kwargs)

    async def work(
        self, context: Context, settings: Settings, database: Database, lane: Lane, calls: list[PendingCall]
    ) -> StageCounts:
        """Uploads what the host has not been sent in this run."""
        async with GpuHostHook(self.shard["host"]).get_conn() as host:
            await host.status()  # a host that is down is found out once, not by every call
            self.log.info("uploading_files_parallel total_tasks=%d host=%s", len(calls), host.name)
            return await lane.run(calls, partial(distribute, host, _open), settings.uploads_per_task)


def _open(uri: str) -> IO[bytes]:
    return cast(IO[bytes], ObjectStoragePath(uri).open("rb"))
