"""The memory of a stage's task does not grow with its calls: 100 or 100,000 make no difference.

Each size runs in a process of its own: freed memory is not always given back.
"""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ALLOWED_MB = 50

# A lane over calls whose handling costs nothing, with results as large as a stage's.
_LANE = r"""
import asyncio, json, re, sys, time
from datetime import UTC, date, datetime
from pathlib import Path
from include.calls.call import Call, call_id_for
from include.calls.discovery_rules import Redo
from include.calls.stage import Stage
from include.database import batches, calls, planning
from include.database.batches import Batch
from include.database.engine import Database
from include.database.migrations import upgrade
from include.database.outcomes import Success
from include.database.work import StageJob
from include.distribution.lane import Lane
from include.distribution.planner import Shard

url, number = f"sqlite:///{sys.argv[1]}", int(sys.argv[2])
DAY = date(2026, 11, 16)


def seed():
    upgrade(url)
    database, batch = Database(url), Batch("run-1", DAY, "file:///calls", {})
    with database.writing() as connection:
        batches.open_batch(connection, batch)
    for start in range(0, number, 10_000):
        paths = [f"{n:06}.wav" for n in range(start, min(start + 10_000, number))]
        found = [Call(call_id_for(DAY, p), DAY, p, f"file:///{p}", 48_044, duration_s=60.0) for p in paths]
        with database.writing() as connection:
            calls.record_discovery(connection, "run-1", found, {})
    with database.writing() as connection:
        loads = planning.loads_to_plan(connection, batch, Redo.SKIP, Stage.DISTRIBUTE)
        batches.record_plan(connection, batch, [Shard(0, "gpu_a", tuple(l.call_id for l in loads), 1.0)])


async def handle(call):
    await asyncio.sleep(0)
    result = {"probabilities": {str(n): 0.01 for n in range(100)}}
    return Success(call.call_id, "gpu_a", "engine 1", 1.0, result)


def work():
    lane = Lane(Database(url), StageJob("run-1", 0, "gpu_a", Stage.DISTRIBUTE))

    async def run():
        await lane.begin()
        return await lane.run(handle, 8)

    began = time.monotonic()
    done = asyncio.run(run()).done
    # Not ru_maxrss: that begins at the size of the process that started this one.
    peak_mb = int(re.findall(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())[0]) / 1024
    print(json.dumps({"done": done, "peak_mb": peak_mb, "calls_per_s": done / (time.monotonic() - began)}))


seed() if sys.argv[3] == "seed" else work()
"""


@pytest.mark.timeout(900)
def test_memory_is_flat_from_a_hundred_to_a_hundred_thousand_calls(tmp_path: Path) -> None:
    few, many = (measured(tmp_path / f"{calls}.db", calls) for calls in (100, 100_000))
    peaks = f"100 calls: {few['peak_mb']:.0f} MB; 100,000: {many['peak_mb']:.0f} MB"
    print(f"\n{peaks}, {many['calls_per_s']:.0f} calls/s")
    assert (few["done"], many["done"]) == (100, 100_000)
    assert many["peak_mb"] - few["peak_mb"] < ALLOWED_MB


def measured(database: Path, calls: int) -> dict[str, float]:
    for step in ("seed", "work"):
        done = subprocess.run(
            [sys.executable, "-c", _LANE, str(database), str(calls), step],
            cwd=ROOT,
            env={"PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr[-3000:]
    return dict(json.loads(done.stdout.splitlines()[-1]))
