"""Times each statement that is sent to a database, and counts what is read for it.

SQLite works in this process, so that its time is CPU time, which other work on the machine does not lengthen.
PostgreSQL's is time by the clock.
"""

import hashlib
import re
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Engine, event

from tests.history.reading import READS, counted, read_by_query

# Lists of values are of all lengths, and of aliases only the number differs.
_LISTS = re.compile(r"\((?:(?:\?|%\(\w+\)s(?:::\w+)?)(?:, )?)+\)")
_SHOWN = 110
_TRIES = 2
_NOT_TIMED = ("BEGIN", "COMMIT", "ROLLBACK", "PRAGMA", "SAVEPOINT", "RELEASE")


def clock_of(dialect: str) -> Callable[[], float]:
    """What tells the time that work with a database takes, in seconds."""
    return time.process_time if dialect == "sqlite" else time.perf_counter


@dataclass
class Timed:
    """What was sent.

    Attributes:
        seconds: Of each statement, all its times together. A query is asked twice more beforehand, and the
            faster one counts: what it takes once its pages are in memory.
        read: Of each statement, what was read for it in all: see `tests.history.reading`.
        asking_s: How long asking and counting took, which is no part of the work that is timed.
    """

    seconds: dict[str, float] = field(default_factory=lambda: defaultdict(float))
    read: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    asking_s: float = 0.0


@contextmanager
def timed() -> Iterator[Timed]:
    """Listens to all of cofi's databases in this process."""
    found = Timed()
    begun: list[tuple[float, Callable[[], int] | None]] = []

    def before(_: Any, cursor: Any, statement: str, parameters: Any, context: Any, many: bool) -> None:
        dialect, connection = context.dialect.name, cursor.connection
        clock, told = clock_of(dialect), None
        began_s = clock()
        if not many and READS.match(statement):
            tries = [_asked(connection, statement, parameters, clock) for _ in range(_TRIES)]
            found.seconds[shown(statement)] += min(tries)
            found.read[shown(statement)] += read_by_query(dialect, connection, statement, parameters)
        elif not statement.startswith(_NOT_TIMED):
            told = counted(dialect, connection)
        found.asking_s += clock() - began_s
        begun.append((clock(), told))

    def after(_: Any, cursor: Any, statement: str, ___: Any, context: Any, many: bool) -> None:
        clock = clock_of(context.dialect.name)
        ended_s = clock()
        began_s, told = begun.pop()
        if told:
            found.seconds[shown(statement)] += ended_s - began_s
            found.read[shown(statement)] += told()
            found.asking_s += clock() - ended_s

    event.listen(Engine, "before_cursor_execute", before)
    event.listen(Engine, "after_cursor_execute", after)
    try:
        yield found
    finally:
        event.remove(Engine, "before_cursor_execute", before)
        event.remove(Engine, "after_cursor_execute", after)


def _asked(connection: Any, statement: str, parameters: Any, clock: Callable[[], float]) -> float:
    cursor = connection.cursor()
    began_s = clock()
    cursor.execute(statement, parameters)
    cursor.fetchall()
    taken_s = clock() - began_s
    cursor.close()
    return taken_s


def shown(statement: str) -> str:
    """A statement in a line: its beginning, and what tells it from others that begin alike."""
    line = _LISTS.sub("(…)", " ".join(statement.split()))
    digest = hashlib.sha256(line.encode()).hexdigest()[:6]
    return line if len(line) <= _SHOWN else f"{line[:_SHOWN]}… {digest}"
