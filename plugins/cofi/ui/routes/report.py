"""The report of a run; while it is on, how far it is."""

import logging
from pathlib import Path

from airflow.api_fastapi.auth.managers.models.resource_details import DagAccessEntity
from airflow.api_fastapi.core_api.security import requires_access_dag
from fastapi import APIRouter, Depends, HTTPException, Request
from fastapi.responses import FileResponse, HTMLResponse, Response

from cofi.runs import batch_id_of
from cofi.settings import Settings
from cofi.ui.access import PersonDep
from cofi.ui.data import database
from cofi.ui.links import DAG_IDS, report_folder
from cofi.ui.pages import PRIVATE, render
from include.access.rights import Person, Right
from include.delivery.leaving_out import without_calls
from include.delivery.live import LiveRun, live_run
from include.review.blindness import blind_calls

log = logging.getLogger(__name__)
# The page quotes transcripts: whoever may not see the run may not see it.
router = APIRouter(dependencies=[Depends(requires_access_dag("GET", DagAccessEntity.RUN))])

# Nothing runs in it but the scripts that are served here, and nothing is loaded from anywhere.
_REPORT = PRIVATE | {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'unsafe-inline'; "
    "img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'self'",
}


@router.get("/report")
def report(request: Request, person: PersonDep, dag_id: str, run_id: str) -> Response:
    """The report of a run that has ended, or how far it is."""
    if dag_id not in DAG_IDS:
        raise HTTPException(404, f"{dag_id} writes no audit reports.")
    batch_id = batch_id_of(dag_id, run_id)
    page = report_folder(Settings.load(), batch_id) / "report.html"
    live = _live(batch_id, page)
    if live is None or (live.may_have_report and page.is_file()):
        return _report(page, person)
    return render(request, None, "live.html", live=live, run_id=run_id)


def _report(page: Path, person: Person) -> Response:
    """The report as it was written; who answers some of its calls blind is not shown these."""
    blind = _blind(person)
    if not blind:
        return FileResponse(page, headers=_REPORT)
    return HTMLResponse(without_calls(page.read_text(encoding="utf-8"), blind), headers=_REPORT)


def _blind(person: Person) -> frozenset[str]:
    """Nobody takes part in calibration who may not answer: their report needs no database.

    Nor does that of who leads calibration, and of Airflow's admins: it is them who look when it is out.
    """
    if not person.may(Right.ANSWER):
        return frozenset()
    try:
        return database().read(lambda connection: blind_calls(connection, person.name))
    except Exception:
        if not person.leads:
            raise
        log.warning("Whether %s answers calls of the report blind cannot be told", person.name, exc_info=True)
        return frozenset()


def _live(batch_id: str, page: Path) -> LiveRun | None:
    """None when the database cannot tell, and there is a report, which needs none."""
    try:
        return database().read(lambda connection: live_run(connection, batch_id))
    except Exception:
        if not page.is_file():
            raise
        log.warning("Whether the report of %s is its newest cannot be told", batch_id, exc_info=True)
        return None
