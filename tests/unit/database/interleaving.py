"""Two operations on PostgreSQL, one of which comes between two statements of the other: each place, in turn.

Which statement waits is not left to chance: the first operation is stopped before its n-th statement, the
second runs until it ends or waits for a lock, and only then does the first go on.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Event, Thread
from typing import Any

from sqlalchemy import create_engine, event, text

from include.database.engine import Database

Operation = Callable[[Database], object]

_LONG_S = 20.0
_WAITS = text("SELECT wait_event_type = 'Lock' FROM pg_stat_activity WHERE pid = :pid AND state = 'active'")


@dataclass
class Ran:
    """What came of an operation.

    Attributes:
        transactions: For each statement, commits among them, the number of its transaction: one that is tried
            again has more of them.
        error: What it raised.
    """

    transactions: list[int] = field(default_factory=list)
    error: BaseException | None = None


class Place:
    """A database opened for operations that are stopped; each runs in a thread of its own."""

    def __init__(self, url: str) -> None:
        self.database = Database(url)
        self.pid, self.ran, self._begun_so_far = 0, Ran(), 0
        self._stop_before: int | None = None
        engine = self.database._engine
        event.listen(engine, "connect", self._connected)
        event.listen(engine, "begin", self._begun)
        event.listen(engine, "before_cursor_execute", lambda *_: self._step())
        event.listen(engine, "commit", lambda _: self._step())
        with self.database.reading():
            pass

    def start(self, operation: Operation, stop_before: int | None = None) -> None:
        """Runs it up to a statement, counted from 0; None: to its end."""
        self.ran, self._begun_so_far, self._stop_before = Ran(), 0, stop_before
        self.stopped, self._goes_on, self.ended = Event(), Event(), Event()
        Thread(target=self._run, args=[operation], daemon=True).start()

    def finish(self) -> Ran:
        """Lets it run to its end."""
        self._goes_on.set()
        assert self.ended.wait(_LONG_S), "it waits for ever"
        return self.ran

    def _run(self, operation: Operation) -> None:
        try:
            operation(self.database)
        except BaseException as error:
            self.ran.error = error
        finally:
            self.ended.set()
            self.stopped.set()

    def _connected(self, connection: Any, _: object) -> None:
        self.pid = connection.info.backend_pid

    def _begun(self, _: object) -> None:
        self._begun_so_far += 1

    def _step(self) -> None:
        if len(self.ran.transactions) == self._stop_before and not self.stopped.is_set():
            self.stopped.set()
            assert self._goes_on.wait(_LONG_S)
        self.ran.transactions.append(self._begun_so_far)


@dataclass(frozen=True)
class Met:
    """Two operations that met. `waited`: the second needed a lock that the first had."""

    first: Ran
    second: Ran
    waited: bool


class Interleaving:
    """Runs pairs of operations.

    Args:
        url: Of a PostgreSQL database.
    """

    def __init__(self, url: str) -> None:
        self._one, self._other = Place(url), Place(url)
        self._engine = create_engine(url, isolation_level="AUTOCOMMIT")

    def alone(self, operation: Operation) -> Ran:
        """Runs an operation by itself."""
        self._one.start(operation)
        return self._one.finish()

    def at(self, place: int, first: Operation, second: Operation) -> Met:
        """The second comes before statement `place` of the first."""
        self._one.start(first, stop_before=place)
        assert self._one.stopped.wait(_LONG_S)
        assert not self._one.ended.is_set(), f"it has no statement {place}"
        self._other.start(second)
        waited = self._comes_to_wait(self._other)
        return Met(self._one.finish(), self._other.finish(), waited)

    def _comes_to_wait(self, other: Place) -> bool:
        deadline = time.monotonic() + _LONG_S
        with self._engine.connect() as connection:
            while not other.ended.wait(0.002) and time.monotonic() < deadline:
                if connection.execute(_WAITS, {"pid": other.pid}).scalar():
                    return True
        return False

    def close(self) -> None:
        """Closes all connections."""
        for place in (self._one, self._other):
            place.database.close()
        self._engine.dispose()
