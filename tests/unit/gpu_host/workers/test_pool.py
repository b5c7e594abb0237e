"""Admission, and crashes that spread to nobody; with real worker processes."""

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from include.gpu_host.server.problems import Refusal
from include.gpu_host.workers.child import WorkerProcess
from include.gpu_host.workers.pool import Do, WorkerPool
from tests.unit.gpu_host.workers import handlers

pytestmark = pytest.mark.process

OpenPool = Callable[..., Any]


@pytest.fixture
async def open_pool() -> AsyncIterator[OpenPool]:
    opened: list[WorkerPool[Any]] = []

    async def pool(devices: int = 1, places: int = 2, timeout_s: float = 30) -> WorkerPool[Any]:
        names = [f"test:{n}" for n in range(devices)]
        opened.append(
            WorkerPool(
                names,
                lambda name: WorkerProcess(name, handlers.Handler, places),
                places=places,
                timeout_s=timeout_s,
            )
        )
        await opened[-1].open()
        return opened[-1]

    yield pool
    for pool_ in opened:
        pool_.close()


def job(*job: Any) -> Callable[[Do], Any]:
    return lambda do: do(job)


async def refused(running: Any) -> Refusal:
    with pytest.raises(Refusal) as refusal:
        await running
    return refusal.value


async def test_what_is_beyond_the_places_waits_and_what_is_beyond_the_seats_is_refused(
    open_pool: OpenPool, tmp_path: Path
) -> None:
    pool = await open_pool(devices=2, places=1)
    assert pool.capacity == 2
    end = tmp_path / "end"
    running = [asyncio.create_task(pool.run(key, job("until there is", str(end)))) for key in "ab"]
    await asyncio.sleep(0.05)
    joined = asyncio.create_task(pool.run("a", job("echo", "not the same work")))
    waiting = [asyncio.create_task(pool.run(key, job("echo", key))) for key in "cd"]
    await asyncio.sleep(0.3)
    assert (await refused(pool.run("e", job("echo", 1)))).problem.status == 429
    assert (pool.in_flight, pool.waiting) == (2, 2)
    end.touch()
    assert await asyncio.gather(*running, joined, *waiting) == ["done"] * 3 + ["c", "d"]
    assert (pool.in_flight, pool.waiting) == (0, 0)
    assert await pool.run("e", job("echo", 1)) == 1
    assert pool.busy_s >= 0.3


async def test_two_that_wait_for_the_same_work_have_it_done_once(open_pool: OpenPool, tmp_path: Path) -> None:
    pool = await open_pool(places=2)
    running = [asyncio.create_task(pool.run(key, job("sleep", s))) for key, s in [("a", 0.2), ("b", 0.6)]]
    await asyncio.sleep(0.05)
    same = [asyncio.create_task(pool.run("c", job("append", str(tmp_path / "done")))) for _ in range(2)]
    assert await asyncio.gather(*running, *same) == ["done"] * 4
    assert (tmp_path / "done").read_text() == "x"
    more = [pool.run(key, job("echo", key)) for key in "defg"]
    assert await asyncio.gather(*more) == [*"defg"], "no place was lost"


async def test_who_waits_when_the_host_stops_is_handed_back_at_once(
    open_pool: OpenPool, tmp_path: Path
) -> None:
    pool = await open_pool(places=1)
    end = tmp_path / "end"
    running = asyncio.create_task(pool.run("a", job("until there is", str(end))))
    await asyncio.sleep(0.05)
    waiting = asyncio.create_task(pool.run("b", job("echo", 1)))
    await asyncio.sleep(0.05)
    draining = asyncio.create_task(pool.drain(60))
    assert (await refused(waiting)).problem.status == 503
    assert not running.done()
    end.touch()
    await draining
    assert await running == "done"


async def test_a_crash_ends_only_the_job_that_crashes_by_itself(open_pool: OpenPool) -> None:
    pool = await open_pool(places=3)
    innocent = asyncio.create_task(pool.run("innocent", job("sleep", 0.5)))
    await asyncio.sleep(0.1)
    guilty = asyncio.create_task(pool.run("guilty", job("crash", None)))
    while not pool.suspects:
        await asyncio.sleep(0.01)
    assert (await refused(pool.run("new", job("echo", 1)))).problem.status == 503
    assert await innocent == "done"
    refusal = await refused(guilty)
    assert (refusal.problem.status, refusal.problem.retryable) == (422, False)
    assert "SIGSEGV" in refusal.problem.detail
    while not pool.ready:
        await asyncio.sleep(0.01)
    assert await pool.run("new", job("echo", 1)) == 1
    assert pool.restarts == 2 and pool.suspects == 0


async def test_a_job_that_was_unlucky_once_succeeds(open_pool: OpenPool, tmp_path: Path) -> None:
    pool = await open_pool()
    assert await pool.run("a", job("crash once", str(tmp_path / "crashed"))) == "done"
    assert pool.restarts == 1


async def test_a_worker_that_dies_idle_is_replaced(open_pool: OpenPool) -> None:
    pool = await open_pool()
    pool._devices[0]._worker.kill()
    while pool.restarts == 0 or not pool.ready:
        await asyncio.sleep(0.01)
    assert await pool.run("a", job("echo", 1)) == 1


async def test_a_job_that_does_not_end_is_given_up_and_disturbs_nobody(open_pool: OpenPool) -> None:
    pool = await open_pool(timeout_s=1.0)
    endless = asyncio.create_task(pool.run("endless", job("sleep", 60)))
    await asyncio.sleep(0.5)
    other = asyncio.create_task(pool.run("other", job("sleep", 0.7)))
    refusal = await refused(endless)
    assert refusal.problem.status == 422 and "within 1 s" in refusal.problem.detail
    assert await other == "done"


async def test_draining_waits_then_hands_back(open_pool: OpenPool) -> None:
    pool = await open_pool()
    quick = asyncio.create_task(pool.run("quick", job("sleep", 0.2)))
    slow = asyncio.create_task(pool.run("slow", job("sleep", 30)))
    await asyncio.sleep(0.05)
    draining = asyncio.create_task(pool.drain(1.0))
    await asyncio.sleep(0)
    assert (await refused(pool.run("late", job("echo", 1)))).problem.status == 503
    await draining
    assert await quick == "done"
    handed_back = (await refused(slow)).problem
    assert (handed_back.status, handed_back.retryable) == (503, True)
