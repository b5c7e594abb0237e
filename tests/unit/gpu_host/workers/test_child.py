"""Real processes: what they answer, and how they die."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from include.errors import HostFault, InvalidInput, RecordingUnusable
from include.gpu_host.workers.child import WorkerCrashed, WorkerProcess
from tests.unit.gpu_host.workers import handlers

pytestmark = pytest.mark.process


@pytest.fixture
async def start() -> AsyncIterator[Callable[..., WorkerProcess]]:
    started: list[WorkerProcess] = []

    def one(make: Callable[[], Any] = handlers.Handler, threads: int = 2) -> WorkerProcess:
        started.append(WorkerProcess("test", make, threads))
        return started[-1]

    yield one
    for worker in started:
        worker.kill()
        await asyncio.wait_for(worker.ended(), 10)


async def test_it_answers_several_jobs_at_once_and_says_who_it_is(
    start: Callable[..., WorkerProcess],
) -> None:
    worker = start()
    assert await worker.started() == {"pid": worker.pid} and worker.pid != os.getpid()
    assert await worker.run(("echo", {"deep": [1, 2]})) == {"deep": [1, 2]}
    assert sorted(await asyncio.gather(*(worker.run(("meet", None)) for _ in range(2)))) == [0, 1]


async def test_errors_travel_and_bugs_keep_their_words_to_themselves(
    start: Callable[..., WorkerProcess],
) -> None:
    worker = start()
    with pytest.raises(RecordingUnusable, match="All noise"):
        await worker.run(("unusable", "All noise."))
    with pytest.raises(MemoryError):
        await worker.run(("memory", None))
    with pytest.raises(HostFault, match="RuntimeError in a worker") as fault:
        await worker.run(("bug", "private words"))
    assert "private" not in str(fault.value)
    assert await worker.run(("echo", 1)) == 1


async def test_a_crash_fails_what_was_in_flight_and_says_how(start: Callable[..., WorkerProcess]) -> None:
    worker = start()
    await worker.started()
    running = [asyncio.create_task(worker.run(job)) for job in (("sleep", 30), ("crash", None))]
    for task in running:
        with pytest.raises(WorkerCrashed, match="SIGSEGV"):
            await task
    assert await worker.ended() == "killed by SIGSEGV"
    with pytest.raises(WorkerCrashed):
        await worker.run(("echo", 1))


async def test_what_cannot_be_loaded_says_why(start: Callable[..., WorkerProcess]) -> None:
    with pytest.raises(InvalidInput, match="no weights"):
        await start(handlers.cannot_load).started()
    with pytest.raises(WorkerCrashed, match="code 3"):
        await start(handlers.exits).started()


PARENT = """
import asyncio
from include.gpu_host.workers.child import WorkerProcess
from tests.unit.gpu_host.workers import handlers

async def main():
    worker = WorkerProcess("orphan", handlers.Handler, 1)
    await worker.started()
    asyncio.create_task(worker.run(("sleep", 60)))
    print(worker.pid, flush=True)
    await asyncio.sleep(60)

if __name__ == "__main__":
    asyncio.run(main())
"""


def test_it_does_not_outlive_a_server_that_is_killed(tmp_path: Path) -> None:
    script = tmp_path / "parent.py"
    script.write_text(PARENT)
    parent = subprocess.Popen(
        [sys.executable, script],
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[4])},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert parent.stdout
    worker_pid = int(parent.stdout.readline())
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    deadline_s = time.monotonic() + 60
    while Path(f"/proc/{worker_pid}").exists():
        assert time.monotonic() < deadline_s, "the worker lives on"
        time.sleep(0.05)
