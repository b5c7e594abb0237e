"""PostgreSQL is restarted while a lane works: nothing is lost and nothing done twice."""

import asyncio
from collections.abc import Iterator

import pytest

from include.calls.stage import Stage
from include.database.engine import Database
from include.database.migrations import upgrade
from include.database.models import FailureRow, StageResultRow
from include.database.outcomes import Success
from include.database.work import PendingCall, StageJob
from include.distribution.lane import Lane
from tests.postgres import Postgres, programs, running
from tests.unit.database.seeding import HOST, Day, recording, success

CALLS = [recording(f"{n:03}.wav") for n in range(300)]


@pytest.fixture
def server() -> Iterator[Postgres]:
    installed = programs()
    if installed is None:
        pytest.skip("needs PostgreSQL's programs")
    with running(installed) as made:
        yield made


@pytest.mark.gate
async def test_a_lane_outlives_a_restart_of_its_database(server: Postgres) -> None:
    upgrade(server.url())
    day = Day(Database(server.url()))
    batch = day.planned(*CALLS)
    begun: list[str] = []
    restarted = asyncio.Event()

    async def handle(call: PendingCall) -> Success:
        begun.append(call.call_id)
        is_third = len(begun) == len(CALLS) // 3
        await asyncio.sleep(0.02)
        if is_third:
            await asyncio.to_thread(server.control, "restart")
            restarted.set()
        return success(call.call_id)

    lane = Lane(day.database, StageJob(batch.batch_id, 0, HOST, Stage.DISTRIBUTE))
    await lane.begin()
    counts = await lane.run(handle, 4)

    assert restarted.is_set()
    assert counts.done == len(CALLS)
    assert len(begun) == len(set(begun)) == len(CALLS)
    assert len(day.rows(StageResultRow)) == len(CALLS)
    assert day.rows(FailureRow) == []
    day.database.close()
