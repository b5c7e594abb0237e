"""The end of a run: the ledger is closed and the report written, or the run fails and says why."""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseOperator, Context

from cofi import observing
from cofi.batch import batch_of
from cofi.hooks.database import CofiDatabaseHook
from cofi.reviewing import fill_queue
from cofi.settings import Settings
from cofi.ui.links import ReportLink, report_folder
from include.calls.days import JudgedDay, Verdict
from include.calls.ledger import Ledger
from include.database import batches, days, rescores, spending
from include.database.batches import Batch
from include.database.engine import Database
from include.database.work import BatchKind
from include.errors import DayIncomplete, InvalidInput, LedgerOpen, NearlyAllFailed
from include.search.indexing import index_calls
from include.trends.counting import count_days, days_of_run

if TYPE_CHECKING:
    from include.judge.nights import CanaryNight
    from include.scorecards.gold import Labels

_NAMED = 20
_RAISE_IT = "Raise it and trigger the same run again: nothing is paid for twice."


class ReportOperator(BaseOperator):
    """Runs also after failures; it fails the run when the ledger does not close.

    Args:
        batch: From the task that opened it; None when that failed.
        planned: From the plan; None when discovery or planning failed.
    """

    template_fields: Sequence[str] = ("batch", "planned")
    operator_extra_links = (ReportLink(),)

    def __init__(self, *, batch: dict[str, Any] | None, planned: list[int] | None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.batch = batch
        self.planned = planned

    def execute(self, context: Context) -> dict[str, Any]:
        """Settles, counts, writes the report.

        Returns:
            The ledger.

        Raises:
            LedgerOpen: Some calls are unaccounted for, or the run never came to a plan.
            DayIncomplete: The ledger closes, but the day lacks recordings, and the site wants to know.
            NearlyAllFailed: The ledger closes, but something is wrong with more than the calls.
        """
        if self.batch is None:
            raise LedgerOpen("The run failed before its batch was opened: see the log of open_batch.")
        batch = batch_of(self.batch, {})
        database, labels = CofiDatabaseHook().get_conn(), self._labels()
        canaries = self._canaries(database, batch, labels)
        more = {"canaries": canaries.told()} if canaries else {}
        with database.writing() as connection:
            batches.settle(connection, batch)
            if batch.kind is not BatchKind.AUDIT:
                rescores.end_strays(connection, batch)
            ledger, unaccounted = batches.close(connection, batch, more)
            worked_on = batches.worked_on(connection, batch)
            stopped = spending.count_stopped(connection, batch.batch_id)
            day = days.own_day(connection, batch.batch_id)
        observing.run_ended(ledger)
        self.log.info("Searches find %d more transcripts", index_calls(database, batch.batch_id))
        fill_queue(Settings.load(), database, batch)
        database.write(lambda c: count_days(c, days_of_run(c, batch.batch_id)))
        page = self._write(database, batch, labels, canaries)
        self.log.info("Report: %s", page)
        self._fill_queue(database, batch)
        if self.planned is None:
            raise LedgerOpen(
                "The run failed before its shards were planned: see the log of the task that is red. "
                f"Until then: {ledger}."
            )
        if not ledger.closed:
            raise LedgerOpen(_told(ledger, unaccounted))
        if day and day.verdict is Verdict.FAIL:
            raise DayIncomplete(_absent(day))
        if stopped:
            self.log.warning("%d calls wait for money: the LLM budget is used up. %s", stopped, _RAISE_IT)
        share = Settings.load().alarm_failed_share
        lost = worked_on.failed + worked_on.quarantined - stopped
        if lost > share * (lost + worked_on.audited):
            raise NearlyAllFailed(
                f"Worked on: {worked_on}. More than {share:.0%} were lost. The report groups the reasons; "
                "mend the first, and trigger the day again: only what is missing is done."
            )
        return asdict(ledger)

    def _write(
        self, database: Database, batch: Batch, labels: "Labels | None", canaries: "CanaryNight | None"
    ) -> Path:
        # Charts and templates take a second to load, which no other task should pay.
        from include.delivery.report import write_report  # noqa: PLC0415
        from include.delivery.summary import summarise  # noqa: PLC0415
        from include.delivery.table import text_table  # noqa: PLC0415

        try:
            summary = summarise(database, batch.batch_id, labels, canaries)
        except InvalidInput as error:  # labels that are no answers of the run's scorecard
            self.log.warning("Not compared with gold labels: %s", error)
            summary = summarise(database, batch.batch_id, None, canaries)
        for line in text_table(summary).splitlines():
            self.log.info(line)
        return write_report(summary, report_folder(Settings.load(), batch.batch_id))

    def _fill_queue(self, database: Database, batch: Batch) -> None:
        """People's queue; rules that are wrong must not cost a run its report."""
        from include.database.scorecards import scorecard_of  # noqa: PLC0415
        from include.review.filling import fill  # noqa: PLC0415
        from include.review.rules import load_rules  # noqa: PLC0415

        folder = Settings.load().scorecards_folder
        scorecard_id = database.read(lambda connection: scorecard_of(connection, batch.batch_id)).id
        try:
            rules = load_rules(folder, scorecard_id)
        except InvalidInput as error:
            self.log.warning("The queue of reviews is not filled: %s", error)
            return
        filled = database.write(lambda connection: fill(connection, batch.batch_id, rules))
        self.log.info("Review: %s", filled)

    def _canaries(self, database: Database, batch: Batch, labels: "Labels | None") -> "CanaryNight | None":
        """What the run's canaries come to; None when it asked none."""
        from include.judge.nights import night_of_run  # noqa: PLC0415

        found = database.read(lambda connection: night_of_run(connection, batch.batch_id, labels or {}))
        for one in found.drifts if found else ():
            self.log.warning(
                "Canaries drift: %s: %.1f %% of the answers agreed with gold before, tonight %.1f %%",
                one.criterion,
                100 * one.before,
                100 * one.share,
            )
        return found

    def _labels(self) -> "Labels | None":
        """Gold labels, canaries' own among them; a wrong file must not cost a run its report."""
        from cofi.judge import all_labels  # noqa: PLC0415

        try:
            return all_labels(Settings.load())
        except InvalidInput as error:
            self.log.warning("Not compared with gold labels: %s", error)
            return None


def _absent(day: JudgedDay) -> str:
    return (
        f"{day.told} When they are there, trigger the day again; nightly runs take up what comes late, as "
        "far back as [cofi] lookback_days says. [cofi] empty_day decides what fails a run."
    )


def _told(ledger: Ledger, unaccounted: list[str]) -> str:
    more = f" and {len(unaccounted) - _NAMED} more" if len(unaccounted) > _NAMED else ""
    return (
        f"The ledger does not close: {ledger}. Unaccounted for: {', '.join(unaccounted[:_NAMED])}{more}. "
        "Clear the task plan with its downstream tasks: only what is missing is done again."
    )
