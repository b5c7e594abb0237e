"""The days of a run: how its own was found, and what it took up of those before."""

from dataclasses import dataclass
from datetime import date

from sqlalchemy import Connection

from include.calls.days import DayState, JudgedDay, Verdict
from include.calls.ledger import Ledger
from include.database.days import LateCalls, days_of, late_calls, ledgers_by_day
from include.delivery.wording import count

_NOTHING = LateCalls(0, 0)


@dataclass(frozen=True)
class DayFigures:
    """One day of a run.

    Attributes:
        state: How the run found it.
        verdict: What the day's state did to the run.
        problem: A sentence about a problem of the day; None when there is none.
        recordings: All recordings that are known of the day.
        new: Recordings that came late, for a day before the run's own.
        again: Calls of such a day that earlier runs had left open, or quarantined as incomplete.
        ledger: The calls that this run accounts for, by the state they ended in.
    """

    day: date
    state: DayState
    verdict: Verdict
    problem: str | None
    recordings: int
    new: int
    again: int
    ledger: Ledger

    @property
    def late(self) -> str:
        """What came late, in words; empty for nothing."""
        parts = [f"{count(self.new)} for {self.day}"] if self.new else []
        if self.again:
            parts.append(f"{count(self.again)} of {self.day} that earlier runs had not ended")
        return ", ".join(parts)


def summarise_days(connection: Connection, batch_id: str) -> tuple[DayFigures, ...]:
    """The days of an audit, the earliest first; none of a rescore, or before discovery."""
    late, ledgers = late_calls(connection, batch_id), ledgers_by_day(connection, batch_id)
    return tuple(
        _figures(judged, late.get(judged.day, _NOTHING), ledgers.get(judged.day, Ledger()))
        for judged in days_of(connection, batch_id)
    )


def _figures(judged: JudgedDay, late: LateCalls, ledger: Ledger) -> DayFigures:
    return DayFigures(**vars(judged), new=late.new, again=late.again, ledger=ledger)
