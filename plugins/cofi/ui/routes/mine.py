"""An agent's own calls and scores, each with its why a click away; and what came of their disputes."""

from datetime import date

from fastapi import APIRouter, HTTPException
from fastapi.responses import HTMLResponse

from cofi.ui.access import requires
from cofi.ui.asking import AskedDep
from cofi.ui.routes.disputes import shown_disputes
from cofi.ui.routes.review import ActorDep
from include.access.record import Access
from include.access.rights import Right
from include.call_pages import lists
from include.review.disputes import list_disputes

router = APIRouter(prefix="/mine", dependencies=[requires(Right.TEXT)])

# An agent may raise a few in a month: those of about a year.
_DISPUTES = 50


@router.get("")
def own_calls(
    asked: AskedDep, actor: ActorDep, day: date | None = None, after: str | None = None
) -> HTMLResponse:
    """Their calls, the newest day first; `day` and `after` name the last call of the page before."""
    if not asked.person.agents:
        raise HTTPException(404, "Your account is no agent's: [cofi] agents_of_people says who is.")
    agents = sorted(asked.person.agents)
    last = (day, after) if day and after else None
    blind = asked.blind
    with asked.database.reading() as connection:
        calls, following = lists.calls_of_agents(connection, agents, last, blind=blind)
        own = list_disputes(connection, raised_by=actor, newest_first=True, limit=0 if last else _DISPUTES)
        disputes = shown_disputes(connection, [one for one in own if one.call_id not in blind], actor)
    # What was written may tell what was said.
    asked.record_all({one["dispute"].call_id for one in disputes}, Access.TEXT)
    found = {"calls": calls, "following": following, "disputes": disputes}
    return asked.page("mine.html", tab="mine", **found, last=last)
