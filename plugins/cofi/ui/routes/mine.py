"""An agent's own calls and scores, each with its why a click away."""

from datetime import date

from fastapi import APIRouter, HTTPException
from fastapi.responses import HTMLResponse

from cofi.ui.access import requires
from cofi.ui.asking import AskedDep
from include.access.rights import Right
from include.call_pages import lists

router = APIRouter(prefix="/mine", dependencies=[requires(Right.TEXT)])


@router.get("")
def own_calls(asked: AskedDep, day: date | None = None, after: str | None = None) -> HTMLResponse:
    """Their calls, the newest day first; `day` and `after` name the last call of the page before."""
    if not asked.person.agents:
        raise HTTPException(404, "Your account is no agent's: [cofi] agents_of_people says who is.")
    agents = sorted(asked.person.agents)
    last = (day, after) if day and after else None
    blind = asked.blind
    calls, following = asked.read(lambda c: lists.calls_of_agents(c, agents, last, blind=blind))
    return asked.page("mine.html", tab="mine", calls=calls, following=following, last=last)
