"""Judges a day by its recordings: a missing folder is not the same as a day without calls."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

import pendulum

from include.calls.call import Call
from include.calls.expected import Bound
from include.calls.on_disk import DiskDict
from include.calls.surroundings import Surroundings
from include.errors import InvalidInput

# Airflow's names for what starts a run.
SCHEDULED, BACKFILL, MANUAL = "scheduled", "backfill", "manual"


class DayState(StrEnum):
    """What a run found of a day.

    `NO_FOLDER`: none of its name. `EMPTY`: a folder without recordings. `FEW`: fewer than the site expects.
    `UNREADABLE`: a day before the run's own, which it could not look at again.
    """

    OK = "ok"
    NO_FOLDER = "no_folder"
    EMPTY = "empty"
    FEW = "few"
    UNREADABLE = "unreadable"


class Verdict(StrEnum):
    """What a day's state does to its run."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


class EmptyDay(StrEnum):
    """`[cofi] empty_day`: what absence does to a run. `AUTO`: as it is likely to be meant, by kind of run."""

    AUTO = "auto"
    OK = "ok"
    WARN = "warn"
    FAIL = "fail"

    @classmethod
    def parse(cls, text: str) -> "EmptyDay":
        """Reads `[cofi] empty_day`; empty is `auto`.

        Raises:
            InvalidInput: It is none of them.
        """
        try:
            return cls(text.strip().lower() or cls.AUTO)
        except ValueError as error:
            raise InvalidInput(f"[cofi] empty_day = {text}: enter one of {', '.join(cls)}.") from error


@dataclass(frozen=True)
class JudgedDay:
    """A day as a run found it.

    Attributes:
        recordings: How many recordings of the day are known now, whichever run found them.
        problem: A sentence that describes the problem of the day; None when there is none.
    """

    day: date
    state: DayState
    verdict: Verdict
    recordings: int
    problem: str | None = None


def judge(
    day: date,
    recordings: int,
    around: Surroundings | None,
    least: Bound | None,
    *,
    location: str,
    run_type: str,
    empty_day: EmptyDay,
) -> JudgedDay:
    """Judges a day by how many recordings it has.

    Args:
        day: The day.
        recordings: See `JudgedDay`.
        around: What lies where the day's folder is not; None when it is there, or when recordings are known.
        least: What the site expects at least; None for anything.
        location: How to call the place where folders of days lie.
        run_type: What started the run, as Airflow calls it.
        empty_day: The setting.
    """
    if around:
        state, problem = DayState.NO_FOLDER, around.describe(location)
    elif not recordings:
        state, problem = DayState.EMPTY, f"The folder of {day} in {location} holds no recordings."
    elif least and recordings < least.recordings:
        state, problem = DayState.FEW, f"{day} has {_count(recordings)}, and {least.sentence}."
    else:
        return JudgedDay(day, DayState.OK, Verdict.OK, recordings)
    layout_fits = around is None or around.layout_fits
    return JudgedDay(day, state, verdict_of(state, empty_day, run_type, layout_fits), recordings, problem)


def verdict_of(state: DayState, empty_day: EmptyDay, run_type: str, layout_fits: bool = True) -> Verdict:
    """What a state does to a run, by the setting; with `auto`, by what started the run.

    A night whose folder is missing has lost its recordings or its mount, and who asks for a day by hand has
    mistyped it. A backfill goes over days on which nobody worked. Folders that are called in another way than
    the layout says are there every day, whatever started the run.
    """
    if state in {DayState.OK, DayState.UNREADABLE}:
        return Verdict.OK if state is DayState.OK else Verdict.WARN
    if empty_day is not EmptyDay.AUTO:
        return Verdict(empty_day.value)
    if state is DayState.NO_FOLDER and (run_type != BACKFILL or not layout_fits):
        return Verdict.FAIL
    return Verdict.WARN


def is_recording(call: Call) -> bool:
    """Whether there is, or was, a file: some calls are known from the day's manifest alone."""
    return call.size_bytes > 0 or call.modified_at is not None


def recordings_of(*calls: Iterable[Call]) -> int:
    """How many recordings there are among calls that may be named more than once."""
    return len(DiskDict((call.path, None) for some in calls for call in some if is_recording(call)))


def day_of(call: Call, timezone: str) -> date:
    """The site's day in which a call began, or the day of its folder where nobody says when it began.

    A recorder that cuts its days in another zone puts calls of two of the site's days into one folder.
    """
    began = call.metadata.started_at
    return call.day if began is None else pendulum.instance(began).in_timezone(timezone).date()


def began_on_other_days(calls: Iterable[Call], timezone: str) -> Mapping[date, int]:
    """How many calls lie in the folder of another day than the one on which they began."""
    counts: dict[date, int] = {}
    for call in calls:
        if (day := day_of(call, timezone)) != call.day:
            counts[day] = counts.get(day, 0) + 1
    return dict(sorted(counts.items()))


def _count(recordings: int) -> str:
    return f"{recordings:,} recording{'' if recordings == 1 else 's'}"
