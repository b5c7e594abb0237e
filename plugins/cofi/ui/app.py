"""The pages that cofi adds to Airflow's web server: calls to review, days, a call, and a run's report.

A module in `routes` for each kind of page, templates in `templates`, scripts and styles in `static`. Nobody
is answered who is not signed in; what a page shows besides, its own dependencies decide (`cofi.ui.access`).
"""

import logging

from airflow.api_fastapi.core_api.security import requires_authenticated
from fastapi import Depends, FastAPI, Request
from fastapi.responses import JSONResponse, RedirectResponse, Response
from sqlalchemy.exc import DataError
from starlette.exceptions import HTTPException

from cofi.ui.access import NO_RIGHTS, PersonDep
from cofi.ui.pages import PRIVATE, prefix_of, render
from cofi.ui.routes import (
    assigning,
    calibration,
    calls,
    certified,
    days,
    disputes,
    logs,
    mine,
    report,
    review,
    search,
    shards,
    sound,
    static,
    trends,
)
from cofi.ui.tabs import tabs_of
from include.errors import CofiError, NotForYou, PermanentError, TooLate

log = logging.getLogger(__name__)

ROUTERS = (
    report.router,
    logs.router,
    static.router,
    review.router,
    assigning.router,
    search.router,
    trends.router,
    certified.router,
    mine.router,
    days.router,
    calls.router,
    sound.router,
    shards.router,
    disputes.router,
    calibration.router,
)

app = FastAPI(
    title="cofi",
    docs_url=None,
    redoc_url=None,
    openapi_url=None,
    dependencies=[Depends(requires_authenticated())],
)
for router in ROUTERS:
    app.include_router(router)


@app.get("/")
def entrance(request: Request, person: PersonDep) -> Response:
    """Leads to the first tab that the person has."""
    tabs = tabs_of(person)
    if not tabs:
        raise HTTPException(403, NO_RIGHTS)
    return RedirectResponse(prefix_of(request) + tabs[0].path, headers=PRIVATE)


@app.exception_handler(HTTPException)
async def refused(request: Request, error: HTTPException) -> Response:
    """Says why there is nothing to see: as a page to people, as JSON to programs."""
    return _error_response(request, error.status_code, str(error.detail))


@app.exception_handler(CofiError)
async def failed(request: Request, error: CofiError) -> Response:
    """Cofi's own errors say what to do about them."""
    return _error_response(request, _status(error), str(error))


@app.exception_handler(DataError)
async def unkept(request: Request, error: DataError) -> Response:
    """PostgreSQL takes no NUL, which an address or a form can hold, and no text that is too long."""
    log.warning("%s holds what the database refuses: %s", request.url.path, type(error.orig).__name__)
    detail = "What was asked for or entered holds a character that nothing can have, or is too long."
    return _error_response(request, 400, detail)


def _status(error: CofiError) -> int:
    statuses = {NotForYou: 403, TooLate: 409, PermanentError: 400}
    return next((status for kind, status in statuses.items() if isinstance(error, kind)), 503)


def _error_response(request: Request, status: int, detail: str) -> Response:
    if "text/html" in request.headers.get("Accept", ""):
        # Who is signed in is led on by the tabs that are theirs.
        person = getattr(request.state, "person", None)
        return render(request, person, "error.html", status=status, code=status, detail=detail)
    return JSONResponse({"detail": detail}, status, PRIVATE)
