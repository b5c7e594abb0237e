"""Starting processes that outlive this one, and ending exactly those, by process id."""

import json
import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

import psutil

_GRACE_S = 25


@dataclass(frozen=True)
class Started:
    """A process group that was started; its start time tells it from a later one of the same id."""

    name: str
    pid: int
    created_at: float

    @property
    def alive(self) -> bool:
        """Whether it still runs."""
        try:
            process = psutil.Process(self.pid)
            same = process.create_time() == self.created_at
            return bool(same and process.status() != psutil.STATUS_ZOMBIE)
        except psutil.NoSuchProcess:
            return False

    @property
    def left_behind(self) -> bool:
        """Whether it was killed and others of its group were not: idle workers of a scheduler stay."""
        try:
            is_its_own = psutil.Process(self.pid).create_time() == self.created_at
        except psutil.NoSuchProcess:
            is_its_own = True  # while the group lives, its number is given to no other process
        return is_its_own and not self.alive and _group_alive(self.pid)


class Processes:
    """The processes of a stack, remembered in a file.

    Args:
        folder: Where the file and the processes' logs lie.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._file = folder / "processes.json"

    @property
    def started(self) -> list[Started]:
        """Those that were started and not ended, alive or not."""
        if not self._file.exists():
            return []
        return [Started(**entry) for entry in json.loads(self._file.read_text())]

    def log_of(self, name: str) -> Path:
        """Where a process writes."""
        return self._folder / f"{name}.log"

    def start(
        self, name: str, command: Sequence[str], environment: Mapping[str, str], folder: Path
    ) -> Started:
        """Starts a process group of its own, its output in `log_of(name)`."""
        self._folder.mkdir(parents=True, exist_ok=True)
        with self.log_of(name).open("ab") as log:
            process = subprocess.Popen(
                command,
                env=dict(environment),
                cwd=folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        started = Started(name, process.pid, psutil.Process(process.pid).create_time())
        self._remember([*self.started, started])
        return started

    def end(self) -> list[str]:
        """Ends all, gracefully at first; returns the names of those that were running."""
        known = self.started
        running = [started for started in known if started.alive or started.left_behind]
        for started in running:
            _signal(started, signal.SIGTERM)
        deadline_s = time.monotonic() + _GRACE_S
        while any(_group_alive(started.pid) for started in running) and time.monotonic() < deadline_s:
            time.sleep(0.2)
        for started in running:
            _signal(started, signal.SIGKILL)
        # Another command may have started some meanwhile.
        if later := [started for started in self.started if started not in known]:
            self._remember(later)
        else:
            self._file.unlink(missing_ok=True)
        return [started.name for started in running]

    def _remember(self, started: list[Started]) -> None:
        whole = self._file.with_suffix(".new")
        whole.write_text(json.dumps([asdict(entry) for entry in started]))
        whole.replace(self._file)  # whoever reads it meanwhile sees the one or the other


def _signal(started: Started, number: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        os.killpg(started.pid, number)
    with suppress(ChildProcessError):
        os.waitpid(started.pid, os.WNOHANG)


def _group_alive(group: int) -> bool:
    with suppress(ChildProcessError):
        os.waitpid(group, os.WNOHANG)
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True
