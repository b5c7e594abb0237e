"""What `cofi status` says of the processes."""

import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from include.command_line.main import main
from include.demo.processes import Processes
from include.demo.standing import standing

pytestmark = pytest.mark.process

ROOT = Path(__file__).parents[3]
SLEEPER = [sys.executable, "-c", "import time; time.sleep(60)"]
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(ROOT)}


@pytest.fixture
def processes(tmp_path: Path) -> Iterator[Processes]:
    """A host, and a scheduler that is kept."""
    processes = Processes(tmp_path)
    processes.start("gpu_a", SLEEPER, ENVIRONMENT, tmp_path)
    processes.keep("scheduler", SLEEPER, ENVIRONMENT, tmp_path)
    until(lambda: processes.kept("scheduler"))
    yield processes
    processes.end()


def until(condition: Callable[[], object]) -> None:
    deadline_s = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline_s
        time.sleep(0.05)


def kill_scheduler(processes: Processes, restarts: int) -> None:
    state = processes.kept("scheduler")
    assert state
    os.kill(state.pid, signal.SIGKILL)
    until(lambda: (now := processes.kept("scheduler")) and now.pid and now.restarts == restarts)


def test_all_is_well(processes: Processes) -> None:
    assert standing(processes) == "Stack: 2 of 2 processes run."


def test_nothing_is_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys) -> None:
    (tmp_path / "dags").mkdir()
    (tmp_path / "dags" / "audit_calls.py").touch()
    monkeypatch.setenv("AIRFLOW_HOME", str(tmp_path))
    assert main(["status"]) == 0
    assert capsys.readouterr().out == "The stack is not up: `cofi up` starts it.\n\nNo run is open.\n"


def test_a_component_that_was_started_again_is_told_with_how_often_and_since_when(
    processes: Processes, tmp_path: Path
) -> None:
    kill_scheduler(processes, restarts=1)
    first, told = standing(processes).splitlines()
    assert first == "Stack: 2 of 2 processes run."
    state = processes.kept("scheduler")
    assert state
    since = state.since.removesuffix("+00:00").replace("T", " ")
    assert told.startswith(
        f"scheduler was started again once, and runs since {since} UTC. Before, it was killed"
    )
    assert told.endswith(f" s: see {tmp_path / 'scheduler.log'}")
    kill_scheduler(processes, restarts=2)
    assert "scheduler was started again 2 times, and runs since" in standing(processes)


def test_one_that_waits_and_one_that_ends_at_every_start_do_not_run(
    processes: Processes, tmp_path: Path
) -> None:
    processes.keep("triggerer", [str(tmp_path / "none")], ENVIRONMENT, tmp_path)
    until(lambda: (now := processes.kept("triggerer")) and now.short_runs == 1)
    told = standing(processes)
    assert told.startswith("Stack: 2 of 3 processes run.\ntriggerer ended with status 127 at ")
    assert "it is started again soon" in told
    until(lambda: (now := processes.kept("triggerer")) and now.short_runs == 3)
    assert "triggerer ends whenever it is started, 3 times in a row by now: see" in standing(processes)


def test_one_that_has_ended_and_is_not_kept_is_told(processes: Processes, tmp_path: Path) -> None:
    os.kill(processes.latest["gpu_a"].pid, signal.SIGKILL)
    until(lambda: not processes.latest["gpu_a"].alive)
    assert standing(processes).splitlines() == [
        "Stack: 1 of 2 processes run.",
        f"gpu_a has ended: `cofi down` and `cofi up` start everything again; see {tmp_path / 'gpu_a.log'}",
    ]


def test_a_server_without_its_keeper_is_told(processes: Processes) -> None:
    os.kill(processes.latest["scheduler"].pid, signal.SIGKILL)
    until(lambda: not processes.latest["scheduler"].alive)
    assert "scheduler is kept up no more, but runs: `cofi down` and `cofi up`" in standing(processes)
