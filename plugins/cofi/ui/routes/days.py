"""Days with their ledgers, and the calls of a day."""

from datetime import date

from fastapi import APIRouter
from fastapi.responses import HTMLResponse

from cofi.ui.access import requires
from cofi.ui.asking import AskedDep
from include.access.rights import Right
from include.call_pages import days, lists
from include.calls.call import CallState

# A list names agents and recordings of everybody.
router = APIRouter(prefix="/days", dependencies=[requires(Right.TEXT, Right.OTHERS)])


@router.get("")
def all_days(asked: AskedDep, before: date | None = None) -> HTMLResponse:
    """The days that have calls or a run, newest first."""
    shown, following = asked.read(lambda connection: days.list_days(connection, before))
    return asked.page("days.html", tab="days", days=shown, before=before, following=following)


@router.get("/{day}")
def one_day(
    asked: AskedDep, day: date, state: CallState | None = None, after: str | None = None
) -> HTMLResponse:
    """A day's calls, in one state or in all."""
    ledger = asked.read(lambda connection: days.ledger_of(connection, day))
    problem = asked.read(lambda connection: days.problem_of(connection, day))
    blind = asked.blind
    page = asked.read(lambda connection: lists.calls_of_day(connection, day, state, after, blind=blind))
    values = {"day": day, "ledger": ledger, "problem": problem, "state": state, "after": after, "page": page}
    return asked.page("day.html", tab="days", states=list(CallState), **values)
