"""Whose eyes calls are kept from: whoever answers a call blind reads nobody else's answers before.

Blind is what a person answers in a session, and what they answer of a blind item of the queue.
"""

from sqlalchemy import Connection, Select, select, union

from include.access.record import has_read
from include.database.models import (
    CalibrationCallRow,
    CalibrationPersonRow,
    CalibrationSessionRow,
    ReviewAnswerRow,
    ReviewItemRow,
)
from include.errors import NotForYou

# `ItemState.TAKEN`, whose module asks this one.
_TAKEN = "taken"


def kept_blind(person: str) -> Select[str]:
    """The calls of open calibration sessions that somebody takes part in, whoever has submitted."""
    session, call, taking_part = CalibrationSessionRow, CalibrationCallRow, CalibrationPersonRow
    query = select(call.call_id).join(session, session.session_id == call.session_id)
    query = query.join(taking_part, taking_part.session_id == call.session_id)
    is_open = session.closed_at.is_(None) & session.withdrawn_at.is_(None)
    return query.where(taking_part.person == person, is_open)


def _on_the_desk(person: str) -> Select[str]:
    """The calls of blind items that somebody has taken, until they finish them or give them back."""
    row = ReviewItemRow
    return select(row.call_id).where(row.state == _TAKEN, row.taken_by == person, row.blind)


def blind_calls(connection: Connection, person: str) -> frozenset[str]:
    """Ids of the calls whose scores and answers, the machine's too, somebody is not shown now."""
    return frozenset(connection.execute(union(kept_blind(person), _on_the_desk(person))).scalars())


def has_seen(connection: Connection, person: str, call_id: str, audit_id: str, criterion_id: str) -> bool:
    """Whether somebody may know what the machine answered: by a page, or as they answered before."""
    row = ReviewAnswerRow
    answered = select(row.id).where(row.audit_id == audit_id, row.criterion_id == criterion_id)
    before = connection.execute(answered.where(row.call_id == call_id, row.reviewer == person).limit(1))
    return before.first() is not None or has_read(connection, person, call_id)


def not_blind(connection: Connection, person: str, call_id: str) -> None:
    """Whatever asks for a judgement of a call beside what others say of it comes by here.

    Raises:
        NotForYou: The person answers it in a session that is open.
    """
    if call_id in connection.execute(kept_blind(person)).scalars():
        raise NotForYou(_in_a_session(call_id))


def why_blind(connection: Connection, person: str, call_id: str) -> str:
    """The message for somebody who asks for one of `blind_calls`."""
    if call_id in connection.execute(kept_blind(person)).scalars():
        return _in_a_session(call_id)
    return (
        f"You review call {call_id} blind: what the machine answered is shown when you have finished. Until "
        "then it is heard and read on the desk (To review, mine: go on), or given back there."
    )


def _in_a_session(call_id: str) -> str:
    return (
        f"You answer call {call_id} in a calibration session: what others say of it is shown when all have "
        "submitted. Until then it is heard and read from the session's page."
    )
