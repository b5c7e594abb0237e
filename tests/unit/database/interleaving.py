"""Two operations, one of which comes between two statements of the other, wherever that matters.

What runs when is not left to chance: the first operation is stopped before its n-th statement, the second
runs until it ends or waits for a lock, and only then does the first go on. On SQLite, which has one writer at
a time, it is stopped between its transactions.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from threading import Event, Thread
from typing import Any

from sqlalchemy import create_engine, event, text

from include.database.engine import Database
from tests.unit.database.footprints import NOTHING, Footprint, footprint

Operation = Callable[[Database], object]

_LONG_S = 20.0
# A statement takes a millisecond: what has not come further since then may be waiting.
_STILL_S = 0.004
_WAITS = text("SELECT wait_event_type = 'Lock' FROM pg_stat_get_activity(:pid) WHERE state = 'active'")


@dataclass(frozen=True)
class Step:
    """A statement, or a commit, which makes seen what its transaction has written.

    Attributes:
        transaction: Its number: an operation that is tried again has more of them.
        begins: It is the first of its transaction.
    """

    transaction: int
    footprint: Footprint
    begins: bool


@dataclass
class Ran:
    """What came of an operation: its steps, and what it raised."""

    steps: list[Step] = field(default_factory=list)
    error: BaseException | None = None

    @property
    def transactions(self) -> int:
        """How many it took."""
        return self.steps[-1].transaction

    @property
    def footprint(self) -> Footprint:
        """Of all its statements."""
        return sum((step.footprint for step in self.steps), NOTHING)


class Place:
    """A database opened for operations that are stopped; each runs in a thread of its own."""

    def __init__(self, url: str) -> None:
        self.database = Database(url)
        self.pid, self.ran, self._begun_so_far = 0, Ran(), 0
        self._stop_before: int | None = None
        engine = self.database._engine
        event.listen(engine, "connect", self._connected)
        if not url.startswith("sqlite"):  # it is told so by a statement
            event.listen(engine, "begin", self._begins)
        event.listen(engine, "before_cursor_execute", self._executes)
        event.listen(engine, "commit", self._commits)
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
        self.pid = getattr(getattr(connection, "info", None), "backend_pid", 0)

    def _begins(self, _: object) -> None:
        self._begun_so_far += 1

    def _executes(self, connection: Any, __: object, statement: str, *___: object) -> None:
        if statement.startswith("BEGIN"):
            self._begins(connection)
        self._step(footprint(statement))

    def _commits(self, _: object) -> None:
        mine = (step.footprint for step in self.ran.steps if step.transaction == self._begun_so_far)
        self._step(Footprint(frozenset(), sum(mine, NOTHING).writes))

    def _step(self, of_it: Footprint) -> None:
        steps = self.ran.steps
        if len(steps) == self._stop_before and not self.stopped.is_set():
            self.stopped.set()
            assert self._goes_on.wait(_LONG_S)
        begins = not steps or steps[-1].transaction != self._begun_so_far
        steps.append(Step(self._begun_so_far, of_it, begins))


@dataclass(frozen=True)
class Met:
    """Two operations that met. `waited`: the second needed a lock that the first had."""

    first: Ran
    second: Ran
    waited: bool = False


class Interleaving:
    """Runs pairs of operations.

    Args:
        url: Of a database.
    """

    def __init__(self, url: str) -> None:
        self.on_postgresql = not url.startswith("sqlite")
        self._one, self._other = Place(url), Place(url)
        self._watching = create_engine(url, isolation_level="AUTOCOMMIT").connect()

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

    def places(self, steps: Sequence[Step], other: Footprint) -> Iterator[int]:
        """Places of an operation before which another may come, and at which it makes a difference.

        It makes none whether it comes before or after a statement that touches nothing of what it touches.
        """
        for place, step in enumerate(steps):
            if self.on_postgresql:
                matters = step.footprint.meets(other)
            else:
                matters = step.begins and self._transaction(steps, step.transaction).meets(other)
            if matters:
                yield place

    def close(self) -> None:
        """Closes all connections."""
        for place in (self._one, self._other):
            place.database.close()
        self._watching.close()
        self._watching.engine.dispose()

    def _comes_to_wait(self, other: Place) -> bool:
        deadline = time.monotonic() + _LONG_S
        while time.monotonic() < deadline:
            so_far = len(other.ran.steps)
            if other.ended.wait(_STILL_S):
                return False
            if self.on_postgresql and len(other.ran.steps) == so_far and self._waits(other.pid):
                return True
        raise AssertionError("it neither ends nor waits for a lock")

    def _waits(self, pid: int) -> bool:
        return bool(self._watching.execute(_WAITS, {"pid": pid}).scalar())

    @staticmethod
    def _transaction(steps: Sequence[Step], number: int) -> Footprint:
        return sum((step.footprint for step in steps if step.transaction == number), NOTHING)
