"""TCP ports for servers on this machine."""

import fcntl
import os
import random
import socket
import tempfile
from pathlib import Path

from include.errors import CofiError

_OF_SERVERS = range(20_000, 32_000)  # Linux gives those from 32,768 on to connections
_TRIED = 100


class Reservation:
    """Ports that no other reservation is given, although nobody listens on them yet, or for a while.

    Servers take seconds to start, and some are started again: without it, two that start at the same moment
    may both be given a port. Each port is a locked file, which the kernel unlocks when the last process ends
    that has it open. Users of a machine have locks of their own.
    """

    def __init__(self) -> None:
        self._locks: dict[int, int] = {}

    @property
    def locks(self) -> list[int]:
        """File descriptors. A process that inherits them holds the ports after `release`, until it ends."""
        return list(self._locks.values())

    def take(self, preferred: int = 0) -> int:
        """The preferred TCP port of this machine, or any free one.

        None that the kernel would choose: it gives those to outgoing connections too, so that another
        process may have it by the time when a server that takes seconds to start listens.

        Raises:
            CofiError: None is free.
        """
        others = random.sample(_OF_SERVERS, k=_TRIED)
        for port in [preferred, *others] if preferred else others:
            lock = _lock(port)
            if lock is None:
                continue
            if _is_free(port):
                self._locks[port] = lock
                return port
            os.close(lock)
        raise CofiError("No free TCP port on this machine")

    def release(self) -> None:
        """Holds nothing any more."""
        for lock in self.locks:
            os.close(lock)
        self._locks.clear()

    def __enter__(self) -> "Reservation":
        return self

    def __exit__(self, *_: object) -> None:
        self.release()


def free_port(preferred: int = 0) -> int:
    """A port that nobody has now: for a server that listens at once."""
    with Reservation() as reservation:
        return reservation.take(preferred)


def _lock(port: int) -> int | None:
    """The file descriptor of a port's lock; None while another has it."""
    folder = Path(tempfile.gettempdir()) / f"cofi-ports-{os.getuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    lock = os.open(folder / str(port), os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(lock)
        return None
    return lock


def _is_free(port: int) -> bool:
    with socket.socket() as candidate:
        candidate.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            candidate.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
