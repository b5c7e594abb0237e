"""A search over pairs of operations: from the same rows each time, by every schedule that differs.

On SQLite all of them each time. PostgreSQL has many times more, and a fault shows at several places of a
pair: of each pair some places are tried, others each time. What fails tells its place; COFI_TEST_THOROUGH=1
tries all.
"""

from collections.abc import Callable, Collection, Iterator, Mapping
from functools import cached_property

from sqlalchemy import Connection

from include.database.engine import Database
from tests.thoroughness import some
from tests.unit.database.footprints import NOTHING
from tests.unit.database.interleaving import Interleaving, Met, Operation, Ran
from tests.unit.database.kept_rows import KeptRows

Check = Callable[[Connection, str], None]


class Search:
    """Runs operations in pairs, and checks what they leave.

    Args:
        database: With the rows that each pair begins with.
        operations: By name.
        check: What must hold after whatever was done, of which it is told.
    """

    def __init__(self, database: Database, operations: Mapping[str, Operation], check: Check) -> None:
        self._database, self._operations, self._check = database, operations, check
        self._rows = KeptRows(database)
        self._in_turn: dict[tuple[str, str], Met] = {}
        url = database._engine.url.render_as_string(hide_password=False)
        self._interleaving = Interleaving(url)

    @cached_property
    def solo(self) -> Mapping[str, Ran]:
        """What each operation does by itself."""
        return {what: self._alone(what) for what in self._operations}

    def meet_all(self, first: str, others: Collection[str]) -> int:
        """Lets each of others come before statements of one where that matters; how many schedules."""
        return sum(1 for second in others for _ in self._schedules(first, second))

    def _schedules(self, first: str, second: str) -> Iterator[Met]:
        if not self.solo[first].footprint.meets(self.solo[second].footprint):
            return
        steps = self.solo[first].steps
        # What an operation touches may depend on what it finds.
        touched = self.solo[second].footprint + self._after(first, second).first.footprint
        places = list(self._interleaving.places(steps, touched))
        passed = 0
        for place in some(places) if self._interleaving.on_postgresql else places:
            # What waits has seen nothing of a transaction, wherever else in it it comes.
            if steps[place].transaction != passed:
                met = self._meet(first, second, place) if place else self._after(second, first)
                yield met
                passed = steps[place].transaction if met.waited else 0

    def _after(self, first: str, second: str) -> Met:
        """The second operation when all of the first has come before it."""
        key = first, second
        if key not in self._in_turn:
            self._in_turn[key] = self._meet(second, first, 0)
        return self._in_turn[key]

    def _alone(self, what: str) -> Ran:
        ran = self._interleaving.alone(self._operations[what])
        self._judge(what, {what: ran})
        return ran

    def _meet(self, first: str, second: str, place: int) -> Met:
        met = self._interleaving.at(place, self._operations[first], self._operations[second])
        told = f"{second} before statement {place} of {first}"
        self._judge(told, {first: met.first}, {second: met.second})
        for what, ran in ((first, met.first), (second, met.second)):
            assert ran.transactions == self.solo[what].transactions, f"{told}: {what} was tried again"
        return met

    def _judge(self, told: str, *each: Mapping[str, Ran]) -> None:
        """Checks what is left, and brings back what was there."""
        rans = [(what, ran) for one in each for what, ran in one.items()]
        try:
            for what, ran in rans:
                assert ran.error is None, f"{told}: {what} raised {ran.error!r}"
            with self._database.reading() as connection:
                self._check(connection, told)
        finally:
            self._rows.restore(sum((ran.footprint for _, ran in rans), NOTHING).writes)

    def close(self) -> None:
        """Forgets the rows, and closes what was opened."""
        self._interleaving.close()
        self._rows.forget()
