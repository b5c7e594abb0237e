"""Closes the books of runs that have ended in Airflow without closing them themselves."""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from cofi import alerts, books, ending
from cofi.batch import check_tables
from cofi.books import Stopped
from cofi.hooks.database import CofiDatabaseHook
from cofi.settings import Settings
from include.database import owed
from include.database.engine import Database
from include.database.owed import Run
from include.errors import EventRefused, RunFailed

log = logging.getLogger(__name__)

# What Airflow says of a run: its state, or None when it has none of that id.
StateOf = Callable[[str], str | None]

_GOES_ON = {"queued", "running"}
_ENDED_AS: dict[str | None, str] = {
    "failed": "Airflow ended the run before its end: its time was up, or somebody marked it as failed.",
    "success": "Somebody marked the run as success before its end.",
    None: "Somebody deleted the run from Airflow before its end.",
}


@dataclass
class Sweep:
    """What a look came to: batch ids of runs by what was done for them; `told` and `untold` are of alerts."""

    closed: list[str] = field(default_factory=list)
    reported: list[str] = field(default_factory=list)
    cleaned: list[str] = field(default_factory=list)
    given_up: list[str] = field(default_factory=list)
    contradicted: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    told: list[str] = field(default_factory=list)
    untold: list[str] = field(default_factory=list)


async def close_ended(state_of: StateOf) -> dict[str, list[str]]:
    """Does what runs owe that have ended in Airflow.

    Args:
        state_of: Asks Airflow for the state of a batch's run.

    Returns:
        Batch ids by what was done for them.

    Raises:
        RunFailed: Airflow shows runs as success that are none, or what is owed could not be done.
    """
    database, patience_h = CofiDatabaseHook().get_conn(), Settings.load().close_runs_patience_h
    sweep = Sweep()
    for run in database.read(owed.owing):
        state = state_of(run.batch_id)
        if state not in _GOES_ON:
            await _do_what_is_owed(database, run, state, patience_h, sweep)
    await _tell_owed(database, sweep)
    since = datetime.now(UTC) - timedelta(hours=patience_h)
    for run in database.read(lambda connection: owed.closed_since(connection, since)):
        state = state_of(run.batch_id)
        if state not in _GOES_ON:
            _compare(database, run, state, sweep)
            await _tell(database, run, sweep)
    _raise_alarm(sweep)
    return {what: ids for what, ids in vars(sweep).items() if ids}


def begin(batch_id: str, state_of: StateOf) -> None:
    """Opens the books of a run, and closes those of runs that have ended: it finds no claim of theirs.

    Raises:
        InvalidInput: The database has the tables of another version.
    """
    check_tables()
    database = CofiDatabaseHook().get_conn()
    database.write(lambda connection: owed.begin(connection, batch_id))
    for run in database.read(owed.owing):
        if run.closed_at is None:
            _close_if_ended(database, run, state_of)


def _close_if_ended(database: Database, run: Run, state_of: StateOf) -> None:
    """Another run's trouble is none of this one's: the next look tries again."""
    try:
        state = state_of(run.batch_id)
        if state not in _GOES_ON:
            ending.close_open(database, run.batch_id, _stopped(state))
    except Exception:
        log.exception("The books of %s could not be closed", run.batch_id)


async def _do_what_is_owed(
    database: Database, run: Run, state: str | None, patience_h: float, sweep: Sweep
) -> None:
    """What cannot be done for one run keeps no other waiting."""
    try:
        if run.closed_at is None:
            await ending.last_words(database, run.batch_id)
            ending.close_open(database, run.batch_id, _stopped(state))
            sweep.closed.append(run.batch_id)
        elif run.reported_at is None:
            books.write_report(database, run.batch_id)
            sweep.reported.append(run.batch_id)
        if run.closed_at is None or run.cleaned_at is None:
            await _clean(database, run, patience_h, sweep)
    except Exception:
        log.exception("What was left to do for %s failed", run.batch_id)
        sweep.failed.append(run.batch_id)


def _stopped(state: str | None) -> Stopped:
    """Whom Airflow shows as success, or not at all, its ledger judges."""
    return Stopped(_ENDED_AS[state], by_ledger=state != "failed")


async def _clean(database: Database, run: Run, patience_h: float, sweep: Sweep) -> None:
    left = await ending.clean_up(database, run.batch_id)
    if not left:
        sweep.cleaned.append(run.batch_id)
    elif run.closed_at and run.closed_at < datetime.now(UTC) - timedelta(hours=patience_h):
        log.warning("Files of %s stay on %s until they are old there", run.batch_id, ", ".join(left))
        database.write(lambda connection: owed.cleaned(connection, run.batch_id))
        sweep.given_up.append(run.batch_id)


def _compare(database: Database, run: Run, state: str | None, sweep: Sweep) -> None:
    """A run that somebody has marked otherwise than its books tell: its report says so."""
    ended_as = "failed" if run.failed else "success"
    other = state if state not in {None, ended_as} else None
    if other == run.shown_as:
        return
    database.write(lambda connection: owed.note_airflow_state(connection, run.batch_id, other))
    books.write_report(database, run.batch_id)
    if other == "success":
        sweep.contradicted.append(run.batch_id)


async def _tell(database: Database, run: Run, sweep: Sweep) -> None:
    """Alerts of a run that failed, where Airflow's callbacks have not: they knew only what Airflow shows."""
    if not run.failed:
        return
    try:
        # Mails and chats wait for their servers.
        await asyncio.to_thread(alerts.tell_of_failed, database, run.batch_id)
    except Exception:
        log.exception("Nobody could be told that %s failed", run.batch_id)
        sweep.failed.append(run.batch_id)


async def _tell_owed(database: Database, sweep: Sweep) -> None:
    """Alerts that were raised before, when no place took them."""
    try:
        sweep.told += await asyncio.to_thread(alerts.tell_owed, database)
    except EventRefused as error:
        log.exception("An alert reached nobody")
        sweep.untold.append(str(error))


def _raise_alarm(sweep: Sweep) -> None:
    if sweep.contradicted:
        raise RunFailed(
            f"Airflow shows as success, and their books say failed: {', '.join(sweep.contradicted)}. "
            "Their reports say why."
        )
    if sweep.failed:
        raise RunFailed(
            "What is left to do of these runs could not be done, and is tried again: "
            f"{', '.join(sweep.failed)}."
        )
    if sweep.untold:
        raise RunFailed(f"{' '.join(sweep.untold)} The next look tries again.")
