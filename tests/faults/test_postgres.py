"""PostgreSQL is restarted while a lane works: nothing is lost and nothing done twice."""

import asyncio
import os
import pwd
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from include.calls.stage import Stage
from include.database.engine import Database
from include.database.migrations import upgrade
from include.database.models import FailureRow, StageResultRow
from include.database.outcomes import Success
from include.database.work import PendingCall, StageJob
from include.distribution.lane import Lane
from tests.unit.database.seeding import HOST, Day, recording, success

CALLS = [recording(f"{n:03}.wav") for n in range(300)]


@dataclass(frozen=True)
class Server:
    """A PostgreSQL of our own on a free port of loopback."""

    programs: Path
    folder: Path
    port: int

    @property
    def url(self) -> str:
        return f"postgresql+psycopg://cofi@127.0.0.1:{self.port}/postgres"

    def run(self, program: str, *arguments: str) -> None:
        """As a user that is not root: PostgreSQL refuses to run as root."""
        user = ["runuser", "-u", "postgres", "--"] if os.getuid() == 0 else []
        command = [*user, str(self.programs / program), "-D", str(self.folder / "data"), *arguments]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, cwd=self.folder, timeout=120)

    def control(self, action: str) -> None:
        options = f"-p {self.port} -h 127.0.0.1 -k {self.folder}"
        self.run("pg_ctl", "-w", "-m", "immediate", "-l", str(self.folder / "log"), "-o", options, action)


@pytest.fixture
def server() -> Iterator[Server]:
    installed = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    if not installed:
        pytest.skip("needs PostgreSQL's programs")
    with tempfile.TemporaryDirectory() as folder, socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
        free.close()
        if os.getuid() == 0:
            os.chown(folder, pwd.getpwnam("postgres").pw_uid, -1)
        made = Server(installed[-1], Path(folder), port)
        made.run("initdb", "-A", "trust", "-U", "cofi")
        made.control("start")
        try:
            yield made
        finally:
            made.control("stop")


@pytest.mark.gate
async def test_a_lane_outlives_a_restart_of_its_database(server: Server) -> None:
    upgrade(server.url)
    day = Day(Database(server.url))
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
