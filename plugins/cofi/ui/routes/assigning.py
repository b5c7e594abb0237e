"""Calls that somebody wants reviewed, whether a rule has named them or not: by themselves or by others."""

from fastapi import APIRouter
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field

from cofi.settings import Settings
from cofi.ui.access import REVIEWS, WRITES, requires
from cofi.ui.asking import AskedDep
from cofi.ui.pages import PRIVATE
from cofi.ui.routes.calls import CallDep
from cofi.ui.routes.review import ActorDep
from include.access.rights import ROLES, Right, roles_of
from include.errors import InvalidInput
from include.review.people import Actor
from include.review.picking import give, pick
from include.review.queue import assign

router = APIRouter(dependencies=[requires(Right.TEXT, Right.OTHERS)])

_REVIEWS = requires(*REVIEWS)
_LEADS = requires(Right.DECIDE)
_MOST_ITEMS = 200


class Receiver(BaseModel):
    """Who is to review; nobody named is anybody."""

    to: str = Field(default="", max_length=250)

    def actor(self, settings: Settings) -> Actor | None:
        """The person with the agents that they are.

        Raises:
            InvalidInput: Their role lets them review nothing, as far as the setting tells.
        """
        name = self.to.strip()
        role = roles_of(settings.people).get(name)
        if role is not None and not ROLES[role].issuperset(REVIEWS):
            raise InvalidInput(f"{name} is {role} and may not answer: choose somebody who may.")
        return settings.known_people.actor(name) if name else None


class Assignment(Receiver):
    """Which items are given to whom."""

    item_ids: list[str] = Field(max_length=_MOST_ITEMS)


@router.post("/calls/{call_id}/review", dependencies=[_REVIEWS, WRITES])
def picked(asked: AskedDep, actor: ActorDep, head: CallDep) -> JSONResponse:
    """Takes a call to review it, from its page."""
    item = asked.write(lambda connection: pick(connection, actor, head.call_id))
    return JSONResponse({"item_id": item.item_id}, headers=PRIVATE)


@router.post("/calls/{call_id}/assignment", dependencies=[_LEADS, WRITES])
def given(asked: AskedDep, actor: ActorDep, head: CallDep, to: Receiver) -> JSONResponse:
    """Gives a call to somebody, from its page."""
    receiver = to.actor(Settings.load())
    item = asked.write(lambda connection: give(connection, actor, head.call_id, receiver))
    return JSONResponse({"assigned_to": item.assigned_to}, headers=PRIVATE)


@router.post("/review/assign", dependencies=[_LEADS, WRITES])
def assigned(asked: AskedDep, actor: ActorDep, wanted: Assignment) -> JSONResponse:
    """Gives items of the queue to somebody, or to anybody."""
    receiver = wanted.actor(Settings.load())
    made = asked.write(lambda connection: assign(connection, actor, wanted.item_ids, receiver))
    if not made:
        raise InvalidInput(
            f"None is given to {wanted.to.strip() or 'anybody'}: choose calls that nobody has taken, and in "
            "which they are not the agent."
        )
    return JSONResponse({"assigned": made}, headers=PRIVATE)
