"""Closes the books of a run: settles, counts, announces and judges it, and writes its report.

The run's task `report` closes them. Where that never ran, or could not do all of it, the task `clean_up`
does, and where Airflow let no task run any more, the DAG `close_runs`.
"""

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import Connection

from cofi.reviewing import fill_queue
from cofi.settings import Settings
from cofi.ui.links import report_folder
from include.calls.ledger import Ledger
from include.database import batches, days, owed, settling, spending, statistics
from include.database.batches import Batch
from include.database.engine import Database
from include.delivery.verdict import Books, judged
from include.errors import CofiError, InvalidInput, LedgerOpen
from include.review.machine import count_machine
from include.search.indexing import index_calls
from include.trends.counting import count_days, days_of_run

if TYPE_CHECKING:
    from include.judge.nights import CanaryNight
    from include.scorecards.gold import Labels

log = logging.getLogger(__name__)

_RAISE_IT = "Raise it and trigger the same run again: nothing is paid for twice."


@dataclass(frozen=True)
class Stopped:
    """How a run was ended from outside.

    Attributes:
        sentence: What stopped it, as a sentence.
        by_ledger: It is done all the same if its ledger closes.
    """

    sentence: str
    by_ledger: bool


def close(
    database: Database, batch: Batch, *, planned: bool | None = None, stopped: Stopped | None = None
) -> tuple[Ledger, CofiError | None]:
    """Closes the books of a run, and writes its report.

    Args:
        database: cofi's.
        batch: Of the run.
        planned: Whether it came to a plan; as the database knows when it is left out.
        stopped: How it was ended from outside; None when it came to its own end.

    Returns:
        The ledger, and why the run fails by it; None when it does not.
    """
    share, labels = Settings.load().alarm_failed_share, _labels()
    canaries = _canaries(database, batch.batch_id, labels)
    statistics.count_rows(database, batch.batch_id, statistics.WORKED)

    def work(connection: Connection) -> tuple[Books, CofiError | None]:
        books = _counted(connection, batch, canaries, planned=planned, stopped=stopped)
        error = judged(books, share)
        owed.close(connection, batch.batch_id, str(error) if error else None)
        return books, error

    books, error = database.write(work)
    if books.waiting_for_money:
        log.warning(
            "%d calls wait for money: the LLM budget is used up. %s", books.waiting_for_money, _RAISE_IT
        )
    _write(database, batch.batch_id, labels, canaries)
    return books.ledger, error


def close_unopened(database: Database, batch_id: str, stopped: Stopped) -> CofiError:
    """Closes the books of a run that never had a batch: there is nothing in them but why."""
    run = database.read(lambda connection: owed.run_of(connection, batch_id))
    trouble = (run and run.trouble) or stopped.sentence
    error = LedgerOpen(f"The run failed before its batch was opened: {trouble}")

    def work(connection: Connection) -> None:
        owed.close(connection, batch_id, str(error))
        owed.cleaned(connection, batch_id)

    database.write(work)
    write_report(database, batch_id)
    return error


def write_report(database: Database, batch_id: str) -> None:
    """Writes the report of a run whose books are closed; it is owed until this has come to its end."""
    labels = _labels()
    _write(database, batch_id, labels, _canaries(database, batch_id, labels))


def _write(
    database: Database, batch_id: str, labels: "Labels | None", canaries: "CanaryNight | None"
) -> None:
    # Charts and templates take a second to load, which no other task should pay.
    from include.delivery.report import write_report, write_stopped  # noqa: PLC0415
    from include.delivery.summary import summarise  # noqa: PLC0415
    from include.delivery.table import text_table  # noqa: PLC0415

    settings = Settings.load()
    folder, timezone = report_folder(settings, batch_id), settings.timezone
    batch = database.read(lambda connection: batches.batch_of_run(connection, batch_id))
    if batch is None:
        run = database.read(lambda connection: owed.run_of(connection, batch_id))
        page = write_stopped(batch_id, (run and run.reason) or "", folder, timezone)
    else:
        _pass_on(database, batch)
        try:
            summary = summarise(database, batch_id, labels, canaries, timezone)
        except InvalidInput as error:  # labels that are no answers of the run's scorecard
            log.warning("Not compared with gold labels: %s", error)
            summary = summarise(database, batch_id, None, canaries, timezone)
        for line in text_table(summary).splitlines():
            log.info(line)
        page = write_report(summary, folder)
    database.write(lambda connection: owed.reported(connection, batch_id))
    log.info("Report: %s", page)


def _pass_on(database: Database, batch: Batch) -> None:
    """What others make of the calls that have ended."""
    log.info("Searches find %d more transcripts", index_calls(database, batch.batch_id))
    fill_queue(Settings.load(), database, batch)
    days = database.read(lambda c: days_of_run(c, batch.batch_id))
    database.write(lambda c: count_days(c, days))
    database.write(lambda c: count_machine(c, days))


def _counted(
    connection: Connection,
    batch: Batch,
    canaries: "CanaryNight | None",
    *,
    planned: bool | None,
    stopped: Stopped | None,
) -> Books:
    run, more = (
        owed.run_of(connection, batch.batch_id),
        {"canaries": canaries.event_values()} if canaries else {},
    )
    ledger, unaccounted = settling.end(connection, batch, more)
    return Books(
        ledger,
        unaccounted,
        batches.worked_on(connection, batch),
        spending.count_stopped(connection, batch.batch_id),
        batches.failed_tries(connection, batch),
        days.own_day(connection, batch.batch_id),
        planned=bool(run and run.planned_at) if planned is None else planned,
        trouble=run and run.trouble,
        stopped=stopped.sentence if stopped else None,
        by_ledger=bool(stopped and stopped.by_ledger),
    )


def _canaries(database: Database, batch_id: str, labels: "Labels | None") -> "CanaryNight | None":
    """What the run's canaries come to; None when it asked none."""
    from include.judge.nights import night_of_run  # noqa: PLC0415

    found = database.read(lambda connection: night_of_run(connection, batch_id, labels or {}))
    for one in found.drifts if found else ():
        log.warning(
            "Canaries drift: %s: %.1f %% of the answers agreed with gold before, tonight %.1f %%",
            one.criterion,
            100 * one.before,
            100 * one.share,
        )
    return found


def _labels() -> "Labels | None":
    """Gold labels, canaries' own among them; a wrong file must not cost a run its report."""
    from cofi.judge import all_labels  # noqa: PLC0415

    try:
        return all_labels(Settings.load())
    except InvalidInput as error:
        log.warning("Not compared with gold labels: %s", error)
        return None
