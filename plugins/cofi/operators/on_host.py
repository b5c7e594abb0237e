"""What distribution and the GPU stages share: a shard's work on the GPU host that it is planned on."""

import asyncio
from typing import Any

from airflow.sdk import Context
from airflow.sdk.exceptions import AirflowFailException
from sqlalchemy import Connection

from cofi.hooks.gpu_host import GpuHostHook
from cofi.operators.shard import ShardOperator
from cofi.settings import Settings
from include.database import hosts
from include.database.engine import Database
from include.distribution.lane import Lane
from include.errors import CofiError, HostLost


class HostOperator(ShardOperator):
    """Leaves a shard when its host is lost, which is asked once instead of tried again and again.

    A task under which the host was lost fails when it still is at the next try: the round that begins with a
    failure plans the host's calls again. Tasks that had not begun are skipped.

    Args:
        may_leave: Whether the run has a later round in which other hosts could do the work.
    """

    def __init__(self, *, may_leave: bool = False, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.may_leave = may_leave

    async def declined(
        self, context: Context, settings: Settings, database: Database, lane: Lane
    ) -> str | None:
        """A host that was lost in this run, and still does not answer, has others that go on.

        Raises:
            AirflowFailException: It was lost under an earlier try.
        """
        if not self.may_leave or not await asyncio.to_thread(database.read, self._was_lost):
            return None
        async with GpuHostHook(self.job.host).get_conn() as host:
            try:
                await host.status()
            except HostLost as error:
                await lane.record(error)
                reason = f"{error} Its calls go to other hosts in this run"
                if context["ti"].try_number > 1:
                    raise AirflowFailException(reason) from error
                return reason
            except CofiError as error:
                self.log.info("It answers again: %s", error)
        return None

    def _was_lost(self, connection: Connection) -> bool:
        batch_id = self.job.batch_id
        in_trouble = hosts.troubles(connection, batch_id)
        was_lost = in_trouble.get(self.job.host) == HostLost.kind
        return was_lost and not hosts.planned_on(connection, batch_id) <= set(in_trouble)
