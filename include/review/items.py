"""What stands in the queue, as a reviewer sees it."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, and_, func, or_, select

from include.database import official
from include.database.locking import lock_calls_where
from include.database.models import AuditRow, CallRow, ReviewDrawRow, ReviewItemRow
from include.errors import InvalidInput
from include.review.blindness import kept_blind
from include.review.events import at
from include.review.people import Actor

# The item's id is made of the call's by a hash: among equals it is an order by chance.
BEST_FIRST = (ReviewItemRow.rank.desc(), ReviewItemRow.item_id)


class ItemState(StrEnum):
    """Where an item stands. `SET_ASIDE`: for a calibration session; `WITHDRAWN`: its call is gone."""

    OPEN = "open"
    TAKEN = "taken"
    DONE = "done"
    SKIPPED = "skipped"
    SET_ASIDE = "set_aside"
    WITHDRAWN = "withdrawn"


class Sample(StrEnum):
    """Why an item is in the queue. Only `RANDOM` and `PASSES` are drawn by chance."""

    AUTO_FAIL = "auto_fail"
    DOUBT = "doubt"
    DISAGREEMENT = "disagreement"
    RANDOM = "random"
    PASSES = "passes"
    CALIBRATION = "calibration"
    PICKED = "picked"


# Where a page of the queue ends: the rank and the id of its last item.
Place = tuple[float, str]


@dataclass(frozen=True)
class QueueItem:
    """A call in the queue.

    Attributes:
        pct: The official score; None when not auditable. Do not show it while the item is blind.
        questions: Criteria that are asked, in the scorecard's order.
        samples: Why it is in the queue, and `reasons` in words. They tell the machine's answers: do not show
            them while the item is blind.
        blind: The machine's answers are hidden until the person has answered.
        value: Of a listen; `include.review.value`. `rank` is that with its due date: the queue's order.
    """

    item_id: str
    call_id: str
    audit_id: str
    day: date
    path: str
    agent: str | None
    team: str | None
    queue: str | None
    duration_s: float | None
    pct: float | None
    passed: bool | None
    state: ItemState
    questions: tuple[str, ...]
    samples: tuple[Sample, ...]
    reasons: tuple[str, ...]
    blind: bool
    value: float
    rank: float
    due_at: datetime
    overdue: bool
    assigned_to: str | None
    taken_by: str | None
    taken_at: datetime | None
    skip_reason: str | None

    @property
    def place(self) -> Place:
        """Where the page that it ends does."""
        return self.rank, self.item_id


@dataclass(frozen=True)
class QueueCounts:
    """How much there is to do; `by_sample` counts an item once for each sample that it is listed in."""

    open: int
    taken: int
    overdue: int
    by_sample: Mapping[str, int]


def list_queue(
    connection: Connection,
    actor: Actor,
    *,
    mine: bool = False,
    sample: Sample | None = None,
    states: Sequence[ItemState] = (ItemState.OPEN, ItemState.TAKEN),
    limit: int = 50,
    after: Place | None = None,
    now: datetime | None = None,
) -> list[QueueItem]:
    """Lists items, the most valuable first.

    Args:
        connection: For reading.
        actor: Who looks: calls in which they are the agent are left out.
        mine: Only what is assigned to them, or taken by them.
        sample: Only of one sample.
        states: Only in these.
        limit: At most so many.
        after: Where the page before ended: its last item's `place`.
        now: The moment; None for this one.
    """
    query = selected().where(ReviewItemRow.state.in_(states), may_review(actor))
    if mine:
        query = query.where(
            or_(ReviewItemRow.assigned_to == actor.user, ReviewItemRow.taken_by == actor.user)
        )
    if sample is not None:
        query = query.where(in_sample(sample))
    if after is not None:
        rank, item_id = after
        later = and_(ReviewItemRow.rank == rank, ReviewItemRow.item_id > item_id)
        query = query.where(or_(ReviewItemRow.rank < rank, later))
    rows = connection.execute(query.order_by(*BEST_FIRST).limit(limit)).all()
    return read(connection, rows, at(now))


def count_queue(connection: Connection, now: datetime | None = None) -> QueueCounts:
    """Counts what is to be done."""
    waiting = ReviewItemRow.state.in_((ItemState.OPEN, ItemState.TAKEN))
    states = select(ReviewItemRow.state, func.count()).where(waiting).group_by(ReviewItemRow.state)
    found = dict(connection.execute(states).tuples().all())
    overdue = select(func.count()).select_from(ReviewItemRow).where(waiting, ReviewItemRow.due_at < at(now))
    # By the items that wait: a join has SQLite go through the draws of all history.
    drawn = ReviewDrawRow.item_id.in_(select(ReviewItemRow.item_id).where(waiting, ~ReviewItemRow.blind))
    samples = select(ReviewDrawRow.sample, func.count()).where(drawn).group_by(ReviewDrawRow.sample)
    by_sample = Counter(dict(connection.execute(samples).tuples().all()))
    blind = select(func.count()).select_from(ReviewItemRow).where(waiting, ReviewItemRow.blind)
    by_sample[Sample.RANDOM] += connection.execute(blind).scalar_one()
    return QueueCounts(
        open=found.get(ItemState.OPEN, 0),
        taken=found.get(ItemState.TAKEN, 0),
        overdue=connection.execute(overdue).scalar_one(),
        by_sample=+by_sample,
    )


def item_of(connection: Connection, item_id: str, now: datetime | None = None) -> QueueItem:
    """One item.

    Raises:
        InvalidInput: There is none of this id.
    """
    row = connection.execute(selected().where(ReviewItemRow.item_id == item_id)).one_or_none()
    if row is None:
        raise InvalidInput(f"There is no item {item_id} in the queue: reload the page.")
    return read(connection, [row], at(now))[0]


def locked_item(connection: Connection, item_id: str, now: datetime | None = None) -> QueueItem:
    """One item, which nobody else changes before the transaction ends, nor the audit of its call.

    Raises:
        InvalidInput: There is none of this id.
    """
    lock_calls_of_items(connection, [item_id])
    return item_of(connection, item_id, now)


def lock_calls_of_items(connection: Connection, item_ids: Sequence[str]) -> None:
    """Locks the calls of items; see `include.database.locking`."""
    of_items = select(ReviewItemRow.call_id).where(ReviewItemRow.item_id.in_(item_ids))
    lock_calls_where(connection, CallRow.call_id.in_(of_items))


def item_of_call(connection: Connection, call_id: str, now: datetime | None = None) -> QueueItem | None:
    """The item of a call; None when it has none."""
    row = connection.execute(selected().where(ReviewItemRow.call_id == call_id)).one_or_none()
    return None if row is None else read(connection, [row], at(now))[0]


def selected() -> Select[*tuple[Any, ...]]:
    """A query of items with their calls and official scores."""
    call = (CallRow.path, CallRow.agent, CallRow.agent_id, CallRow.team, CallRow.queue, CallRow.duration_s)
    score = (official.PCT.label("pct"), official.PASSED.label("passed"))
    query = select(ReviewItemRow.__table__, *call, *score)
    query = query.join(CallRow, CallRow.call_id == ReviewItemRow.call_id)
    return query.join(AuditRow, AuditRow.audit_id == ReviewItemRow.audit_id).outerjoin(*official.SCORE)


def read(connection: Connection, rows: Sequence[Row[Any]], now: datetime) -> list[QueueItem]:
    """Makes items of what `selected` finds."""
    ids = [row.item_id for row in rows]
    draws: dict[str, list[Row[Any]]] = {item_id: [] for item_id in ids}
    query = select(ReviewDrawRow.__table__).where(ReviewDrawRow.item_id.in_(ids))
    for draw in connection.execute(query.order_by(ReviewDrawRow.rule)):
        draws[draw.item_id].append(draw)
    return [_item(row, draws[row.item_id], now) for row in rows]


def _item(row: Row[Any], draws: Sequence[Row[Any]], now: datetime) -> QueueItem:
    waits = row.state in (ItemState.OPEN, ItemState.TAKEN)
    return QueueItem(
        item_id=row.item_id,
        call_id=row.call_id,
        audit_id=row.audit_id,
        day=row.day,
        path=row.path,
        agent=row.agent or row.agent_id,
        team=row.team,
        queue=row.queue,
        duration_s=row.duration_s,
        pct=row.pct,
        passed=row.passed,
        state=ItemState(row.state),
        questions=tuple(row.questions),
        samples=tuple(dict.fromkeys(Sample(draw.sample) for draw in draws)),
        reasons=tuple(dict.fromkeys(reason for draw in draws for reason in draw.reasons)),
        blind=row.blind,
        value=row.value,
        rank=row.rank,
        due_at=row.due_at,
        overdue=waits and row.due_at < now,
        assigned_to=row.assigned_to,
        taken_by=row.taken_by,
        taken_at=row.taken_at,
        skip_reason=row.skip_reason,
    )


def in_sample(sample: Sample) -> ColumnElement[bool]:
    """Whether an item is listed in a sample. Blind ones are in the random one: others tell answers."""
    drawn = ReviewItemRow.item_id.in_(select(ReviewDrawRow.item_id).where(ReviewDrawRow.sample == sample))
    return or_(ReviewItemRow.blind, drawn) if sample is Sample.RANDOM else and_(~ReviewItemRow.blind, drawn)


def may_review(actor: Actor) -> ColumnElement[bool]:
    """Whether somebody is not the agent of a call, and does not answer it blind elsewhere."""
    own = sorted(actor.agents)
    return and_(
        func.coalesce(CallRow.agent, "").not_in(own),
        func.coalesce(CallRow.agent_id, "").not_in(own),
        CallRow.call_id.not_in(kept_blind(actor.user)),
    )
