"""What distribution and the GPU stages share: a shard's work on the GPU host that it is planned on."""

import asyncio
from typing import Any

from airflow.sdk import Context
from sqlalchemy import Connection

from cofi.hooks.gpu_host import GpuHostHook
from cofi.operators.shard import ShardOperator
from cofi.settings import Settings
from include.database import hosts
from include.database.engine import Database
from include.distribution.lane import Lane
from include.errors import CofiError, HostLost, HostMisconfigured

_AWAY = {HostLost.kind, HostMisconfigured.kind}


class HostOperator(ShardOperator):
    """Leaves a shard when its host is lost, which is asked once instead of tried again and again.

    A task under which the host was lost is skipped when the host is still away at the next try, and so is one
    that had not begun: recovery watches the hosts, and plans the calls again.

    Args:
        may_leave: Whether the run has a later round in which other hosts could do the work.
    """

    def __init__(self, *, may_leave: bool = False, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.may_leave = may_leave

    async def declined(
        self, context: Context, settings: Settings, database: Database, lane: Lane
    ) -> str | None:
        """A host that was lost in this run, and still does not answer, has others that go on."""
        if not self.may_leave or not await asyncio.to_thread(database.read, self._was_lost):
            return None
        async with GpuHostHook(self.job.host).get_conn() as host:
            try:
                await host.status()
            except HostLost as error:
                await lane.record(error)
                return f"{error} Its calls go to other hosts in this run"
            except CofiError as error:
                self.log.info("It answers again: %s", error)
        return None

    def _was_lost(self, connection: Connection) -> bool:
        batch_id = self.job.batch_id
        in_trouble = hosts.troubles(connection, batch_id)
        trouble = in_trouble.get(self.job.host)
        was_lost = trouble is not None and trouble.kind in _AWAY
        return was_lost and not hosts.planned_on(connection, batch_id) <= set(in_trouble)
