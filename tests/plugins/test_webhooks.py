"""The task that sends events, as Airflow runs it."""

from collections.abc import AsyncIterator

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from airflow.sdk.exceptions import AirflowSkipException

from cofi import webhooks
from include.calls.call import CallState
from include.calls.stage import Stage
from include.database.models import OutboxRow
from include.database.outcomes import Ended
from include.errors import InvalidInput
from tests.unit.database.seeding import Day, recording

CALLS = [recording("a.wav"), recording("b.wav")]


@pytest.fixture
def events(day: Day) -> None:
    """Two."""
    batch = day.planned(*CALLS)
    day.save(batch, Stage.LLM1, [Ended(call.call_id, CallState.SKIPPED, "silent") for call in CALLS])


@pytest.fixture
async def receiver() -> AsyncIterator[TestServer]:
    """Takes everything."""
    app = web.Application()

    async def take(request: web.Request) -> web.Response:
        return web.Response(status=200)

    app.router.add_post("/hook/", take)
    async with TestServer(app) as server:
        yield server


async def test_without_the_connection_nothing_is_sent_and_it_is_said(day: Day, events: None) -> None:
    with pytest.raises(AirflowSkipException, match="no connection cofi_webhook"):
        await webhooks.deliver()
    assert [row["attempts"] for row in day.rows(OutboxRow)] == [0, 0]


async def test_events_go_to_the_connections_url(
    day: Day, events: None, receiver: TestServer, connection, setting
) -> None:
    connection(
        "cofi_webhook", conn_type="http", host=str(receiver.make_url("/hook/")), password="whsec_c2VjcmV0"
    )
    with pytest.raises(InvalidInput, match="webhook_allow_http"):
        await webhooks.deliver()
    setting("webhook_allow_http", True)
    with pytest.raises(InvalidInput, match="webhook_allow_private"):
        await webhooks.deliver()
    assert [row["attempts"] for row in day.rows(OutboxRow)] == [0, 0]

    setting("webhook_allow_private", True)
    assert await webhooks.deliver() == {"delivered": 2, "failed": 0, "dead": 0, "waiting": 0}


async def test_old_events_are_deleted_with_or_without_a_receiver(day: Day, events: None, setting) -> None:
    setting("webhook_keep_days", 0)
    with pytest.raises(AirflowSkipException):
        await webhooks.deliver()
    assert day.rows(OutboxRow) == []
