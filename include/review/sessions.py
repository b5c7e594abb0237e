"""Calibration sessions as they stand: who takes part, how far they are, what somebody answered themselves."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, func, select

from include.database.models import (
    AnswerRow,
    AuditRow,
    CalibrationAnswerRow,
    CalibrationCallRow,
    CalibrationPersonRow,
    CalibrationSessionRow,
    CallRow,
    ReviewItemRow,
)
from include.errors import InvalidInput
from include.review.carrying import recorded
from include.review.items import ItemState
from include.scorecards.answers import NOT_APPLICABLE
from include.scorecards.schema import Criterion


@dataclass(frozen=True)
class Session:
    """A calibration session.

    Attributes:
        calls: In the order in which they are answered.
        questions: Criteria that are asked of each.
        people: Who takes part; `expert` is one of them, or None.
        submitted: Those who are through.
        revealed: All are: from now on everybody sees everybody's answers.
        withdrawn_at: When it was called off; None when it was not.
    """

    session_id: str
    title: str
    scorecard_sha256: str
    questions: tuple[str, ...]
    calls: tuple[str, ...]
    people: tuple[str, ...]
    expert: str | None
    submitted: tuple[str, ...]
    opened_by: str
    opened_at: datetime
    due_at: datetime
    closed_at: datetime | None
    withdrawn_at: datetime | None

    @property
    def revealed(self) -> bool:
        """Whether answers may be shown."""
        return self.closed_at is not None

    @property
    def open(self) -> bool:
        """Whether somebody may still answer."""
        return self.closed_at is None and self.withdrawn_at is None

    @property
    def asked(self) -> int:
        """How many answers each person gives."""
        return len(self.calls) * len(self.questions)


@dataclass(frozen=True)
class Own:
    """Somebody's own answer."""

    answer: str
    comment: str


@dataclass(frozen=True)
class Question:
    """A criterion; `options` are the answers that it can have, with their labels."""

    criterion_id: str
    text: str
    instructions: str
    options: Mapping[str, str]


def session_of(connection: Connection, session_id: str) -> Session:
    """One session.

    Raises:
        InvalidInput: There is none of this id.
    """
    found = find_session(connection, session_id)
    if found is None:
        raise InvalidInput(f"There is no calibration session {session_id}: reload the page.")
    return found


def find_session(connection: Connection, session_id: str) -> Session | None:
    """One session; None where there is none of this id."""
    query = select(CalibrationSessionRow.__table__).where(CalibrationSessionRow.session_id == session_id)
    return next(iter(_sessions(connection, connection.execute(query).all())), None)


def list_sessions(connection: Connection, person: str | None = None, limit: int = 50) -> list[Session]:
    """Sessions, open ones first, then the newest; only those somebody takes part in. Three statements."""
    row = CalibrationSessionRow
    query = select(row.__table__)
    if person is not None:
        own = select(CalibrationPersonRow.session_id).where(CalibrationPersonRow.person == person)
        query = query.where(row.session_id.in_(own))
    ended = row.closed_at.is_not(None) | row.withdrawn_at.is_not(None)
    query = query.order_by(ended, row.opened_at.desc(), row.session_id).limit(limit)
    return _sessions(connection, connection.execute(query).all())


def answered_by_person(connection: Connection, session_ids: Sequence[str]) -> dict[str, dict[str, int]]:
    """How many answers each person has given, by session: numbers alone, nobody's answers."""
    row = CalibrationAnswerRow
    query = select(row.session_id, row.person, func.count().label("answers"))
    query = query.where(row.session_id.in_(session_ids)).group_by(row.session_id, row.person)
    found: dict[str, dict[str, int]] = defaultdict(dict)
    for one in connection.execute(query):
        found[one.session_id][one.person] = one.answers
    return found


def own_answers(connection: Connection, session_id: str, person: str) -> dict[tuple[str, str], Own]:
    """What somebody has answered themselves, by call and criterion."""
    query = select(CalibrationAnswerRow.__table__).filter_by(session_id=session_id, person=person)
    return {
        (row.call_id, row.criterion_id): Own(row.answer, row.comment) for row in connection.execute(query)
    }


def questions_of(connection: Connection, session: Session) -> list[Question]:
    """What is asked of each call, as the session's scorecard asks it."""
    card = recorded(connection, session.scorecard_sha256)
    return [_question(card.criterion(name)) for name in session.questions]


def _question(criterion: Criterion) -> Question:
    options = {one.key: one.label for one in criterion.options}
    if NOT_APPLICABLE in criterion.possible_answers:
        options[NOT_APPLICABLE] = "does not apply"
    return Question(criterion.id, criterion.text, criterion.instructions, options)


def known_people(connection: Connection) -> list[str]:
    """Everybody who has ever been asked to a session."""
    return list(connection.execute(select(CalibrationPersonRow.person).distinct()).scalars())


def set_aside(connection: Connection) -> int:
    """How many calls the rules have set aside for the next session."""
    waiting = ReviewItemRow.state == ItemState.SET_ASIDE
    query = select(func.count()).select_from(ReviewItemRow).where(waiting)
    return int(connection.execute(query).scalar_one())


def calls_of(connection: Connection, session: Session) -> dict[str, Row[*tuple[Any, ...]]]:
    """The recordings of a session, by call: `path`, `day`, `agent`, `agent_id`, `duration_s`."""
    columns = (CallRow.path, CallRow.day, CallRow.agent, CallRow.agent_id, CallRow.duration_s)
    query = select(CallRow.call_id, *columns).where(CallRow.call_id.in_(session.calls))
    found = {row.call_id: row for row in connection.execute(query)}
    return {call_id: found[call_id] for call_id in session.calls if call_id in found}


def moments_of(connection: Connection, session: Session) -> dict[tuple[str, str], int]:
    """Where in its call the machine's evidence of an answer begins, in ms, where it has any."""
    query = select(AuditRow.call_id, AnswerRow.criterion_id, AnswerRow.evidence)
    query = query.join(AuditRow, AuditRow.audit_id == AnswerRow.audit_id)
    rows = connection.execute(
        query.where(AuditRow.call_id.in_(session.calls), AuditRow.superseded_at.is_(None))
    )
    starts = {(row.call_id, row.criterion_id): _starts_ms(row.evidence) for row in rows}
    return {place: min(found) for place, found in starts.items() if found}


def _starts_ms(evidence: Sequence[Mapping[str, Any]]) -> list[int]:
    return [one["start_ms"] for one in evidence if one.get("start_ms") is not None]


def _sessions(connection: Connection, rows: Sequence[Row[Any]]) -> list[Session]:
    ids = [row.session_id for row in rows]
    calls: dict[str, list[str]] = defaultdict(list)
    people: dict[str, list[Row[Any]]] = defaultdict(list)
    call, person = CalibrationCallRow, CalibrationPersonRow
    places = select(call.session_id, call.call_id).where(call.session_id.in_(ids))
    for session_id, call_id in connection.execute(places.order_by(call.place)):
        calls[session_id].append(call_id)
    parts = select(person.__table__).where(person.session_id.in_(ids))
    for one in connection.execute(parts.order_by(person.person)):
        people[one.session_id].append(one)
    return [_session(row, calls[row.session_id], people[row.session_id]) for row in rows]


def _session(row: Row[Any], calls: Sequence[str], people: Sequence[Row[Any]]) -> Session:
    values = {name: value for name, value in row._mapping.items() if name != "questions"}
    return Session(
        **values,
        questions=tuple(row.questions),
        calls=tuple(calls),
        people=tuple(one.person for one in people),
        expert=next((one.person for one in people if one.expert), None),
        submitted=tuple(one.person for one in people if one.submitted_at is not None),
    )
