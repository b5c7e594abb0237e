"""The end of a run: its books are closed and its report written, or the run fails and says why."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from airflow.sdk import BaseOperator, Context
from airflow.sdk.exceptions import AirflowSkipException

from cofi import books, ending, observing
from cofi.batch import batch_of
from cofi.hooks.database import CofiDatabaseHook
from cofi.runs import batch_id_in, works_before
from cofi.ui.links import ReportLink
from include.errors import LedgerOpen


class ReportOperator(BaseOperator):
    """Runs also after failures; it fails the run when the ledger does not close.

    It skips itself while tasks before it still work, because somebody has marked one in between: the report
    of such a run is written by the next look of `close_runs` after the run's end.

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
            AirflowSkipException: The run works on: what it comes to is not known yet.
            LedgerOpen: Some calls are unaccounted for, or the run never came to a plan.
            DayIncomplete: The ledger closes, but the day lacks recordings, and the site wants to know.
            NearlyAllFailed: The ledger closes, but something is wrong with more than the calls.
        """
        if works_before(context):
            raise AirflowSkipException(ending.leave_open(CofiDatabaseHook().get_conn(), batch_id_in(context)))
        if self.batch is None:
            raise LedgerOpen("The run failed before its batch was opened: see the log of open_batch.")
        database, planned = CofiDatabaseHook().get_conn(), self.planned is not None
        ledger, error = books.close(database, batch_of(self.batch, {}), planned=planned)
        observing.run_ended(ledger)
        if error:
            raise error
        return asdict(ledger)
