"""Calibration: the same calls answered by several people, each alone; then what they agree on."""

from typing import Annotated, Any, Literal
from urllib.parse import parse_qsl, urlencode

from fastapi import APIRouter, Depends, HTTPException
from fastapi.responses import HTMLResponse, JSONResponse
from pydantic import BaseModel, Field
from sqlalchemy import Connection

from cofi.settings import Settings
from cofi.ui.access import REVIEWS, WRITES, requires, reviewers
from cofi.ui.asking import AskedDep, Words
from cofi.ui.pages import PRIVATE
from cofi.ui.routes.calls import call_values
from cofi.ui.routes.review import ActorDep, KeyDep, page_of
from cofi.ui.routes.search import WantedDep
from cofi.ui.routes.sound import warm
from include.access.once import once
from include.access.record import Access
from include.access.rights import Right
from include.review import sessions
from include.review.agreeing import SessionAgreement, agreement_of
from include.review.calibrating import (
    MOST_CALLS,
    Plan,
    answer_session,
    close_session,
    open_session,
    submit,
    withdraw_session,
)
from include.review.people import Actor
from include.review.sessions import Session
from include.search.choices import criteria_of
from include.search.drawing import draw
from include.search.filters import filters_of
from include.search.finding import find


def _answers_or_leads(asked: AskedDep) -> None:
    if not (asked.person.leads or all(asked.person.may(right) for right in REVIEWS)):
        message = (
            f"Your account lacks the rights '{Right.ANSWER}' and '{Right.DECIDE}': ask whoever gives rights."
        )
        raise HTTPException(403, message)


# Sessions hold calls of all agents.
router = APIRouter(
    prefix="/calibration", dependencies=[requires(Right.TEXT, Right.OTHERS), Depends(_answers_or_leads)]
)
_LEADS = requires(Right.DECIDE, Right.OTHERS)
_ANSWERS = requires(*REVIEWS)


def session_for(asked: AskedDep, session_id: str) -> Session:
    """The session of the path; whoever neither leads nor takes part does not learn whether it exists."""
    found = asked.read(lambda connection: sessions.find_session(connection, session_id))
    if found is None or not (asked.person.leads or asked.person.name in found.people):
        raise HTTPException(404, "There is no calibration session here that you take part in.")
    return found


SessionDep = Annotated[Session, Depends(session_for)]


@router.get("")
def overview(asked: AskedDep) -> HTMLResponse:
    """The sessions that somebody takes part in; whoever leads them sees all."""
    only = None if asked.person.leads else asked.person.name
    with asked.database.reading() as connection:
        found = sessions.list_sessions(connection, only)
        given = sessions.answered_by_person(connection, [one.session_id for one in found])
    return asked.page("calibration.html", tab="calibration", sessions=found, given=given)


@router.get("/new", dependencies=[_LEADS])
def planning(asked: AskedDep, wanted: WantedDep) -> HTMLResponse:
    """The form for a new session; a search in the address narrows the calls."""
    filters, blind = filters_of(wanted), asked.blind
    with asked.database.reading() as connection:
        found = find(connection, filters, without=blind)
        criteria, _ = criteria_of(connection)
        set_aside, known = sessions.set_aside(connection), sessions.known_people(connection)
    people = sorted({*reviewers(Settings.load()), *known})
    return asked.page(
        "calibration_new.html",
        tab="calibration",
        query=urlencode(wanted),
        wanted=wanted,
        found=found,
        criteria=criteria,
        set_aside=set_aside,
        people=people,
        most_calls=MOST_CALLS,
    )


class NewSession(BaseModel):
    """What a session is to be; `search` is the address of a search, without its question mark."""

    title: Words = Field(default="", max_length=200)
    people: list[str] = Field(default=[], max_length=50)
    others: str = Field(default="", max_length=2_000)
    expert: str = Field(default="", max_length=250)
    source: Literal["set_aside", "search"]
    search: str = Field(default="", max_length=4_000)
    calls: int = Field(default=5, ge=1, le=MOST_CALLS)
    days: float = Field(default=7, gt=0, le=365)
    questions: list[str] = Field(default=[], max_length=200)

    def everybody(self) -> tuple[str, ...]:
        """Who takes part."""
        named = (*self.people, *self.others.split(","), self.expert)
        return tuple(dict.fromkeys(one.strip() for one in named if one.strip()))


@router.post("", dependencies=[_LEADS, WRITES])
def opened(asked: AskedDep, actor: ActorDep, wanted: NewSession) -> JSONResponse:
    """Opens a session."""
    blind = asked.blind

    def work(connection: Connection) -> Session:
        calls: tuple[str, ...] = ()
        if wanted.source == "search":
            filters = filters_of(dict(parse_qsl(wanted.search)))
            calls = draw(connection, filters, wanted.calls, without=blind).call_ids
        plan = Plan(
            title=wanted.title,
            people=wanted.everybody(),
            expert=wanted.expert.strip() or None,
            calls=calls,
            questions=tuple(wanted.questions),
            days=wanted.days,
            most_calls=wanted.calls,
        )
        return open_session(connection, actor, plan)

    made = asked.write(work)
    return JSONResponse({"session_id": made.session_id}, headers=PRIVATE)


@router.get("/{session_id}")
def session_page(asked: AskedDep, actor: ActorDep, session: SessionDep) -> HTMLResponse:
    """How far everybody is, one's own calls, and once it is closed what people agree on."""
    # A call of this session may be one of another, which is open still.
    blind = asked.blind
    with asked.database.reading() as connection:
        given = sessions.answered_by_person(connection, [session.session_id]).get(session.session_id, {})
        values = {
            "calls": sessions.calls_of(connection, session),
            "questions": {one.criterion_id: one for one in sessions.questions_of(connection, session)},
            "own": sessions.own_answers(connection, session.session_id, asked.person.name),
            "found": _agreed(connection, session, blind) if session.revealed else None,
            "moments": sessions.moments_of(connection, session) if session.revealed else {},
        }
    left_out = _left_out(actor, values["calls"])
    if values["found"]:
        for call_id in {call_id for call_id, _ in values["found"].comments}:
            # What somebody wrote may tell what was said.
            asked.record(call_id, Access.TEXT)
    return asked.page(
        "calibration_session.html",
        tab="calibration",
        session=session,
        given=given,
        kept_back=len(blind.intersection(session.calls)),
        left_out=left_out,
        takes_part=asked.person.name in session.people and asked.person.may(Right.ANSWER),
        strangers=_strangers(session),
        **values,
    )


@router.get("/{session_id}/calls/{call_id}", dependencies=[_ANSWERS])
def desk(asked: AskedDep, actor: ActorDep, session: SessionDep, call_id: str) -> HTMLResponse:
    """A call of a session: nothing of it tells the machine's answers, or anybody else's."""
    if asked.person.name not in session.people or call_id not in session.calls:
        raise HTTPException(404, "This call is none that you are asked about in this session.")
    if not session.open or asked.person.name in session.submitted:
        raise HTTPException(409, "This session takes no more answers of yours.")
    asked.record(call_id, Access.BLIND)
    page = asked.read(lambda connection: page_of(connection, call_id))
    with asked.database.reading() as connection:
        questions = sessions.questions_of(connection, session)
        own = sessions.own_answers(connection, session.session_id, asked.person.name)
        left_out = _left_out(actor, sessions.calls_of(connection, session))
    following = _following(session, call_id, own, left_out)
    if following and asked.person.may(Right.AUDIO):
        asked.after.add_task(warm, asked, following)
    return asked.page(
        "calibration_desk.html",
        tab="calibration",
        session=session,
        questions=questions,
        own={name: one for (call, name), one in own.items() if call == call_id},
        place=session.calls.index(call_id) + 1,
        following=following,
        **call_values(page, asked.person),
    )


class Given(BaseModel):
    """An answer, and why."""

    criterion_id: str = Field(max_length=100)
    answer: str = Field(max_length=100)
    comment: Words = Field(default="", max_length=4_000)


@router.post("/{session_id}/calls/{call_id}/answers", dependencies=[_ANSWERS, WRITES])
def answered(
    asked: AskedDep, actor: ActorDep, session: SessionDep, call_id: str, *, given: Given, key: KeyDep = ""
) -> JSONResponse:
    """Stores an answer, instead of what was answered before."""

    def work(connection: Connection) -> dict[str, Any]:
        def stored() -> dict[str, Any]:
            said, why = {given.criterion_id: given.answer}, {given.criterion_id: given.comment}
            left = answer_session(connection, actor, session.session_id, call_id, said, comments=why)
            return {"open": list(left)}

        return once(connection, asked.person, key, stored)

    return JSONResponse(asked.write(work), headers=PRIVATE)


@router.post("/{session_id}/submission", dependencies=[_ANSWERS, WRITES])
def submitted(asked: AskedDep, actor: ActorDep, session: SessionDep) -> JSONResponse:
    """Ends one's own answering; the last one reveals all."""
    made = asked.write(lambda connection: submit(connection, actor, session.session_id))
    return JSONResponse({"revealed": made.revealed}, headers=PRIVATE)


@router.post("/{session_id}/closing", dependencies=[_LEADS, WRITES])
def closed(asked: AskedDep, actor: ActorDep, session: SessionDep) -> JSONResponse:
    """Closes a session without those who have not submitted."""
    asked.write(lambda connection: close_session(connection, actor, session.session_id))
    return JSONResponse({"closed": True}, headers=PRIVATE)


@router.post("/{session_id}/withdrawal", dependencies=[_LEADS, WRITES])
def withdrawn(asked: AskedDep, actor: ActorDep, session: SessionDep) -> JSONResponse:
    """Calls a session off."""
    asked.write(lambda connection: withdraw_session(connection, actor, session.session_id))
    return JSONResponse({"withdrawn": True}, headers=PRIVATE)


def _agreed(connection: Connection, session: Session, blind: frozenset[str]) -> SessionAgreement:
    return agreement_of(connection, session.session_id).without(blind)


def _following(session: Session, call_id: str, own: Any, left_out: set[str]) -> str | None:
    """The next call that is not answered in full, after this one and then from the first."""
    at = session.calls.index(call_id)
    others = (*session.calls[at + 1 :], *session.calls[:at])
    return next(
        (
            one
            for one in others
            if one not in left_out and any((one, name) not in own for name in session.questions)
        ),
        None,
    )


def _left_out(actor: Actor, calls: Any) -> set[str]:
    """Calls in which somebody speaks themselves."""
    return {call_id for call_id, row in calls.items() if actor.speaks_in((row.agent, row.agent_id))}


def _strangers(session: Session) -> set[str]:
    """People of whom the setting says that they may not answer."""
    settings = Settings.load()
    known = {*reviewers(settings), *session.submitted}
    return set(session.people) - known if settings.people else set()
