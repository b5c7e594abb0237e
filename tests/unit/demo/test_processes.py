"""Processes of a stack are remembered until they are ended, whoever else starts or ends some meanwhile."""

import os
import signal
import sys
import threading
import time
from pathlib import Path

import psutil
import pytest

from include.demo.processes import Processes

pytestmark = pytest.mark.process

# It takes a second to end, and says when it can be asked to.
SLOW_TO_END = """
import pathlib, signal, sys, time
signal.signal(signal.SIGTERM, lambda *_: (time.sleep(1), sys.exit()))
pathlib.Path("ready").touch()
time.sleep(30)
"""


def test_what_is_started_while_others_end_is_not_forgotten(tmp_path: Path) -> None:
    processes = Processes(tmp_path)
    processes.start("slow", [sys.executable, "-c", SLOW_TO_END], {}, tmp_path)
    while not (tmp_path / "ready").exists():
        time.sleep(0.02)
    ending = threading.Thread(target=processes.end)
    ending.start()
    time.sleep(0.3)
    later = Processes(tmp_path).start(
        "later", [sys.executable, "-c", "import time; time.sleep(30)"], {}, tmp_path
    )
    ending.join()
    try:
        assert [process.name for process in processes.started] == ["later"] and later.alive
    finally:
        later_ended = processes.end()
    assert later_ended == ["later"] and not later.alive and processes.started == []


def test_what_a_killed_process_left_behind_is_ended_with_the_others(tmp_path: Path) -> None:
    child = "import subprocess, sys, time\n"
    child += (
        "print(subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)']).pid, flush=True)\n"
    )
    processes = Processes(tmp_path)
    started = processes.start(
        "parent", [sys.executable, "-c", child + "time.sleep(60)"], {"PYTHONUNBUFFERED": "1"}, tmp_path
    )
    while not (told := processes.log_of("parent").read_text()).endswith("\n"):
        time.sleep(0.02)
    orphan = psutil.Process(int(told))
    os.kill(started.pid, signal.SIGKILL)

    assert processes.end() == ["parent"]

    assert not orphan.is_running() or orphan.status() == psutil.STATUS_ZOMBIE
    assert processes.started == []
    assert processes.end() == []
