"""Agents' objections to answers about their calls, and whether they may still raise one."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, and_, func, or_, select, tuple_

from include.database.models import AuditRow, DisputeRow, ReviewedScoreRow
from include.errors import InvalidInput
from include.review.events import at
from include.review.material import Audited, audited
from include.review.people import Actor
from include.review.rules import DisputeRule

_COUNTED_OVER = timedelta(days=30)
# Where a page of disputes ends: whether its last one has been decided or withdrawn, its date and its id.
Place = tuple[bool, datetime, str]


class DisputeState(StrEnum):
    """Where a dispute stands: `KEPT` the answer, `TAKEN` the agent's, `THIRD` another one."""

    OPEN = "open"
    KEPT = "kept"
    TAKEN = "taken"
    THIRD = "third"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True)
class Dispute:
    """An objection.

    Attributes:
        disputed_answer: What stood when it was raised; `held_answer` what the agent holds right.
        overdue: It is open, and its date has passed.
        answer: What was decided; None until then.
    """

    dispute_id: str
    call_id: str
    criterion_id: str
    raised_by: str
    raised_at: datetime
    disputed_answer: str
    held_answer: str
    why: str
    due_at: datetime
    overdue: bool
    state: DisputeState
    decided_by: str | None
    decided_at: datetime | None
    answer: str | None
    decision: str | None

    @property
    def place(self) -> Place:
        """Where the page that it ends does."""
        return self.state is not DisputeState.OPEN, self.due_at, self.dispute_id


@dataclass(frozen=True)
class Terms:
    """Whether an agent may still dispute a call, and until when.

    Attributes:
        until: The last moment.
        left: Disputes that the agent may still raise within 30 days.
        criteria: That may be disputed: not those with an open dispute, or one that was decided.
    """

    until: datetime
    left: int
    criteria: tuple[str, ...]


def terms(
    connection: Connection, actor: Actor, call_id: str, rule: DisputeRule, now: datetime | None = None
) -> Terms:
    """What an agent may dispute of their call."""
    now = at(now)
    call = audited(connection, call_id)
    told_at = _told_at(connection, call)
    raised = select(func.count()).where(
        DisputeRow.raised_by == actor.user,
        DisputeRow.raised_at > now - _COUNTED_OVER,
        DisputeRow.state != DisputeState.WITHDRAWN,
    )
    states = (DisputeState.WITHDRAWN,)
    closed = select(DisputeRow.criterion_id).where(
        DisputeRow.call_id == call_id, DisputeRow.state.not_in(states)
    )
    settled = set(connection.execute(closed).scalars())
    return Terms(
        until=told_at + timedelta(days=rule.raise_days),
        left=max(0, rule.most_per_agent_and_30_days - connection.execute(raised).scalar_one()),
        criteria=tuple(c.id for c in call.scorecard.criteria if c.id in call.machine and c.id not in settled),
    )


def dispute_of(connection: Connection, dispute_id: str, now: datetime | None = None) -> Dispute:
    """One dispute.

    Raises:
        InvalidInput: There is none of this id.
    """
    query = select(DisputeRow.__table__).where(DisputeRow.dispute_id == dispute_id)
    row = connection.execute(query).one_or_none()
    if row is None:
        raise InvalidInput(f"There is no dispute {dispute_id}: reload the page.")
    return _dispute(row, at(now))


def list_disputes(
    connection: Connection,
    *,
    raised_by: Actor | None = None,
    call_id: str | None = None,
    only_open: bool = False,
    limit: int = 50,
    after: Place | None = None,
    newest_first: bool = False,
    now: datetime | None = None,
) -> list[Dispute]:
    """Lists disputes, open ones first, by their dates; from behind a place on, where one is given.

    With `newest_first` by their dates from the last on, without pages.
    """
    query = select(DisputeRow.__table__)
    if raised_by is not None:
        query = query.where(DisputeRow.raised_by == raised_by.user)
    if call_id is not None:
        query = query.where(DisputeRow.call_id == call_id)
    if only_open:
        query = query.where(DisputeRow.state == DisputeState.OPEN)
    ended = DisputeRow.state != DisputeState.OPEN
    by_date = DisputeRow.due_at.desc() if newest_first else DisputeRow.due_at
    order = (ended, by_date, DisputeRow.dispute_id)
    if after is not None:
        query = query.where(_behind(after))
    rows = connection.execute(query.order_by(*order).limit(limit))
    return [_dispute(row, at(now)) for row in rows]


def _behind(place: Place) -> ColumnElement[bool]:
    has_ended, due_at, dispute_id = place
    ended = DisputeRow.state != DisputeState.OPEN
    later = tuple_(DisputeRow.due_at, DisputeRow.dispute_id) > tuple_(due_at, dispute_id)
    return and_(ended, later) if has_ended else or_(ended, later)


def _dispute(row: Row[Any], now: datetime) -> Dispute:
    values = {name: value for name, value in row._mapping.items() if name != "audit_id"}
    state = DisputeState(row.state)
    overdue = state is DisputeState.OPEN and row.due_at < now
    return Dispute(**values | {"state": state, "overdue": overdue})


def _told_at(connection: Connection, call: Audited) -> datetime:
    """When the score became what it is: the time to object begins."""
    query = select(AuditRow.created_at, ReviewedScoreRow.reviewed_at).outerjoin(
        ReviewedScoreRow, ReviewedScoreRow.audit_id == AuditRow.audit_id
    )
    created_at, reviewed_at = connection.execute(query.where(AuditRow.audit_id == call.audit_id)).one()
    return max(filter(None, (created_at, reviewed_at)))
