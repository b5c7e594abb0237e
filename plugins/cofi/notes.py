"""A run's note in Airflow: its day when it begins, and its ledger when it has ended, in every list of runs.

Tasks have no right to write a note, and a deployment has no account for them. The scheduler, which changes
the state of a run, tells its listeners within its own transaction: the note is written with the state.
"""

import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from typing import TYPE_CHECKING, Any

from airflow.listeners import hookimpl

from cofi.runs import AUDIT_DAG, RESCORE_DAG, batch_id_of

if TYPE_CHECKING:
    from airflow.models.dagrun import DagRun

log = logging.getLogger(__name__)

# The scheduler waits no longer for cofi's database.
_PATIENCE_S = 8.0


class NoteWriter:
    """Listens for runs that begin and end."""

    @hookimpl
    def on_dag_run_running(self, dag_run: "DagRun") -> None:
        """Writes the day."""
        _write(dag_run, _begun)

    @hookimpl
    def on_dag_run_success(self, dag_run: "DagRun") -> None:
        """Writes the ledger."""
        _write(dag_run, _ended)

    @hookimpl
    def on_dag_run_failed(self, dag_run: "DagRun") -> None:
        """Writes the ledger, and why."""
        _write(dag_run, _ended)


def _write(dag_run: "DagRun", part: Callable[["DagRun"], str | None]) -> None:
    """A note that cannot be written costs a run nothing."""
    if dag_run.dag_id not in (AUDIT_DAG, RESCORE_DAG):
        return
    from include.delivery.note import written  # noqa: PLC0415 - every task imports this module

    try:
        own = part(dag_run)
        note = written(dag_run.note, own) if own else None
        if note is not None:
            dag_run.note = note
    except Exception:
        log.warning("The note of %s could not be written", dag_run.run_id, exc_info=True)


def _begun(dag_run: "DagRun") -> str | None:
    """Cofi's part of the note; None where the day is not known: the first task says why."""
    from cofi.days import resolve_day  # noqa: PLC0415
    from cofi.settings import Settings  # noqa: PLC0415
    from include.delivery.note import begun  # noqa: PLC0415
    from include.errors import InvalidInput  # noqa: PLC0415

    conf: dict[str, Any] = dag_run.conf or {}
    try:
        timezone = Settings.load().timezone
        run_type = str(getattr(dag_run.run_type, "value", dag_run.run_type))
        day = resolve_day({"day": conf.get("day")}, dag_run.data_interval_start, timezone, run_type)
        last_day = conf.get("last_day")
        return begun(day, date.fromisoformat(last_day) if last_day else None)
    except (InvalidInput, ValueError):
        return None


def _ended(dag_run: "DagRun") -> str | None:
    """In a thread of its own: the scheduler's session belongs to its thread, and must not be closed here."""
    batch_id = batch_id_of(dag_run.dag_id, dag_run.run_id)
    threads = ThreadPoolExecutor(1, "cofi-note")
    try:
        return threads.submit(_read, batch_id).result(_PATIENCE_S)
    finally:
        threads.shutdown(wait=False)


def _read(batch_id: str) -> str | None:
    from cofi.hooks.database import CofiDatabaseHook  # noqa: PLC0415
    from include.database.engine import Database  # noqa: PLC0415
    from include.delivery.note import ended  # noqa: PLC0415

    database = Database(CofiDatabaseHook().url(), _PATIENCE_S)
    try:
        return database.read(lambda connection: ended(connection, batch_id))
    finally:
        database.close()
