"""Through the calls from the newest on, a stretch at a time, for as long as somebody waits for a page.

One statement for a page is quick where the database guesses right how many calls fulfil what is asked, and
goes through years where it guesses wrong. A stretch is a range of an index: whatever is asked, no call
outside of it is looked at.
"""

import time
from collections.abc import Collection, Sequence
from datetime import date
from typing import Any

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    Connection,
    Date,
    Select,
    String,
    any_,
    literal,
    select,
    tuple_,
)

from include.database.models import CallRow

# Calls in a stretch. The first one is looked through whatever the time; a next one is as long as time allows.
FIRST_CALLS = 1000
_TIMES_LONGER = 4

# A call in the order of pages: its day and id.
Place = tuple[date, str]
Condition = ColumnElement[bool]

_place = tuple_(CallRow.day, CallRow.call_id)


class Walk:
    """Finds calls, the newest first; it begins with the newest `FIRST_CALLS`.

    Args:
        connection: To cofi's database.
        calls: Which calls are gone through: conditions on their day.
        wanted: What a call must fulfil to be found.
        most: How many are sought.
        after: The call before the first that is looked at; None for the newest.

    Attributes:
        found: Calls that were found so far.
        end: The last call that was looked at; None when nothing is left beyond it.
    """

    def __init__(
        self,
        connection: Connection,
        calls: Sequence[Condition],
        wanted: Sequence[Condition],
        most: int,
        after: Place | None = None,
    ) -> None:
        self._connection, self._calls, self._wanted, self._most = connection, calls, wanted, most
        self._began_s = time.monotonic()
        self.found: list[Place] = []
        self.end = after
        self.is_over = False
        self.look(FIRST_CALLS)

    def look(self, calls: int) -> None:
        """Looks through the next calls."""
        began_s = time.monotonic()
        # The last of them, and whether one is behind it.
        ends = _places(self._connection, self._rest().offset(calls - 1).limit(2))
        last = ends[0] if len(ends) > 1 else None
        stretch = self._rest().where(*self._wanted)
        if last:
            stretch = stretch.where(CallRow.day >= last[0], _place >= _as_tuple(last))
        self._take(stretch, last)
        self._took_s = max(time.monotonic() - began_s, 1e-6)

    def look_at(self, call_ids: Collection[str]) -> None:
        """Looks at these alone: none of the others that are left is wanted."""
        self._take(self._rest().where(_among(self._connection, call_ids), *self._wanted), None)

    def go_on(self, patience_s: float) -> None:
        """Looks through more and more, until enough are found or the next calls would take too long.

        Args:
            patience_s: Since the walk began.
        """
        calls = FIRST_CALLS
        while not self.is_over:
            left_s = self._began_s + patience_s - time.monotonic()
            calls = int(calls * min(_TIMES_LONGER, left_s / self._took_s))
            if calls < FIRST_CALLS:
                break
            self.look(calls)

    def _rest(self) -> Select[date, str]:
        query = select(CallRow.day, CallRow.call_id).where(*self._calls)
        left = query.where(*before(self.end)) if self.end else query
        return left.order_by(CallRow.day.desc(), CallRow.call_id.desc())

    def _take(self, query: Select[date, str], last: Place | None) -> None:
        wanting = self._most - len(self.found)
        found = _places(self._connection, query.limit(wanting))
        self.found += found
        is_enough = len(found) == wanting
        self.end = found[-1] if is_enough else last
        self.is_over = is_enough or last is None


def before(place: Place) -> tuple[Condition, ...]:
    """The calls behind a place in the order of pages; by day too, as databases estimate by single columns."""
    return CallRow.day <= place[0], _place < _as_tuple(place)


def _among(connection: Connection, call_ids: Collection[str]) -> Condition:
    """Of PostgreSQL one parameter, a list: its driver takes 15 ms to number 2,000."""
    some = sorted(call_ids)
    if connection.dialect.name == "postgresql":
        return CallRow.call_id == any_(literal(some, ARRAY(String)))
    return CallRow.call_id.in_(some)


def _places(connection: Connection, query: Select[date, str]) -> list[Place]:
    return [(day, call_id) for day, call_id in connection.execute(query).all()]


def _as_tuple(place: Place) -> Any:
    return tuple_(literal(place[0], Date), literal(place[1], String))
