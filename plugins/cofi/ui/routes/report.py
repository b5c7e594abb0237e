"""The report of a run; while it is on, how far it is."""

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

from airflow.api_fastapi.auth.managers.models.resource_details import DagAccessEntity
from airflow.api_fastapi.core_api.security import requires_access_dag
from fastapi import APIRouter, BackgroundTasks, Depends, HTTPException, Request
from fastapi.responses import HTMLResponse, Response

from cofi.runs import batch_id_of
from cofi.settings import Settings
from cofi.ui.access import PersonDep
from cofi.ui.action_log import NoteDep
from cofi.ui.asking import Asked
from cofi.ui.data import database
from cofi.ui.links import DAG_IDS, report_folder
from cofi.ui.pages import PRIVATE, render
from include.access.record import Access
from include.access.rights import Person, Right
from include.delivery.leaving_out import quoted_calls, without_any_call, without_calls
from include.delivery.live import LiveRun, live_run
from include.errors import NotForYou

log = logging.getLogger(__name__)
# Whoever may not see the run may not see how it went; what a report tells of calls wants the rights on these.
router = APIRouter(dependencies=[Depends(requires_access_dag("GET", DagAccessEntity.RUN))])

# Nothing runs in it but the scripts that are served here, and nothing is loaded from anywhere.
_REPORT = PRIVATE | {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'unsafe-inline'; "
    "img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'self'",
}
_UNRECORDED = "Nobody could be recorded as their reader: the API server's log tells why."


def _asking(
    request: Request, person: PersonDep, after: BackgroundTasks, note: NoteDep
) -> Callable[[], Asked]:
    """Opens the database when it is wanted: how a run went can be read without one."""
    return lambda: Asked(request, person, database(), after, note)


AskingDep = Annotated[Callable[[], Asked], Depends(_asking)]


@router.get("/report")
def report(request: Request, person: PersonDep, asking: AskingDep, dag_id: str, run_id: str) -> Response:
    """The report of a run that has ended, or how far it is."""
    if dag_id not in DAG_IDS:
        raise HTTPException(404, f"{dag_id} writes no audit reports.")
    batch_id = batch_id_of(dag_id, run_id)
    page = report_folder(Settings.load(), batch_id) / "report.html"
    live = _live(batch_id, page)
    if live is None or (live.may_have_report and page.is_file()):
        return HTMLResponse(_shown(page.read_text(encoding="utf-8"), person, asking), headers=_REPORT)
    return render(request, None, "live.html", live=live, run_id=run_id)


def _shown(page: str, person: Person, asking: Callable[[], Asked]) -> str:
    """A report as it was written, or what of it this person may read, of whom that can be recorded."""
    lacking = [right for right in (Right.TEXT, Right.OTHERS) if not person.may(right)]
    if lacking:
        return without_any_call(page, f"Your account lacks the right '{lacking[0].value}'.")
    try:
        return _recorded(page, asking())
    except NotForYou:
        raise
    except Exception:
        log.warning("%s cannot be recorded as a reader of calls in a report", person.name, exc_info=True)
        return without_any_call(page, _UNRECORDED)


def _recorded(page: str, asked: Asked) -> str:
    """Without the calls that the person answers blind; that they read the others is recorded."""
    shown = without_calls(page, asked.blind)
    asked.record_all(quoted_calls(shown), Access.TEXT)
    return shown


def _live(batch_id: str, page: Path) -> LiveRun | None:
    """None when the database cannot tell, and there is a report, which needs none."""
    try:
        return database().read(lambda connection: live_run(connection, batch_id))
    except Exception:
        if not page.is_file():
            raise
        log.warning("Whether the report of %s is its newest cannot be told", batch_id, exc_info=True)
        return None
