"""A sweep: sends every event whose time has come, and says in the outbox what became of each.

At least once: an event is marked when the receiver has taken it, so one that was sent and not marked (the
process died between) goes out again when its claim is void. Never twice at the same moment: nothing is sent
whose claim could run out meanwhile.
"""

import asyncio
import logging
import random
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from sqlalchemy import Connection

from include.concurrency import for_each
from include.database import deliveries
from include.database.deliveries import Event, FailedAttempt
from include.database.engine import Database
from include.delivery.webhooks.receiver import Receiver
from include.errors import CofiError, DeadLetters, EventRefused, ReceiverGone, ReceiverLost

log = logging.getLogger(__name__)

Value = TypeVar("Value")

_PAGE = 100
# Clocks of two machines differ by less than this.
_CLOCKS_S = 60.0
# Failures in a row, without a success between them, by which a receiver counts as lost until the next sweep.
_MOST_IN_A_ROW = 10
# Then a sweep takes no more events; the next one reads the connection anew.
_LONGEST_S = 1800.0
# Retries are spread by up to this share, so that they do not come back together.
_SPREAD = 0.1
_NAMED = 5


@dataclass
class Swept:
    """What a sweep did; `failed` events are tried again, and `waiting` counts all that are left for later."""

    delivered: int = 0
    failed: int = 0
    dead: int = 0
    waiting: int = 0


class Sweep:
    """One pass over the outbox.

    Args:
        database: Holds the outbox.
        receiver: Entered already.
        retry_delays_s: From each failed attempt of an event to the next; then it is a dead letter.
    """

    def __init__(self, database: Database, receiver: Receiver, retry_delays_s: Sequence[float]) -> None:
        self._database = database
        self._receiver = receiver
        self._retry_delays_s = retry_delays_s
        self._swept = Swept()
        self._in_a_row = 0
        self._stopped_by: CofiError | None = None
        self._unsent: list[Event] = []
        self._dead: list[str] = []
        self._kinds: Counter[str] = Counter()

    async def run(self) -> Swept:
        """Sends what is due.

        Raises:
            ReceiverGone: It has said that it wants no more, now or in an earlier sweep.
            ReceiverLost: It took nothing so often in a row that the rest is left to the next sweep.
            DeadLetters: Some events failed for the last time; the others are done.
        """
        await self._refuse_if_gone()
        width = self._receiver.settings.width
        await for_each(self._due(), self._one, width)
        await self._write(lambda c, _: deliveries.release(c, self._unsent))
        self._swept.waiting = await self._write(lambda c, _: deliveries.count_waiting(c))
        log.info("%s %s %s", self._receiver.name, self._swept, dict(self._kinds))
        if self._stopped_by:
            raise self._stopped_by
        if self._dead:
            raise DeadLetters(
                f"{len(self._dead)} events failed for the last time: {', '.join(self._dead[:_NAMED])}… See "
                "`cofi webhooks dead`, and replay them when the receiver is mended."
            )
        return self._swept

    async def _refuse_if_gone(self) -> None:
        name = self._receiver.name
        event_id = await asyncio.to_thread(self._database.read, lambda c: deliveries.gone_event(c, name))
        if event_id:
            raise ReceiverGone(
                f"{name} answered event {event_id} with 410: it wants no more. Give the connection "
                "cofi_webhook another URL, or delete it; when it wants events again, replay that one."
            )

    async def _due(self) -> AsyncIterator[Event]:
        """Claims page after page; what may not be sent any more is given back at the end."""
        settings, ends_s = self._receiver.settings, time.monotonic() + _LONGEST_S
        # The last of a page waits until all before it are done, at worst one time-out after the other.
        lease = timedelta(seconds=(_PAGE / settings.width + 2) * settings.timeout_s + _CLOCKS_S)
        last_start = timedelta(seconds=settings.timeout_s + _CLOCKS_S)
        while self._stopped_by is None and time.monotonic() < ends_s:
            page = await self._write(lambda c, now: deliveries.claim_due(c, now, now + lease, _PAGE))
            if not page:
                return
            for event in page:
                if self._stopped_by or datetime.now(UTC) + last_start > event.claimed_until:
                    self._unsent.append(event)
                else:
                    yield event

    async def _one(self, event: Event) -> None:
        name = self._receiver.name
        try:
            status = await self._receiver.send(event.event_id, event.payload)
        except EventRefused as error:
            self._count(error)
            await self._failed(event, error.status, error, self._wait_s(event, error))
        except ReceiverGone as error:
            self._stopped_by = ReceiverGone(f"{name} wants no more events: {error}")
            await self._failed(event, deliveries.GONE_STATUS, error, None)
        else:
            self._in_a_row = 0
            self._swept.delivered += 1
            await self._write(lambda c, now: deliveries.mark_delivered(c, event, name, status, now))

    def _count(self, error: EventRefused) -> None:
        self._kinds[str(error.status or "no answer")] += 1
        self._in_a_row += 1
        if self._in_a_row >= _MOST_IN_A_ROW and self._stopped_by is None:
            self._stopped_by = ReceiverLost(
                f"{self._receiver.name} failed {self._in_a_row} times in a row, the last time {error}. "
                "Events wait for the next sweep."
            )

    def _wait_s(self, event: Event, error: EventRefused) -> float | None:
        """Until the event's next attempt; None when this was the last."""
        if event.attempts >= len(self._retry_delays_s):
            return None
        spread = 1 + random.uniform(0, _SPREAD)  # noqa: S311 - no secret
        return max(self._retry_delays_s[event.attempts] * spread, error.retry_after_s or 0.0)

    async def _failed(self, event: Event, status: int | None, error: CofiError, wait_s: float | None) -> None:
        if wait_s is None:
            log.warning("event_id=%s type=%s is a dead letter: %s", event.event_id, event.event_type, error)
            self._dead.append(event.event_id)
            self._swept.dead += 1
        else:
            self._swept.failed += 1
        again_at = None if wait_s is None else datetime.now(UTC) + timedelta(seconds=wait_s)
        attempt = FailedAttempt(self._receiver.name, status, str(error), again_at)
        await self._write(lambda c, now: deliveries.mark_failed(c, event, attempt, now))

    async def _write(self, work: Callable[[Connection, datetime], Value]) -> Value:
        return await asyncio.to_thread(self._database.write, lambda c: work(c, datetime.now(UTC)))
