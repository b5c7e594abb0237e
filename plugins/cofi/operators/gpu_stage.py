"""The four GPU stages: denoise, IVR, LID, STT."""

from functools import partial

from airflow.sdk import Context
from sqlalchemy import Connection

from cofi.hooks.gpu_host import GpuHostHook
from cofi.operators.distribute import recordings
from cofi.operators.on_host import HostOperator
from cofi.settings import Settings
from include.database.answers import ivr_result_for
from include.database.engine import Database
from include.database.work import StageCounts
from include.distribution.lane import Lane
from include.gpu.stages import recognise
from include.gpu.wire import IvrResult
from include.roles.telling import Telling


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
            telling = Telling(
                settings.names_kept, lambda call_id: database.read(partial(heard, self.job.batch_id, call_id))
            )
            handle = partial(
                recognise,
                host,
                recordings(settings),
                self.stage,
                settings.allowed_languages,
                telling=telling,
            )
            return await lane.run(handle, capacity)


def heard(batch_id: str, call_id: str, connection: Connection) -> IvrResult:
    """What the IVR stage found in a call."""
    return ivr_result_for(connection, call_id, batch_id)
