"""What a GPU host may have died of: it is run again with nothing beside it, and only then it is proven."""

import asyncio
import logging
import random
import time
from collections.abc import Callable
from datetime import UTC, datetime

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from include.calls.call import CallState
from include.database.engine import Database
from include.database.lanes import had_company
from include.database.outcomes import Failure
from include.database.work import PendingCall, StageJob, pending_calls
from include.errors import HostKiller, HostLost

log = logging.getLogger(__name__)

# A call with which a host was lost so often is quarantined, if it was alone there the last time.
_MOST_LOSSES = 2
# So often it is bad luck no more, whatever else was there; each time costs a host.
_MOST_LOSSES_IN_COMPANY = 4
# Longer than most stages of a shard: then the other task of the host has ended, and the next not begun.
_PATIENCE_S = 900.0


class Suspects:
    """The calls of a lane that were in flight when a host was lost, now or before.

    Args:
        database: That knows of all lanes.
        job: Whose calls.
    """

    def __init__(self, database: Database, job: StageJob) -> None:
        self._database = database
        self._job = job
        self._caught: list[tuple[PendingCall, HostLost]] = []
        self._alone_since: datetime | None = None
        self.waiting = False

    def catch(self, call: PendingCall, error: HostLost) -> None:
        """The host was lost while it worked on this call."""
        self._caught.append((call, error))

    async def any_left(self) -> bool:
        """Whether the lane has some from before still to do."""
        found = await asyncio.to_thread(
            self._database.read, lambda c: pending_calls(c, self._job, limit=1, suspects=True)
        )
        return bool(found)

    async def until_alone(self, tell: Callable[[Connection], None]) -> None:
        """Waits until the host works on nothing else. Lanes that wait for each other go one after the other.

        Args:
            tell: Tells other lanes how this one is; while it is `waiting`, it does nothing.
        """
        log.info(
            "%s shard=%d waits until %s does nothing else: what it was lost with runs alone",
            self._job.stage,
            self._job.shard,
            self._job.host,
        )

        def take(connection: Connection) -> bool:
            now = datetime.now(UTC)
            self.waiting = had_company(connection, self._job, now) and time.monotonic() < deadline_s
            if not self.waiting:
                self._alone_since = now
                tell(connection)
            return not self.waiting

        deadline_s = time.monotonic() + _PATIENCE_S
        self.waiting = True
        await asyncio.to_thread(self._database.write, tell)
        # Other processes do not set events.
        while not await asyncio.to_thread(self._database.write, take):  # noqa: ASYNC110
            await asyncio.sleep(random.uniform(0.5, 1.5))  # noqa: S311

    async def judged(self) -> list[Failure]:
        """What becomes of those that were caught: quarantined if it is proven, tried again if not."""
        proven = bool(self._caught) and await asyncio.to_thread(self._was_alone)
        return [self._judge(call, error, proven=proven) for call, error in self._caught]

    def _judge(self, call: PendingCall, error: HostLost, *, proven: bool) -> Failure:
        losses = call.host_kills + 1
        if losses < (_MOST_LOSSES if proven else _MOST_LOSSES_IN_COMPANY):
            return Failure(call.call_id, error.kind, str(error))
        message = (
            f"{losses} times a GPU host was lost while it worked on this recording, now {self._job.host}"
        )
        return Failure(call.call_id, HostKiller.kind, message, state=CallState.QUARANTINED)

    def _was_alone(self) -> bool:
        since = self._alone_since
        if since is None:
            return False
        try:
            return not self._database.read(lambda c: had_company(c, self._job, since))
        except DBAPIError:
            return False
