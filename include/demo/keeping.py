"""`python -m include.demo.keeping FOLDER NAME -- COMMAND …` keeps a server up, as init systems do.

When it ends by itself, all that it has started is ended, and it is started again, each time a little later.
Told to end (SIGTERM, SIGINT), the keeper ends it and itself. What it says goes where the server writes, and
`FOLDER/NAME.kept.json` has how it stands. It never gives up: what the server needs may come back.
"""

import argparse
import ctypes
import json
import os
import signal
import subprocess
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

import psutil

# Running for so long, it has started well: what ends it is something else.
_WELL_S = 60.0
_LONGEST_WAIT_S = 30.0
# One start may fail for reasons that pass; so many in a row tell that it cannot work.
_TOO_SHORT = 3
# To end by itself, until it is killed.
_GRACE_S = 20.0
_LOOK_EVERY_S = 0.2
_NOT_STARTED = 127  # as a shell says it
_PR_SET_CHILD_SUBREAPER = 36  # linux/prctl.h


@dataclass(frozen=True)
class Kept:
    """How a kept server stands.

    Attributes:
        pid: Of the server; 0 while it waits to be started again.
        since: Of this state, in UTC.
        restarts: How often it was started again.
        short_runs: How often in a row, by now, it has ended within a minute.
        ended: How and when its last run ended, as a predicate; empty in its first.
    """

    pid: int
    since: str
    restarts: int = 0
    short_runs: int = 0
    ended: str = ""

    @property
    def fails(self) -> bool:
        """Whether it ends whenever it is started."""
        return self.short_runs >= _TOO_SHORT


def state_file(folder: Path, name: str) -> Path:
    """Where a keeper writes how its server stands."""
    return folder / f"{name}.kept.json"


def kept(folder: Path, name: str) -> Kept | None:
    """How a server stands; None before its keeper has started it."""
    try:
        return Kept(**json.loads(state_file(folder, name).read_text()))
    except FileNotFoundError:
        return None


def wait_s(short_runs: int) -> float:
    """Seconds before the next start: 1, 2, 4 … 30 after short runs in a row; 1 after a long one."""
    return min(_LONGEST_WAIT_S, 2.0 ** max(0, short_runs - 1))


class Keeper:
    """Keeps one server up.

    Args:
        folder: Where its state is written.
        name: Of the server.
        command: That starts it.
    """

    def __init__(self, folder: Path, name: str, command: Sequence[str]) -> None:
        self._file = state_file(folder, name)
        self._name = name
        self._command = command
        self._end_signal = 0  # the signal that asked it to end
        self._state = Kept(pid=0, since=_now())

    def keep(self) -> None:
        """Returns after a signal has asked it to end, and everything that it started has ended."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._stop_on_signal)
        _adopt_orphans()
        while not self._end_signal:
            began_s = time.monotonic()
            status = self._run_once()
            ran_s = time.monotonic() - began_s
            _end_what_is_left()
            if not self._end_signal:
                self._pause(status, ran_s)

    def _stop_on_signal(self, number: int, _: object) -> None:
        self._end_signal = number

    def _run_once(self) -> int:
        """Runs it until it ends; its exit status, negative for a signal."""
        try:
            # A group of its own: a signal for it is none for its keeper.
            process = subprocess.Popen(self._command, process_group=0)
        except OSError as error:
            _say(f"{self._name} cannot be started: {error}")
            return _NOT_STARTED
        self._note(pid=process.pid, since=_now())
        began_s, kill_at_s = time.monotonic(), 0.0
        while (status := _reaped(process.pid)) is None:
            if self._end_signal and not kill_at_s:
                kill_at_s = time.monotonic() + _GRACE_S
                os.killpg(process.pid, self._end_signal)
            elif self._end_signal and time.monotonic() > kill_at_s:
                process.kill()
            elif self._state.short_runs and time.monotonic() - began_s > _WELL_S:
                self._note(short_runs=0)
            time.sleep(_LOOK_EVERY_S)
        process.returncode = status  # reaped here, with its orphans
        return status

    def _pause(self, status: int, ran_s: float) -> None:
        """Says what happened, and waits before the next start."""
        short_runs = self._state.short_runs + 1 if ran_s < _WELL_S else 0
        pause_s = wait_s(short_runs)
        at = f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S} UTC"
        ended = f"{_how(status)} at {at} after {ran_s:.0f} s"
        _say(f"\n{self._name} {ended}; starting it again in {pause_s:.0f} s")
        self._note(pid=0, since=_now(), short_runs=short_runs, ended=ended)
        deadline_s = time.monotonic() + pause_s
        while time.monotonic() < deadline_s and not self._end_signal:
            time.sleep(_LOOK_EVERY_S)
        self._note(restarts=self._state.restarts + 1)

    def _note(self, **changed: object) -> None:
        self._state = Kept(**(asdict(self._state) | changed))
        whole = self._file.with_suffix(".new")
        with suppress(OSError):  # a full disk is no reason to give up
            whole.write_text(json.dumps(asdict(self._state)))
            whole.replace(self._file)  # whoever reads it meanwhile sees the one or the other


def _say(text: str) -> None:
    with suppress(OSError):
        print(text, flush=True)


def _adopt_orphans() -> None:
    """Makes this process the parent of descendants that lose theirs, where the system can (Linux)."""
    with suppress(AttributeError, OSError):
        ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def _reaped(pid: int) -> int | None:
    """Reaps all children that have ended; the exit status of that one, negative for a signal."""
    found = None
    with suppress(ChildProcessError):
        while (ended := os.waitpid(-1, os.WNOHANG))[0]:
            if ended[0] == pid:
                found = os.waitstatus_to_exitcode(ended[1])
    return found


def _end_what_is_left() -> None:
    """Kills what the server has left behind: it would hold its ports, and go on with what others do again."""
    deadline_s = time.monotonic() + _GRACE_S
    while (left := _left()) and time.monotonic() < deadline_s:
        for process in left:
            with suppress(psutil.NoSuchProcess):
                process.kill()
        time.sleep(0.05)
        _reaped(0)


def _left() -> list[psutil.Process]:
    """Descendants of this process, and what has lost its parents in a session that is its own."""
    me = psutil.Process()
    left = {process for process in me.children(recursive=True) if is_alive(process)}
    if os.getsid(0) == me.pid:
        left.update(in_session(me.pid))
    return list(left - {me})


def in_session(session: int) -> list[psutil.Process]:
    """The living processes of a session."""
    found = []
    for pid in psutil.pids():
        with suppress(OSError, psutil.NoSuchProcess):
            if os.getsid(pid) == session:
                found.append(psutil.Process(pid))
    return [process for process in found if is_alive(process)]


def is_alive(process: psutil.Process) -> bool:
    """Whether it runs: one that has ended may wait for its parent."""
    try:
        return bool(process.is_running() and process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def _how(status: int) -> str:
    if status >= 0:
        return f"ended with status {status}"
    return f"was killed ({signal.strsignal(-status)}, signal {-status})"


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def main() -> None:
    """Reads the command line and keeps."""
    parser = argparse.ArgumentParser(prog="python -m include.demo.keeping", description=__doc__)
    parser.add_argument("folder", type=Path, help="where its state is written")
    parser.add_argument("name")
    parser.add_argument("command", nargs="+")
    chosen = parser.parse_args()
    Keeper(chosen.folder, chosen.name, chosen.command).keep()


if __name__ == "__main__":
    main()
