"""A real receiver on loopback, and an outbox with events for it."""

import asyncio
import base64
import hashlib
import hmac
import json
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from sqlalchemy import update

from include.calls.call import CallState
from include.calls.stage import Stage
from include.database.engine import Database
from include.database.models import OutboxRow
from include.database.outcomes import Ended
from include.delivery.webhooks.receiver import Receiver, ReceiverSettings
from include.delivery.webhooks.sweep import Sweep, Swept
from tests.empty_database import empty_database
from tests.unit.database.seeding import Day, recording
from tests.waiting import Together

KEY = b"24 to 64 random bytes, as it is said"
SECRET = f"whsec_{base64.b64encode(KEY).decode()}"
DELAYS_S = (300.0, 1800.0)

Answer = Callable[[dict[str, Any]], web.StreamResponse]


def verified(headers: Mapping[str, str], body: bytes, key: bytes = KEY) -> bool:
    """Checks a signature by the text of the Standard Webhooks specification, with nothing but hmac."""
    content = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    expected = base64.b64encode(hmac.new(key, content, hashlib.sha256).digest()).decode()
    fresh = abs(time.time() - int(headers["webhook-timestamp"])) < 300
    return fresh and f"v1,{expected}" in headers["webhook-signature"].split(" ")


@dataclass
class FakeReceiver:
    """Takes everything, unless a test says how it answers; counts what is in flight."""

    answer: Answer = field(default=lambda event: web.Response(status=204))
    latency_s: float = 0.0
    together: Together = field(default_factory=Together)
    got: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    in_flight: int = 0
    max_in_flight: int = 0
    elsewhere: int = 0
    url: str = ""

    @property
    def ids(self) -> list[str]:
        return [headers["webhook-id"] for headers, _ in self.got]

    async def handle(self, request: web.Request) -> web.StreamResponse:
        self.in_flight += 1
        self.max_in_flight = max(self.max_in_flight, self.in_flight)
        try:
            body = await request.read()
            self.got.append(({name.lower(): value for name, value in request.headers.items()}, body))
            await self.together()
            await asyncio.sleep(self.latency_s)
            return self.answer(json.loads(body))
        finally:
            self.in_flight -= 1

    async def trap(self, request: web.Request) -> web.StreamResponse:
        self.elsewhere += 1
        return web.Response(status=204)


@pytest.fixture
async def receiver() -> AsyncIterator[FakeReceiver]:
    fake = FakeReceiver()
    app = web.Application()
    app.router.add_post("/hook", fake.handle)
    app.router.add_route("*", "/elsewhere", fake.trap)
    async with TestServer(app, handler_cancellation=True) as server:
        fake.url = str(server.make_url("/hook"))
        yield fake


@pytest.fixture
def day(tmp_path: Path) -> Iterator[Day]:
    database = Database(empty_database(tmp_path / "cofi.db"))
    yield Day(database)
    database.close()


@pytest.fixture
def events(day: Day) -> Callable[[int], list[str]]:
    """Brings so many calls to their end; the ids of their events, oldest first."""

    def end(count: int) -> list[str]:
        calls = [recording(f"{number:04}.wav") for number in range(count)]
        batch = day.planned(*calls)
        ended = [Ended(call.call_id, CallState.SKIPPED, "nobody speaks in it") for call in calls]
        day.save(batch, Stage.LLM1, ended)
        return [row["event_id"] for row in day.rows(OutboxRow)]

    return end


@pytest.fixture
def sweep(day: Day, receiver: FakeReceiver) -> Callable[..., Any]:
    """Runs a sweep against the receiver."""

    async def run(url: str = "", **changes: Any) -> Swept:
        target = settings_of(url or receiver.url, **changes)
        async with Receiver(target) as entered:
            return await Sweep(day.database, entered, DELAYS_S).run()

    return run


def settings_of(url: str, **changes: Any) -> ReceiverSettings:
    allowed: dict[str, Any] = {"allow_http": True, "allow_private": True, "timeout_s": 5.0, "width": 4}
    return ReceiverSettings(url, (SECRET,), **allowed | changes)


@pytest.fixture
def make_due(day: Day) -> Callable[[], None]:
    """Lets the time pass until every waiting event is due and every claim is void."""

    def pass_by() -> None:
        now = OutboxRow.created_at
        with day.database.writing() as connection:
            waiting = update(OutboxRow).where(OutboxRow.next_attempt_at.is_not(None))
            connection.execute(waiting.values(next_attempt_at=now, claimed_until=None))

    return pass_by
