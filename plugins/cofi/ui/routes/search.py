"""Calls by what was said in them, and by what is known and was judged of them."""

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, HTTPException, Request
from fastapi.responses import FileResponse, HTMLResponse, Response
from pydantic import BaseModel
from starlette.background import BackgroundTask

from cofi.settings import Settings
from cofi.ui.access import WRITES, requires
from cofi.ui.asking import AskedDep, Words
from cofi.ui.pages import PRIVATE
from include.access.record import Access
from include.access.rights import Right
from include.calls.call import CallState
from include.calls.vocabulary import SignalKind
from include.errors import InvalidInput
from include.export.rows import columns_of, rows_of
from include.export.writing import Format, write_rows
from include.search.choices import recent_choices
from include.search.filters import Filters, filters_of
from include.search.finding import Found, Place, find
from include.search.saved import forget_search, save_search, saved_searches

# What is found names agents and recordings of everybody.
router = APIRouter(prefix="/search", dependencies=[requires(Right.TEXT, Right.OTHERS)])

_NOT_FILTERS = ("after_day", "after_call", "format")


class Kept(BaseModel):
    """A search to keep, as the page's script sends it."""

    name: Words
    search: dict[str, str]
    shared: bool = False


async def wanted(request: Request) -> dict[str, str]:
    """The filters in the address; fields that are left empty are not among them."""
    return {
        name: value
        for name, value in request.query_params.items()
        if value.strip() and name not in _NOT_FILTERS
    }


WantedDep = Annotated[dict[str, str], Depends(wanted)]


@router.get("")
def search(
    asked: AskedDep, wanted: WantedDep, after_day: date | None = None, after_call: str | None = None
) -> HTMLResponse:
    """A page of calls, newest first; what was asked wrongly is named beside the form."""
    after = (after_day, after_call) if after_day and after_call else None
    blind = asked.blind
    with asked.database.reading() as connection:
        found, problem = _found(connection, wanted, after, blind)
        saved = saved_searches(connection, asked.person.name)
    asked.record_all([call.call_id for call in found.calls if call.snippets] if found else [], Access.TEXT)
    return asked.page(
        "search.html",
        tab="search",
        status=400 if problem else 200,
        asked=wanted,
        query=urlencode(wanted),
        found=found,
        following=_address(wanted, found.following) if found and found.following else None,
        is_first=after is None,
        problem=problem,
        saved=saved,
        addresses={one.search_id: urlencode(one.filters.asked()) for one in saved if one.filters},
        choices=recent_choices(asked.database),
        states=list(CallState),
        signals=list(SignalKind),
        formats=list(Format),
        calibrates=asked.person.leads,
        blind=blind,
    )


@router.get("/export")
def export(asked: AskedDep, wanted: WantedDep, format: Format = Format.CSV) -> Response:
    """What is found, as a file."""
    filters, blind = filters_of(wanted), asked.blind
    with asked.database.reading() as connection, _kept_file(format) as path:
        rows = rows_of(connection, filters, without=blind)
        write_rows(path, format, columns_of(connection), rows, Settings.load().timezone)
    return FileResponse(
        path,
        media_type=format.media_type,
        filename=f"calls.{format}",
        headers=PRIVATE,
        background=BackgroundTask(path.unlink),
    )


@router.post("/saved", dependencies=[WRITES])
def keep(asked: AskedDep, kept: Kept) -> Response:
    """Keeps a search under a name, for oneself or for all who may search."""
    filters, owner = filters_of(kept.search), asked.person.name
    asked.write(lambda connection: save_search(connection, owner, kept.name, filters, shared=kept.shared))
    return Response(status_code=204, headers=PRIVATE)


@router.delete("/saved/{search_id}", dependencies=[WRITES])
def forget(asked: AskedDep, search_id: str) -> Response:
    """Deletes a search of one's own."""
    if not asked.write(lambda connection: forget_search(connection, asked.person.name, search_id)):
        raise HTTPException(404, "You have no such search: it is deleted already, or somebody else's.")
    return Response(status_code=204, headers=PRIVATE)


def _found(
    connection: Any, wanted: dict[str, str], after: Place | None, blind: Collection[str]
) -> tuple[Found | None, str | None]:
    try:
        filters: Filters = filters_of(wanted)
        return find(connection, filters, after, without=blind), None
    except InvalidInput as error:
        return None, str(error)


def _address(wanted: dict[str, str], place: Place) -> str:
    return urlencode({**wanted, "after_day": place[0], "after_call": place[1]})


@contextmanager
def _kept_file(into: Format) -> Iterator[Path]:
    """A file for a response, which deletes it; deleted here when it does not come to that."""
    with NamedTemporaryFile(prefix="cofi-export-", suffix=f".{into}", delete=False) as file:
        path = Path(file.name)
    try:
        yield path
    except BaseException:
        path.unlink(missing_ok=True)
        raise
