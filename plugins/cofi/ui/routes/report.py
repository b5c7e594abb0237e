"""The report of a run."""

from airflow.api_fastapi.auth.managers.models.resource_details import DagAccessEntity
from airflow.api_fastapi.core_api.security import requires_access_dag
from fastapi import APIRouter, Depends, HTTPException
from fastapi.responses import FileResponse

from cofi.runs import batch_id_of
from cofi.settings import Settings
from cofi.ui.links import DAG_IDS, report_folder

router = APIRouter()

# The page quotes transcripts: whoever may not see the run may not see it. Nothing in it may run or load.
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; img-src data:",
    "X-Content-Type-Options": "nosniff",
}


@router.get("/report", dependencies=[Depends(requires_access_dag("GET", DagAccessEntity.RUN))])
def report(dag_id: str, run_id: str) -> FileResponse:
    """The report of a run; 404 until it has been written."""
    if dag_id not in DAG_IDS:
        raise HTTPException(404, f"{dag_id} writes no audit reports.")
    page = report_folder(Settings.load(), batch_id_of(dag_id, run_id)) / "report.html"
    if not page.is_file():
        raise HTTPException(404, f"Run {run_id} of {dag_id} has no report yet: its last task writes it.")
    return FileResponse(page, headers=_HEADERS)
