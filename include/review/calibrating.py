"""Calibration: several people answer the same calls, blind until all have submitted. It scores nothing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import uuid4

from sqlalchemy import Connection, insert, select, update

from include.database.engine import insert_missing, upsert
from include.database.models import (
    AuditRow,
    CalibrationAnswerRow,
    CalibrationCallRow,
    CalibrationPersonRow,
    CalibrationSessionRow,
    CallRow,
    ReviewItemRow,
)
from include.errors import InvalidInput, NotForYou, TooLate
from include.review.answering import possible_answer
from include.review.carrying import recorded
from include.review.events import at, record
from include.review.items import ItemState
from include.review.material import audited
from include.review.people import Actor
from include.review.sessions import Session, calls_of, own_answers, session_of
from include.review.written import kept_text

_FEWEST_PEOPLE = 2
MOST_CALLS = 50


@dataclass(frozen=True)
class Plan:
    """What a session is to be; without calls, those that the rules have set aside are taken, oldest first."""

    title: str
    people: tuple[str, ...]
    expert: str | None = None
    calls: tuple[str, ...] = ()
    questions: tuple[str, ...] = ()
    days: float = 7.0
    most_calls: int = 5


def open_session(connection: Connection, actor: Actor, plan: Plan, now: datetime | None = None) -> Session:
    """Opens a session.

    Raises:
        InvalidInput: There are too few people or no calls, or the calls have different scorecards.
    """
    now = at(now)
    people = tuple(dict.fromkeys(plan.people))
    if len(people) < _FEWEST_PEOPLE:
        raise InvalidInput("A calibration takes two people or more: agreement with oneself tells nothing.")
    if plan.expert is not None and plan.expert not in people:
        raise InvalidInput(f"{plan.expert} is the expert and takes no part: add them to the people.")
    call_ids = tuple(dict.fromkeys(plan.calls)) or _set_aside(connection, plan.most_calls)
    if not 0 < len(call_ids) <= MOST_CALLS:
        raise InvalidInput(f"Choose from 1 to {MOST_CALLS} calls; none are set aside by the rules.")
    calls = [audited(connection, call_id) for call_id in call_ids]
    card = calls[0].scorecard
    if any(call.scorecard.sha256 != card.sha256 for call in calls):
        raise InvalidInput("These calls were audited with different scorecards: choose calls of one.")
    unknown = [name for name in plan.questions if name not in {one.id for one in card.criteria}]
    if unknown:
        raise InvalidInput(f"The scorecard has no criterion {', '.join(unknown)}.")
    session_id = str(uuid4())
    row = {"session_id": session_id, "title": kept_text(plan.title) or f"Calibration of {now:%-d %B %Y}"}
    row |= {"scorecard_sha256": card.sha256, "opened_by": actor.user}
    asked = plan.questions or tuple(one.id for one in card.criteria if one.answered_by != "metric")
    times = {"opened_at": now, "due_at": now + timedelta(days=plan.days)}
    connection.execute(insert(CalibrationSessionRow).values(**row, **times, questions=list(asked)))
    places = [{"session_id": session_id, "call_id": one, "place": n} for n, one in enumerate(call_ids)]
    connection.execute(insert(CalibrationCallRow), places)
    taking_part = [{"session_id": session_id, "person": one, "expert": one == plan.expert} for one in people]
    insert_missing(connection, CalibrationPersonRow, taking_part)
    used = update(ReviewItemRow).where(
        ReviewItemRow.call_id.in_(call_ids), ReviewItemRow.state == ItemState.SET_ASIDE
    )
    connection.execute(used.values(state=ItemState.DONE, ended_at=now, ended_by=actor.user))
    record(connection, actor, "open_calibration", session_id, now, details={"calls": len(call_ids)})
    return session_of(connection, session_id)


def answer_session(
    connection: Connection,
    actor: Actor,
    session_id: str,
    call_id: str,
    answers: Mapping[str, str],
    *,
    comments: Mapping[str, str] | None = None,
    now: datetime | None = None,
) -> tuple[str, ...]:
    """Keeps somebody's answers to a call, instead of those they gave before; safe to autosave.

    Returns:
        Criteria of the call that they have not answered yet.

    Raises:
        NotForYou: They take no part, or speak in the call.
        TooLate: They have submitted.
        InvalidInput: The call or a criterion is none of the session's, or an answer is none.
    """
    now = at(now)
    session = _taking_part(connection, actor, session_id)
    if call_id not in session.calls:
        raise InvalidInput(f"Call {call_id} is none of this session's.")
    if call_id in _own_calls(connection, actor, session):
        raise NotForYou(f"{actor.user} is the agent of call {call_id}: leave it out.")
    strange = [name for name in answers if name not in session.questions]
    if strange:
        raise InvalidInput(f"This session does not ask {', '.join(strange)}.")
    # As the session asks it: the call may have been audited anew since.
    card = recorded(connection, session.scorecard_sha256)
    key = {"session_id": session_id, "person": actor.user, "call_id": call_id}
    rows = [
        {
            **key,
            "criterion_id": name,
            "answer": possible_answer(card, name, given),
            "comment": kept_text((comments or {}).get(name, "")),
            "answered_at": now,
        }
        for name, given in answers.items()
    ]
    upsert(connection, CalibrationAnswerRow, rows, [*key, "criterion_id"])
    given_to = select(CalibrationAnswerRow.criterion_id).filter_by(**key)
    answered = set(connection.execute(given_to).scalars())
    return tuple(name for name in session.questions if name not in answered)


def submit(connection: Connection, actor: Actor, session_id: str, now: datetime | None = None) -> Session:
    """Ends somebody's answering; when all have submitted, the session closes and is revealed.

    Raises:
        NotForYou: They take no part.
        TooLate: They have submitted before.
        InvalidInput: They have not answered all; their own calls excepted.
    """
    now = at(now)
    session = _taking_part(connection, actor, session_id)
    answered = own_answers(connection, session_id, actor.user)
    own = _own_calls(connection, actor, session)
    left = [
        one
        for one in session.calls
        if one not in own and any((one, name) not in answered for name in session.questions)
    ]
    if left:
        raise InvalidInput(f"{len(left)} calls are not answered in full yet, such as {left[0]}.")
    mine = update(CalibrationPersonRow).filter_by(session_id=session_id, person=actor.user)
    connection.execute(mine.values(submitted_at=now))
    record(connection, actor, "submit_calibration", session_id, now)
    _close_if_all(connection, session_id, now)
    return session_of(connection, session_id)


def close_session(
    connection: Connection, actor: Actor, session_id: str, now: datetime | None = None
) -> Session:
    """Closes a session though somebody has not submitted: what they answered is left out.

    Raises:
        TooLate: It is closed, or called off.
        InvalidInput: Fewer than two people have submitted.
    """
    now = at(now)
    session = _open(connection, session_id)
    if len(session.submitted) < _FEWEST_PEOPLE:
        raise InvalidInput("Fewer than two people have submitted: there is nothing to compare yet.")
    _close(connection, session_id, now)
    record(connection, actor, "close_calibration", session_id, now)
    return session_of(connection, session_id)


def withdraw_session(
    connection: Connection, actor: Actor, session_id: str, now: datetime | None = None
) -> Session:
    """Calls a session off: nobody's answers are shown, and calls that rules had set aside are so again.

    Raises:
        TooLate: It is closed, or called off already.
    """
    now = at(now)
    session = _open(connection, session_id)
    ending = update(CalibrationSessionRow).filter_by(session_id=session_id)
    connection.execute(ending.values(withdrawn_at=now))
    used = update(ReviewItemRow).where(
        ReviewItemRow.call_id.in_(session.calls),
        ReviewItemRow.state == ItemState.DONE,
        ReviewItemRow.ended_at == session.opened_at,
    )
    connection.execute(used.values(state=ItemState.SET_ASIDE, ended_at=None, ended_by=None))
    record(connection, actor, "withdraw_calibration", session_id, now)
    return session_of(connection, session_id)


def _taking_part(connection: Connection, actor: Actor, session_id: str) -> Session:
    session = _locked(connection, session_id)
    if actor.user not in session.people:
        raise NotForYou(f"{actor.user} takes no part in this session.")
    if session.withdrawn_at is not None:
        raise TooLate("This session was called off: there is nothing to answer any more.")
    if actor.user in session.submitted or session.closed_at is not None:
        raise TooLate("What was submitted stays as it is: the others have relied on it.")
    return session


def _locked(connection: Connection, session_id: str) -> Session:
    """Of two who submit at the same time, the second has to see the first, or nobody closes the session."""
    row = select(CalibrationSessionRow.session_id).filter_by(session_id=session_id).with_for_update()
    connection.execute(row)
    return session_of(connection, session_id)


def _own_calls(connection: Connection, actor: Actor, session: Session) -> set[str]:
    calls = calls_of(connection, session)
    return {call_id for call_id, row in calls.items() if actor.speaks_in((row.agent, row.agent_id))}


def _open(connection: Connection, session_id: str) -> Session:
    session = _locked(connection, session_id)
    if session.closed_at is not None:
        raise TooLate("This session is closed already.")
    if session.withdrawn_at is not None:
        raise TooLate("This session was called off already.")
    return session


def _set_aside(connection: Connection, most: int) -> tuple[str, ...]:
    """Calls that the rules have set aside, the oldest first, all of the scorecard of the first."""
    query = select(ReviewItemRow.call_id, AuditRow.scorecard_sha256)
    query = query.join(CallRow, CallRow.call_id == ReviewItemRow.call_id)
    current = (AuditRow.call_id == ReviewItemRow.call_id) & AuditRow.superseded_at.is_(None)
    query = query.join(AuditRow, current).where(ReviewItemRow.state == ItemState.SET_ASIDE)
    rows: Sequence[tuple[str, str]] = [
        (row.call_id, row.scorecard_sha256)
        for row in connection.execute(query.order_by(ReviewItemRow.day, ReviewItemRow.item_id).limit(1000))
    ]
    return tuple(call_id for call_id, sha in rows if sha == rows[0][1])[:most]


def _close_if_all(connection: Connection, session_id: str, now: datetime) -> None:
    session = session_of(connection, session_id)
    if set(session.people) == set(session.submitted):
        _close(connection, session_id, now)


def _close(connection: Connection, session_id: str, now: datetime) -> None:
    closing = update(CalibrationSessionRow).filter_by(session_id=session_id, closed_at=None)
    connection.execute(closing.values(closed_at=now))
