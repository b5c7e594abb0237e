"""How far a batch is, at any time, by stage and host."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from include.calls.call import CallState
from include.calls.stage import STAGES, Stage
from include.command_line.main import main
from include.database import batches
from include.database.lanes import tell
from include.database.outcomes import Failure
from include.database.progress import StageProgress, stage_progress
from include.database.work import StageJob
from include.delivery.status import open_runs, status_text
from include.distribution.planner import Shard
from tests.unit.database.seeding import HOST, Day, recording

CALLS = [recording(f"{n}.wav") for n in range(5)]


def progress(day: Day) -> dict[tuple[str, str], StageProgress]:
    with day.database.reading() as connection:
        return {(of.stage.value, of.host): of for of in stage_progress(connection, "run-1")}


def test_each_stage_of_each_host_says_how_far_it_is(day: Day) -> None:
    batch = day.planned(*CALLS)
    with day.database.writing() as connection:
        first = tuple(call.call_id for call in CALLS[:4])
        shards = [Shard(0, HOST, first, 1), Shard(1, "gpu_b", (CALLS[4].call_id,), 1)]
        batches.record_plan(connection, batch, shards)
        tell(connection, StageJob("run-1", 0, HOST, Stage.IVR), 2, 2)
    day.audit(batch, *CALLS[:4], stages=[Stage.DISTRIBUTE])
    day.audit(batch, *CALLS[:2], stages=[Stage.DENOISE])
    day.save(batch, Stage.DENOISE, [Failure(CALLS[2].call_id, "bug", "x", state=CallState.FAILED)])
    day.audit(batch, CALLS[0], stages=STAGES[2:])

    of = progress(day)

    assert len(of) == len(STAGES) * 2
    denoise = of["denoise", HOST]
    assert (denoise.left, denoise.done, denoise.failed, denoise.in_flight) == (1, 2, 1, 0)
    ivr = of["ivr", HOST]
    assert (ivr.left, ivr.done, ivr.failed, ivr.in_flight) == (2, 1, 0, 2)
    assert (of["llm2", HOST].left, of["llm2", HOST].done) == (2, 1)
    assert (of["distribute", HOST].left, of["distribute", "gpu_b"].left) == (0, 1)
    assert denoise.per_minute > 0
    assert denoise.ends_at
    assert denoise.ends_at > datetime.now(UTC) - timedelta(seconds=5)
    assert of["denoise", "gpu_b"].ends_at is None  # nothing moves there


def test_calls_whose_gpu_work_was_done_before_need_none(day: Day) -> None:
    day.audit(day.planned(CALLS[0]), CALLS[0], stages=STAGES[:5])
    again = day.discover(CALLS[0], batch_id="run-1")
    day.plan(again)
    of = progress(day)
    assert {stage: of[stage, HOST].left for stage in STAGES} == {
        **dict.fromkeys(STAGES[:5], 0),
        "llm1": 1,
        "llm2": 1,
    }


def test_a_lane_that_has_ended_has_nothing_in_flight(day: Day) -> None:
    day.planned(*CALLS)
    with day.database.writing() as connection:
        tell(connection, StageJob("run-1", 0, HOST, Stage.IVR), 2, 2, ended=True)
    assert progress(day)["ivr", HOST].in_flight == 0


def test_the_table_names_run_stage_and_host(day: Day) -> None:
    batch = day.planned(*CALLS)
    day.audit(batch, CALLS[0])
    day.save(batch, Stage.DENOISE, [Failure(None, "host_lost", "gone")])
    with day.database.reading() as connection:
        table = status_text(connection, ["run-1"])
        assert status_text(connection, []) == "No run is open."
        assert status_text(connection, ["run-9"]).startswith("There is no run run-9")
    lines = table.splitlines()
    assert lines[:3] == [
        "run-1: audit of 2026-11-16",
        "1 audited + 0 failed + 0 duplicate + 0 skipped + 0 quarantined + 4 pending = 5 discovered",
        f"{HOST} is in trouble (host_lost): its calls go to others",
    ]
    assert len(lines) == 4 + len(STAGES)
    assert lines[4].split()[:4] == ["distribute", HOST, "4", "1"]


def test_a_run_is_open_until_it_has_counted_its_calls_and_when_it_is_planned_anew(day: Day) -> None:
    batch = day.planned(*CALLS)
    assert day.database.read(open_runs) == ["run-1"]
    day.database.write(lambda connection: batches.close(connection, batch))  # though its ledger is open
    assert day.database.read(open_runs) == []
    day.audit(batch, *CALLS)
    day.database.write(lambda connection: batches.close(connection, batch))
    assert day.database.read(open_runs) == []
    day.database.write(lambda connection: batches.record_plan(connection, batch, []))
    assert day.database.read(open_runs) == ["run-1"]


def test_a_database_that_is_not_there_is_no_traceback(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["status", "--db", f"sqlite:///{tmp_path}/nowhere/cofi.db"]) == 1
    assert f"There is no database {tmp_path}/nowhere/cofi.db yet" in capsys.readouterr().err
    (tmp_path / "cofi.db").write_text("no database at all, but a file of some length")
    assert main(["status", "--db", f"sqlite:///{tmp_path}/cofi.db"]) == 1
    assert "cannot be read (file is not a database): it is no database, or" in capsys.readouterr().err
