"""A kept server is started again whenever it ends, with nothing of the old one beside it."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path

import psutil
import pytest

from include.demo import keeping
from include.demo.keeping import Kept, kept, wait_s
from include.demo.processes import Processes, Started

pytestmark = pytest.mark.process

ROOT = Path(__file__).parents[3]
SLEEPER = "import time; time.sleep(60)"
DEAF = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN)"
# It ends at once, and writes when it began.
ENDS = "import sys, time; print('began', time.time(), flush=True); sys.exit(3)"
# It leaves behind a child in its group and one that has a group of its own, as tasks of Airflow do; both
# take no SIGTERM, as idle workers do.
PARENT = f"""
import subprocess, sys, time
child = [sys.executable, "-c", {f"{DEAF}; {SLEEPER}"!r}]
print("children", *(subprocess.Popen(child, process_group=group).pid for group in (None, 0)), flush=True)
time.sleep(60)
"""


@pytest.fixture
def processes(tmp_path: Path) -> Iterator[Processes]:
    processes = Processes(tmp_path)
    yield processes
    processes.end()


def keep(processes: Processes, folder: Path, *command: str) -> Started:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return processes.keep("server", [sys.executable, "-c", *command], environment, folder)


def until(condition: Callable[[], object], longest_s: float = 60) -> None:
    deadline_s = time.monotonic() + longest_s
    while not condition():
        assert time.monotonic() < deadline_s
        time.sleep(0.05)


def running(processes: Processes, restarts: int = 0) -> Kept:
    """How the server stands as soon as it runs, started again so often."""
    found: list[Kept] = []

    def is_so() -> bool:
        state = processes.kept("server")
        found[:] = [state] if state and state.pid and state.restarts == restarts else []
        return bool(found)

    until(is_so)
    return found[0]


def is_gone(pid: int) -> bool:
    """Not even a zombie."""
    return not psutil.pid_exists(pid)


def test_what_is_killed_is_started_again(processes: Processes, tmp_path: Path) -> None:
    keeper = keep(processes, tmp_path, SLEEPER)
    first = running(processes)
    assert (first.ended, first.short_runs) == ("", 0)
    os.kill(first.pid, signal.SIGKILL)
    second = running(processes, restarts=1)
    assert second.pid != first.pid and is_gone(first.pid)
    assert (second.short_runs, second.fails) == (1, False)
    assert second.ended.startswith("was killed (Killed, signal 9) at ")
    assert f"server {second.ended}; starting it again in 1 s" in processes.log_of("server").read_text()
    assert keeper.alive and processes.trouble() == ""


def test_a_server_that_ends_at_once_is_started_ever_later_and_never_given_up(
    processes: Processes, tmp_path: Path
) -> None:
    keeper = keep(processes, tmp_path, ENDS)
    until(lambda: processes.log_of("server").read_text().count("began") == 4)
    log = processes.log_of("server").read_text()
    began_s = [float(line.split()[1]) for line in log.splitlines() if line.startswith("began")]
    gaps_s = [later - earlier for earlier, later in pairwise(began_s)]
    assert gaps_s[0] >= 1 and gaps_s[1] >= 2 and gaps_s[2] >= 4
    assert "server ended with status 3" in log
    state = processes.kept("server")
    assert state and state.fails and keeper.alive
    assert "server ends whenever it is started" in processes.trouble()
    assert "starting it again in 4 s" in processes.trouble(), "the end of its log"
    assert processes.trouble(but_not=["server"]) == ""


def test_waits_grow_and_are_capped() -> None:
    assert [wait_s(n) for n in range(8)] == [1, 1, 2, 4, 8, 16, 30, 30]


@contextmanager
def keeper_with(folder: Path, server: str, **constants: float) -> Iterator[subprocess.Popen[bytes]]:
    """One with other times."""
    program = f"from {keeping.__package__} import keeping\n"
    program += "".join(f"keeping.{name} = {value}\n" for name, value in constants.items())
    arguments = [str(folder), "server", "--", sys.executable, "-c", server]
    command = [sys.executable, "-c", program + "keeping.main()", *arguments]
    keeper = subprocess.Popen(command, cwd=ROOT, start_new_session=True)
    try:
        yield keeper
    finally:
        keeper.terminate()
        assert keeper.wait(10) == 0


def test_a_long_run_makes_up_for_short_ones(tmp_path: Path) -> None:
    flag = tmp_path / "long"
    # Short runs until the file is there.
    server = f"import os, time; time.sleep(60 if os.path.exists({str(flag)!r}) else 0)"
    with keeper_with(tmp_path, server, _WELL_S=3):
        until(lambda: (state := kept(tmp_path, "server")) and state.short_runs == 2)
        flag.touch()
        until(lambda: (state := kept(tmp_path, "server")) and state.pid and not state.short_runs)
        state = kept(tmp_path, "server")
        assert state and state.restarts == 2 and not state.fails
    assert is_gone(state.pid)


def test_a_server_that_does_not_end_when_it_is_told_is_killed(tmp_path: Path) -> None:
    flag = tmp_path / "deaf"
    server = f"{DEAF}\nopen({str(flag)!r}, 'w').close()\n{PARENT}"
    with keeper_with(tmp_path, server, _GRACE_S=1) as keeper:
        until(flag.exists)
        told_s = time.monotonic()
        keeper.terminate()
        keeper.wait(60)
        assert time.monotonic() - told_s >= 1, "it has its time"
    state = kept(tmp_path, "server")
    assert state and is_gone(state.pid)
    assert keeping.in_session(keeper.pid) == []


def test_a_command_that_is_not_there_is_said_and_tried_again(processes: Processes, tmp_path: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    processes.keep("server", [str(tmp_path / "none")], environment, tmp_path)
    until(lambda: (state := processes.kept("server")) and state.restarts == 1)
    assert "server cannot be started: [Errno 2]" in processes.log_of("server").read_text()
    (tmp_path / "none").write_text("#!/bin/sh\nsleep 60\n")
    (tmp_path / "none").chmod(0o755)
    until(lambda: (state := processes.kept("server")) and state.pid)


def test_all_that_a_server_has_started_is_ended_before_the_next(processes: Processes, tmp_path: Path) -> None:
    keep(processes, tmp_path, PARENT)
    log = processes.log_of("server")
    until(lambda: log.exists() and "\n" in log.read_text())
    children = [int(pid) for pid in log.read_text().split()[1:3]]
    assert all(psutil.pid_exists(pid) for pid in children)
    os.kill(running(processes).pid, signal.SIGKILL)
    running(processes, restarts=1)
    assert all(is_gone(pid) for pid in children), "reaped, too"


def test_orphans_that_end_are_reaped_while_the_server_runs(processes: Processes, tmp_path: Path) -> None:
    # Of a child that has ended, the child ends later.
    grandchild = [sys.executable, "-c", "import time; time.sleep(1)"]
    child = f"import subprocess; print(subprocess.Popen({grandchild!r}).pid, flush=True)"
    server = (
        f"import subprocess, sys, time; subprocess.run([sys.executable, '-c', {child!r}]); time.sleep(60)"
    )
    keep(processes, tmp_path, server)
    log = processes.log_of("server")
    until(lambda: log.exists() and "\n" in log.read_text())
    until(lambda: is_gone(int(log.read_text())), 5)
    assert running(processes).restarts == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_for_the_keeper_ends_both(
    processes: Processes, tmp_path: Path, number: signal.Signals
) -> None:
    server = "import signal, sys, time\n"
    server += "for n in (signal.SIGTERM, signal.SIGINT):\n"
    server += "    signal.signal(n, lambda n, _: (print('told', n, flush=True), sys.exit()))\n"
    server += "print('ready', flush=True)\ntime.sleep(60)"
    keeper = keep(processes, tmp_path, server)
    log = processes.log_of("server")
    until(lambda: log.exists() and "ready" in log.read_text())
    os.kill(keeper.pid, number)
    until(lambda: not keeper.session, 5)
    assert log.read_text() == f"ready\ntold {number.value}\n", "told once, and not started again"


def test_a_keeper_that_waits_ends_at_once(processes: Processes, tmp_path: Path) -> None:
    keeper = keep(processes, tmp_path, ENDS)
    until(lambda: (state := processes.kept("server")) and state.short_runs == 3)
    os.kill(keeper.pid, signal.SIGTERM)
    until(lambda: not keeper.session, 3)


def test_the_server_of_a_killed_keeper_is_ended_with_the_others(
    processes: Processes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("include.demo.processes._GRACE_S", 1)
    keeper = keep(processes, tmp_path, PARENT)
    server = running(processes).pid
    log = processes.log_of("server")
    until(lambda: "\n" in log.read_text())
    os.kill(keeper.pid, signal.SIGKILL)
    until(lambda: not keeper.alive)
    assert "server has ended" in processes.trouble()
    assert processes.end() == ["server"]
    left = [server, *(int(pid) for pid in log.read_text().split()[1:3])]
    assert not any(psutil.pid_exists(pid) and keeping.is_alive(psutil.Process(pid)) for pid in left)


def test_its_descriptors_stay_open_as_long_as_it_is_kept_and_go_no_further(
    processes: Processes, tmp_path: Path
) -> None:
    read, write = os.pipe()
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    server = f"import os\ntry: os.fstat({write}); print('open')\nexcept OSError: print('closed')\n"
    server += "import sys, time; sys.stdout.flush(); time.sleep(60)"
    processes.keep("server", [sys.executable, "-c", server], environment, tmp_path, inherited=[write])
    os.close(write)
    os.set_blocking(read, False)
    log = processes.log_of("server")
    until(lambda: log.exists() and "\n" in log.read_text())
    assert log.read_text() == "closed\n"
    with pytest.raises(BlockingIOError):
        os.read(read, 1)  # the keeper has the other end open
    processes.end()
    assert os.read(read, 1) == b""
    os.close(read)
