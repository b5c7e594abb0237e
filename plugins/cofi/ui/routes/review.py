"""The queue, and answering what stands in it."""

from typing import Annotated, Any, Self

from fastapi import APIRouter, Depends, Header
from fastapi.responses import HTMLResponse, JSONResponse
from pydantic import BaseModel, Field, model_validator
from sqlalchemy import Connection

from cofi.settings import Settings
from cofi.ui.access import WRITES, requires, reviewers
from cofi.ui.asking import Asked, AskedDep, Words
from cofi.ui.pages import PRIVATE, rendered
from cofi.ui.routes.calls import call_values
from cofi.ui.routes.sound import warm
from include.access.once import once
from include.access.record import Access
from include.access.rights import Right
from include.call_pages.call import CallPage, head_of, read_call
from include.call_pages.score import Answered
from include.errors import InvalidInput
from include.review.answering import Given, Reason, Verdict, answer, finish
from include.review.items import ItemState, QueueItem, Sample, count_queue, item_of, list_queue
from include.review.material import newest_of_item
from include.review.people import Actor
from include.review.queue import release, skip, take, take_next

# A queue holds calls of all agents.
router = APIRouter(prefix="/review", dependencies=[requires(Right.TEXT, Right.ANSWER, Right.OTHERS)])

SHOWN = 50
# Calls whose sound is made ready while somebody answers the one before.
_AHEAD = 2
REASONS = {
    Reason.NOT_SAID: "It was not said",
    Reason.SAID_OTHERWISE: "It was said, in other words",
    Reason.WRONG_SPEAKER: "Somebody else said it",
    Reason.OUT_OF_CONTEXT: "It means something else there",
    Reason.CRITERION_MISREAD: "The question asks for something else",
    Reason.DOES_NOT_APPLY: "The question does not apply",
    Reason.OTHER: "Another reason (write it)",
}


async def actor_of(asked: AskedDep) -> Actor:
    """The person as reviews know them."""
    return Actor(asked.person.name, asked.person.agents)


ActorDep = Annotated[Actor, Depends(actor_of)]
KeyDep = Annotated[str, Header(alias="Idempotency-Key")]


@router.get("")
def queue(
    asked: AskedDep,
    actor: ActorDep,
    *,
    sample: Sample | None = None,
    mine: bool = False,
    after_rank: float | None = None,
    after_item: str | None = None,
) -> HTMLResponse:
    """What there is to review, the most valuable first; from behind an item on, where one is named."""
    after = (after_rank, after_item) if after_rank is not None and after_item else None
    narrowed: dict[str, Any] = {"sample": sample, "mine": mine, "limit": SHOWN + 1, "after": after}
    items = asked.read(lambda c: list_queue(c, actor, **narrowed))
    counts = asked.read(count_queue)
    return asked.page(
        "review.html",
        tab="review",
        items=items[:SHOWN],
        following=items[SHOWN - 1].place if len(items) > SHOWN else None,
        counts=counts,
        sample=sample,
        mine=mine,
        is_first=after is None,
        samples=list(Sample),
        done=ItemState.DONE,
        reviewers=reviewers(Settings.load()) if asked.person.leads else [],
    )


class Next(BaseModel):
    """Which item is wanted; without an id the most valuable."""

    item_id: str | None = None
    sample: Sample | None = None


@router.post("/next", dependencies=[WRITES])
def following(asked: AskedDep, actor: ActorDep, wanted: Next) -> JSONResponse:
    """Takes an item, and shows it."""

    def taken(connection: Connection) -> QueueItem | None:
        if wanted.item_id:
            return take(connection, actor, wanted.item_id)
        return take_next(connection, actor, sample=wanted.sample)

    item = asked.write(taken)
    if item is None:
        return JSONResponse({"item_id": None, "html": None}, headers=PRIVATE)
    asked.record(item.call_id, Access.BLIND if item.blind else Access.TEXT)
    if asked.person.may(Right.AUDIO):
        asked.after.add_task(warm_next, asked, actor, wanted.sample)
    content = {"item_id": item.item_id, "call_id": item.call_id, "html": desk_html(asked, item)}
    return JSONResponse(content, headers=PRIVATE, background=asked.after)


@router.get("/ahead")
def ahead(asked: AskedDep, actor: ActorDep, sample: Sample | None = None) -> JSONResponse:
    """The call that comes next unless somebody else takes it, and where its first question is heard.

    Nothing is taken and nothing of the call told: a browser fetches the sound while its person still answers.
    """
    open_items = {"sample": sample, "states": (ItemState.OPEN,), "limit": 1}
    items = asked.read(lambda c: list_queue(c, actor, **open_items)) if asked.person.may(Right.AUDIO) else []
    if not items:
        return JSONResponse({"call_id": None, "from_ms": None}, headers=PRIVATE)
    page = asked.read(lambda connection: page_of(connection, items[0].call_id))
    content = {"call_id": items[0].call_id, "from_ms": _first_heard_ms(page, items[0])}
    return JSONResponse(content, headers=PRIVATE)


def _first_heard_ms(page: CallPage, item: QueueItem) -> int:
    """Where the desk begins to play: at the first question's evidence, or where somebody first speaks."""
    first = next(iter(questions_of(page, item)), None)
    quoted = [one.start_ms for one in first.quotes if one.start_ms is not None] if first else []
    spoken = [turn.start_ms for turn in page.transcript.turns] if page.transcript else []
    return next(iter(() if item.blind else quoted), min(spoken, default=0))


def desk_html(asked: Asked, item: QueueItem) -> str:
    """What somebody sees who has taken an item. Of a blind one, nothing that tells the machine's answers."""
    page = asked.read(lambda connection: page_of(connection, item.call_id))
    return rendered(
        asked.request,
        asked.person,
        "desk.html",
        item=item,
        questions=questions_of(page, item),
        given=asked.read(lambda connection: given_to(connection, item, page, asked.person.name)),
        reasons=REASONS,
        **call_values(page, asked.person),
    )


def questions_of(page: CallPage, item: QueueItem) -> list[Answered]:
    """The criteria that are asked, in the scorecard's order; all where a person has picked the call."""
    answers = page.score.answers if page.score else []
    return [one for one in answers if not item.questions or one.criterion_id in item.questions]


def given_to(connection: Connection, item: QueueItem, page: CallPage, reader: str) -> dict[str, str]:
    """What is answered already, in words by criterion. Of a blind item nobody reads what others say."""
    found = {}
    audit_id = page.score.audit_id if page.score else item.audit_id
    labels = {one.criterion_id: {o.key: o.label for o in one.options} for one in questions_of(page, item)}
    for name, row in newest_of_item(connection, item.item_id, audit_id).items():
        words = labels.get(name, {}).get(
            row.answer, "nobody can tell" if row.answer else "the transcript is wrong"
        )
        if row.reviewer != reader:
            words = f"answered by {row.reviewer}" if item.blind else f"{row.reviewer} says: {words}"
        found[name] = words
    return found


def page_of(connection: Connection, call_id: str) -> CallPage:
    """All of a call that somebody is asked about.

    Raises:
        InvalidInput: There is no such call any more.
    """
    head = head_of(connection, call_id)
    if head is None:
        raise InvalidInput(f"There is no call {call_id} any more: take another one.")
    return read_call(connection, head)


def warm_next(asked: Asked, actor: Actor, sample: Sample | None) -> None:
    """Makes the sound ready that will be asked for next."""
    items = asked.read(lambda c: list_queue(c, actor, sample=sample, states=(ItemState.OPEN,), limit=_AHEAD))
    for item in items:
        warm(asked, item.call_id)


class GivenAnswer(BaseModel):
    """What a browser sends; see `include.review.answering.Given`."""

    criterion_id: str = Field(max_length=100)
    verdict: Verdict | None = None
    answer: str | None = Field(default=None, max_length=100)
    reason: Reason | None = None
    comment: Words = Field(default="", max_length=4_000)
    turn_id: str | None = Field(default=None, max_length=64)
    right_words: Words = Field(default="", max_length=4_000)
    seconds: float | None = Field(default=None, ge=0, le=86_400)
    blind: bool = False
    audit_id: str | None = Field(default=None, max_length=64)

    @model_validator(mode="after")
    def _about_an_answer(self) -> Self:
        if self.verdict in (Verdict.CONFIRM, Verdict.OVERRULE) and self.audit_id is None:
            raise ValueError("Say of which audit the answer was seen (audit_id): reload the page.")
        return self


@router.post("/items/{item_id}/answers", dependencies=[WRITES])
def answers(
    asked: AskedDep, actor: ActorDep, item_id: str, given: GivenAnswer, key: KeyDep = ""
) -> JSONResponse:
    """Stores an answer; of a blind one, tells the machine's then."""

    def work(connection: Connection) -> dict[str, Any]:
        def stored() -> dict[str, Any]:
            made = answer(connection, actor, item_id, Given(**given.model_dump()))
            return {"verdict": made.verdict, "open": list(made.open), "machine_answer": made.machine_answer}

        return once(connection, asked.person, key, stored)

    content = asked.write(work)
    if given.blind:
        content["html"] = revealed_html(asked, item_id, given.criterion_id)
    return JSONResponse(content, headers=PRIVATE)


def revealed_html(asked: Asked, item_id: str, criterion_id: str) -> str:
    """The machine's answer to a criterion that a person has answered blind."""
    item = asked.read(lambda connection: item_of(connection, item_id))
    page = asked.read(lambda connection: page_of(connection, item.call_id))
    (question,) = [one for one in questions_of(page, item) if one.criterion_id == criterion_id]
    return rendered(asked.request, asked.person, "revealed.html", one=question)


@router.post("/items/{item_id}/finish", dependencies=[WRITES])
def finished(asked: AskedDep, actor: ActorDep, item_id: str, key: KeyDep = "") -> JSONResponse:
    """Ends a review: from here on the answers stand."""

    def work(connection: Connection) -> dict[str, Any]:
        def done() -> dict[str, Any]:
            made = finish(connection, actor, item_id)
            return {"before": made.before.pct, "after": made.after.pct, "changed": list(made.changed)}

        return once(connection, asked.person, key, done)

    return JSONResponse(asked.write(work), headers=PRIVATE)


class Skipped(BaseModel):
    """Why a call is skipped."""

    reason: Words = Field(max_length=2_000)


@router.post("/items/{item_id}/skip", dependencies=[WRITES])
def skipped(asked: AskedDep, actor: ActorDep, item_id: str, why: Skipped) -> JSONResponse:
    """Ends an item that nobody can answer."""
    asked.write(lambda connection: skip(connection, actor, item_id, why.reason))
    return JSONResponse({"skipped": True}, headers=PRIVATE)


@router.post("/items/{item_id}/release", dependencies=[WRITES])
def released(asked: AskedDep, actor: ActorDep, item_id: str) -> JSONResponse:
    """Gives an item back to the others."""
    asked.write(lambda connection: release(connection, actor, item_id))
    return JSONResponse({"released": True}, headers=PRIVATE)
