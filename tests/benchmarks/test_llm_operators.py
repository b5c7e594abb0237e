"""LLM work through the real operators under Airflow: how near it comes to the ideal. Needs an idle machine.

4,000 calls of 2 s each, planned as a run plans LLM work, 100 in flight: 80 s are the ideal. What is measured
begins when the first task is queued and ends with the last, so starting tasks is included.
COFI_BENCHMARK_LLM_S and COFI_BENCHMARK_SLOTS try other things.
"""

import json
import os
from collections.abc import Iterator
from configparser import RawConfigParser
from datetime import UTC, datetime
from typing import Any

import pytest

from include.calls.discovery_rules import Redo
from include.calls.stage import STAGES, Stage
from include.database import batches, planning
from include.database.engine import Database
from include.database.models import TranscriptRow
from include.distribution.planner import Places, plan_llm_shards
from include.emulation.results import result_of
from include.emulation.stack import EmulatedStack
from tests.faults.conftest import ROOT, started, until
from tests.unit.database.seeding import Day, recording, success

pytestmark = [pytest.mark.airflow, pytest.mark.timeout(1200)]

CALLS = 4_000
LLM_S = float(os.environ.get("COFI_BENCHMARK_LLM_S", "2"))
HOSTS = ("gpu_a", "gpu_b", "gpu_c", "gpu_d", "gpu_e")
WIDTH = 100
CONFIGURATION = RawConfigParser()
CONFIGURATION.read(ROOT / "airflow.cfg")
SLOTS = int(os.environ.get("COFI_BENCHMARK_SLOTS", CONFIGURATION["cofi"]["llm_requests_per_task"]))
DAG_ID, RUN_ID = "llm_only", "benchmark"


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmulatedStack]:
    """Airflow, one emulated host that has nothing to do, and an emulated LLM."""
    settings = {
        "AIRFLOW__CORE__PARALLELISM": "64",
        "AIRFLOW__COFI__LLM_REQUESTS_PER_TASK": str(SLOTS),
    }
    dag = ROOT / "tests" / "benchmarks" / "llm_dag.py"
    home = tmp_path_factory.mktemp("home")
    with started(home, settings, HOSTS[:1], [dag], llm=[f"--llm1-seconds={LLM_S}"]) as cofi:
        until(lambda: cofi.stack.airflow.has_dag(DAG_ID), "the DAG is read", 60)
        cofi.stack.airflow.unpause(DAG_ID)
        yield cofi.stack


def test_the_operators_keep_the_slots_busy(stack: EmulatedStack) -> None:
    shards = planned(Database(stack.database_url))
    file = stack.var / "shards.json"
    file.write_text(json.dumps(shards))
    run_id = stack.airflow.trigger(DAG_ID, {"location": str(file)}, RUN_ID)
    until(lambda: stack.airflow.run_state(DAG_ID, run_id) in {"success", "failed"}, "the run ends", 900)
    counted = stack.stats("llm")
    tasks = [ti for ti in stack.airflow.task_instances(DAG_ID, run_id) if ti["task_id"].endswith("llm1")]
    took_s = (
        max(moment(ti, "end_date") for ti in tasks) - min(moment(ti, "queued_when") for ti in tasks)
    ).total_seconds()
    share = CALLS * LLM_S / WIDTH / took_s
    starting_s = sorted(
        (moment(ti, "start_date") - moment(ti, "queued_when")).total_seconds() for ti in tasks
    )
    print(
        f"\n{len(tasks)} tasks, {took_s:.1f} s: {share:.3f} of the ideal, at most {counted['max_in_flight']} "
        f"in flight; queued for {starting_s[len(starting_s) // 2]:.1f} s at the median"
    )
    assert sum(counted["served"].values()) == CALLS
    assert counted["max_in_flight"] <= WIDTH
    assert share >= 0.9


def moment(ti: dict[str, Any], name: str) -> datetime:
    return datetime.fromisoformat(ti[name])


def planned(database: Database) -> list[int]:
    """Transcribed calls, in shards."""
    day = Day(database)
    calls = [recording(f"{n:05}.wav", duration_s=240.0) for n in range(CALLS)]
    batch = day.discover(*calls, batch_id=f"{DAG_ID}:{RUN_ID}")
    with database.writing() as connection:
        loads = planning.loads_to_plan(connection, batch, Redo.SKIP, Stage.DISTRIBUTE)
        shards = plan_llm_shards(loads, Places(HOSTS, 14), at_once=WIDTH // SLOTS, least_calls=5 * SLOTS)
        batches.record_plan(connection, batch, shards)
    for stage in STAGES[:5]:
        day.save(
            batch,
            stage,
            [success(c, rows=transcript(c.call_id) if stage is Stage.STT else ()) for c in calls],
        )
    return [shard.number for shard in shards]


def transcript(call_id: str) -> list[tuple[Any, dict[str, Any]]]:
    turns = result_of(call_id, Stage.STT, 1.0, 60.0).turns  # type: ignore[union-attr]
    content = {
        "call_id": call_id,
        "language": "en",
        "turns": [turn.model_dump(mode="json") for turn in turns],
    }
    now = datetime.now(UTC)
    return [
        (
            TranscriptRow,
            {
                "call_id": call_id,
                "sha256": call_id,
                "language": "en",
                "transcript": content,
                "created_at": now,
            },
        )
    ]
