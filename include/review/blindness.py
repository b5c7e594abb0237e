"""Whose eyes calls are kept from: whoever answers a call in a session reads nobody else's answers before."""

from sqlalchemy import Connection, Select, select

from include.database.models import CalibrationCallRow, CalibrationPersonRow, CalibrationSessionRow
from include.errors import NotForYou


def kept_blind(person: str) -> Select[str]:
    """The calls of open calibration sessions that somebody takes part in, whoever has submitted."""
    session, call, taking_part = CalibrationSessionRow, CalibrationCallRow, CalibrationPersonRow
    query = select(call.call_id).join(session, session.session_id == call.session_id)
    query = query.join(taking_part, taking_part.session_id == call.session_id)
    is_open = session.closed_at.is_(None) & session.withdrawn_at.is_(None)
    return query.where(taking_part.person == person, is_open)


def blind_calls(connection: Connection, person: str) -> frozenset[str]:
    """Ids of the calls whose scores and answers, the machine's too, somebody is not shown now."""
    return frozenset(connection.execute(kept_blind(person)).scalars())


def not_blind(connection: Connection, person: str, call_id: str) -> None:
    """Whatever tells of a call, or asks for a judgement beside what others say of it, comes by here.

    Raises:
        NotForYou: The person answers it in a session that is open.
    """
    if call_id in blind_calls(connection, person):
        raise NotForYou(why_blind(call_id))


def why_blind(call_id: str) -> str:
    """The message for somebody who asks for such a call."""
    return (
        f"You answer call {call_id} in a calibration session: what others say of it is shown when all have "
        "submitted. Until then it is heard and read from the session's page."
    )
