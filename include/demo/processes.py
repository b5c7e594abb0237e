"""Starting processes that outlive this one, and ending exactly those, by process id."""

import fcntl
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path

import psutil

from include.demo import keeping
from include.demo.keeping import Kept
from include.demo.privacy import UMASK
from include.errors import CofiError

_GRACE_S = 25
_KILLED_WITHIN_S = 5
_TAIL_LINES = 20


@dataclass(frozen=True)
class Started:
    """A process that was started and leads a session; its start time tells it from a later one of its id.

    Attributes:
        kept: Whether it keeps another one up, which does the work.
    """

    name: str
    pid: int
    created_at: float
    kept: bool = False

    @property
    def alive(self) -> bool:
        """Whether it still runs."""
        try:
            process = psutil.Process(self.pid)
            return process.create_time() == self.created_at and keeping.is_alive(process)
        except psutil.NoSuchProcess:
            return False

    @property
    def session(self) -> list[psutil.Process]:
        """It, and all that it has started, alive: idle workers of a killed scheduler stay."""
        try:
            is_its_own = psutil.Process(self.pid).create_time() == self.created_at
        except psutil.NoSuchProcess:
            is_its_own = True  # while the session lives, its number is given to no other process
        return keeping.in_session(self.pid) if is_its_own else []


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

    @property
    def latest(self) -> dict[str, Started]:
        """The last one of each name."""
        return {started.name: started for started in self.started}

    def kept(self, name: str) -> Kept | None:
        """How a process that is kept up stands; None for others, and before it is started."""
        return keeping.kept(self._folder, name)

    def log_of(self, name: str) -> Path:
        """Where a process writes."""
        return self._folder / f"{name}.log"

    def start(
        self, name: str, command: Sequence[str], environment: Mapping[str, str], folder: Path
    ) -> Started:
        """Starts a process in a session of its own, its output in `log_of(name)`."""
        return self._start(name, command, environment, folder, kept=False)

    def keep(
        self,
        name: str,
        command: Sequence[str],
        environment: Mapping[str, str],
        folder: Path,
        *,
        inherited: Collection[int] = (),
    ) -> Started:
        """The same, and it is started again whenever it ends by itself.

        Args:
            name: Of the process.
            command: That starts it.
            environment: Its own, in which Python finds this package.
            folder: Its working directory.
            inherited: File descriptors that stay open as long as it is kept.
        """
        keeping.state_file(self._folder, name).unlink(missing_ok=True)
        keeper = [sys.executable, "-m", keeping.__name__, str(self._folder), name, "--", *command]
        return self._start(name, keeper, environment, folder, kept=True, inherited=inherited)

    def end(self) -> list[str]:
        """Ends all, gracefully at first; returns the names of those that were running."""
        known = self.started
        running = [started for started in known if started.session]
        for started in running:
            # The leader's group ends its others; without a leader, each does.
            _signal([started.pid] if started.alive else _groups(started), signal.SIGTERM)
        if left := _living_after(_GRACE_S, running):
            for started in left:
                _signal(_groups(started), signal.SIGKILL)
            _living_after(_KILLED_WITHIN_S, left)
        # Another command may have started some meanwhile.
        if later := [started for started in self.started if started not in known]:
            self._remember(later)
        else:
            self._file.unlink(missing_ok=True)
        return [started.name for started in running]

    def trouble(self, but_not: Collection[str] = ()) -> str:
        """Who does not live, or ends at every start, with the end of its log; empty when all is well."""
        troubles = []
        for name, started in self.latest.items():
            if name in but_not:
                continue
            if not started.alive:
                troubles.append(f"{name} has ended. {self.end_of_log(name)}")
            elif (kept := self.kept(name)) and kept.fails:
                troubles.append(f"{name} ends whenever it is started. {self.end_of_log(name)}")
        return "\n".join(troubles)

    def end_of_log(self, name: str) -> str:
        """The last lines that a process wrote, and where."""
        log = self.log_of(name)
        lines = log.read_text(errors="replace").splitlines() if log.exists() else []
        return "\n".join([f"The end of {log}:", *lines[-_TAIL_LINES:]])

    def _start(
        self,
        name: str,
        command: Sequence[str],
        environment: Mapping[str, str],
        folder: Path,
        *,
        kept: bool,
        inherited: Collection[int] = (),
    ) -> Started:
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
                umask=UMASK,
                pass_fds=inherited,
            )
        started = Started(name, process.pid, psutil.Process(process.pid).create_time(), kept)
        self._remember([*self.started, started])
        return started

    def _remember(self, started: list[Started]) -> None:
        whole = self._file.with_suffix(".new")
        whole.write_text(json.dumps([asdict(entry) for entry in started]))
        whole.replace(self._file)  # whoever reads it meanwhile sees the one or the other


def run_to_end(
    command: Sequence[str], environment: Mapping[str, str], folder: Path, longest_s: float
) -> subprocess.CompletedProcess[str]:
    """Runs a command that comes to an end by itself; what it writes is for its owner alone.

    Raises:
        CofiError: It has not ended in time.
    """
    try:
        return subprocess.run(
            command,
            env=dict(environment),
            cwd=folder,
            capture_output=True,
            text=True,
            timeout=longest_s,
            check=False,
            umask=UMASK,
        )
    except subprocess.TimeoutExpired as error:
        typed = " ".join([Path(command[0]).name, *command[1:]])
        raise CofiError(
            f"`{typed}` has not ended after {longest_s:.0f} s: this machine may be too busy; try again."
        ) from error


@contextmanager
def only_one(folder: Path) -> Iterator[None]:
    """Nobody else starts what lies in that folder meanwhile: who failed would end what another has started.

    Raises:
        CofiError: Somebody does.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "starting.lock").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise CofiError(
                f"Another command is starting the stack of {folder}: wait for it, or end it with Ctrl-C."
            ) from error
        yield


def _signal(groups: Collection[int], number: signal.Signals) -> None:
    for group in groups:
        with suppress(ProcessLookupError):
            os.killpg(group, number)


def _groups(started: Started) -> set[int]:
    """The process groups of a session: a task of Airflow has one of its own."""
    groups = set()
    for process in started.session:
        with suppress(ProcessLookupError):
            groups.add(os.getpgid(process.pid))
    return groups


def _living_after(longest_s: float, all_of_them: Collection[Started]) -> list[Started]:
    """Waits until their sessions are empty; those whose are not by then."""
    deadline_s = time.monotonic() + longest_s
    while True:
        for started in all_of_them:
            with suppress(ChildProcessError):
                os.waitpid(started.pid, os.WNOHANG)  # where this process has started it
        living = [started for started in all_of_them if started.session]
        if not living or time.monotonic() > deadline_s:
            return living
        time.sleep(0.2)
