"""The queue: who listens to what next. One call is in the hands of one person at a time."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, or_, select, update

from include.database.models import CallRow, ReviewItemRow
from include.errors import InvalidInput, NotForYou, TooLate
from include.review.blindness import blind_calls, not_blind
from include.review.events import at, record
from include.review.items import (
    BEST_FIRST,
    ItemState,
    QueueItem,
    Sample,
    in_sample,
    item_of,
    lock_calls_of_items,
    locked_item,
    may_review,
)
from include.review.people import Actor
from include.review.written import kept_text

# Who takes an item and goes home does not keep it: after this, others get it.
LEASE = timedelta(hours=4)
_TRIES = 20


def take(connection: Connection, actor: Actor, item_id: str, now: datetime | None = None) -> QueueItem:
    """Takes an item; of several people who try at once, exactly one gets it. Taking it again changes nothing.

    Raises:
        TooLate: Somebody else has it, or it has ended.
        NotForYou: It is assigned to somebody else, or the actor is the call's agent or answers it blind.
        InvalidInput: There is no such item.
    """
    now = at(now)
    item = locked_item(connection, item_id, now)
    not_blind(connection, actor.user, item.call_id)
    if item.state is ItemState.TAKEN and item.taken_by == actor.user:
        return item
    _may_have(connection, actor, item)
    if not _taken(connection, actor, item_id, now):
        raise TooLate(_gone(item_of(connection, item_id, now)))
    record(connection, actor, "take", item_id, now, call_id=item.call_id)
    return item_of(connection, item_id, now)


def take_next(
    connection: Connection, actor: Actor, *, sample: Sample | None = None, now: datetime | None = None
) -> QueueItem | None:
    """Takes the most valuable item that the actor may have; one that they have already comes first.

    Args:
        connection: In a transaction.
        actor: Who.
        sample: Only of this one.
        now: The moment; None for this one.

    Returns:
        None when there is nothing to do.
    """
    now = at(now)
    mine = ReviewItemRow.taken_by == actor.user
    held = _candidates(connection, actor, sample, and_(ReviewItemRow.state == ItemState.TAKEN, mine))
    if held:
        return item_of(connection, held[0], now)
    for item_id in _candidates(connection, actor, sample, _free(now)):
        if _taken(connection, actor, item_id, now):
            item = item_of(connection, item_id, now)
            record(connection, actor, "take", item_id, now, call_id=item.call_id)
            return item
    return None


def _candidates(
    connection: Connection, actor: Actor, sample: Sample | None, which: ColumnElement[bool]
) -> Sequence[str]:
    """Ids of the most valuable items that somebody may have."""
    query = select(ReviewItemRow.item_id).join(CallRow, CallRow.call_id == ReviewItemRow.call_id)
    query = query.where(which, may_review(actor))
    query = query.where(_not_of_another(actor))
    if sample is not None:
        query = query.where(in_sample(sample))
    return connection.execute(query.order_by(*BEST_FIRST).limit(_TRIES)).scalars().all()


def release(connection: Connection, actor: Actor, item_id: str, now: datetime | None = None) -> QueueItem:
    """Gives an item back; answers that were given stay, and stand once somebody finishes it.

    Raises:
        NotForYou: The actor does not have it.
    """
    item = held_by(connection, actor, item_id, now)
    _change(connection, item_id, state=ItemState.OPEN, taken_by=None, taken_at=None)
    record(connection, actor, "release", item_id, at(now), call_id=item.call_id)
    return item_of(connection, item_id, now)


def skip(
    connection: Connection, actor: Actor, item_id: str, reason: str, now: datetime | None = None
) -> QueueItem:
    """Ends an item that nobody can or need answer. Of the random sample it stays a part: it is missing there.

    Raises:
        NotForYou: The actor does not have it.
        InvalidInput: No reason is given.
    """
    now, reason = at(now), kept_text(reason)
    if not reason:
        raise InvalidInput("Say why the call is skipped: the next one who looks wants to know.")
    item = held_by(connection, actor, item_id, now)
    ended = {"ended_at": now, "ended_by": actor.user, "skip_reason": reason}
    _change(connection, item_id, state=ItemState.SKIPPED, taken_by=None, taken_at=None, **ended)
    record(connection, actor, "skip", item_id, now, call_id=item.call_id)
    return item_of(connection, item_id, now)


def assign(
    connection: Connection,
    actor: Actor,
    item_ids: Sequence[str],
    to: Actor | None,
    now: datetime | None = None,
) -> int:
    """Gives open items to somebody, or to anybody; returns how many.

    Left out are a person's own calls, and those that they answer in a calibration session.
    """
    now = at(now)
    lock_calls_of_items(connection, item_ids)
    kept = blind_calls(connection, to.user) if to else frozenset()
    given = 0
    for item_id in item_ids:
        item = item_of(connection, item_id, now)
        if item.state is not ItemState.OPEN or item.call_id in kept:
            continue
        if to and _is_own(connection, to, item):
            continue
        _change(connection, item_id, assigned_to=to and to.user)
        record(
            connection, actor, "assign", item_id, now, call_id=item.call_id, details={"to": to and to.user}
        )
        given += 1
    return given


def held_by(connection: Connection, actor: Actor, item_id: str, now: datetime | None = None) -> QueueItem:
    """An item that somebody has taken, and that they have until the transaction ends.

    Raises:
        NotForYou: The actor does not have it.
    """
    item = locked_item(connection, item_id, now)
    if item.state is not ItemState.TAKEN or item.taken_by != actor.user:
        raise NotForYou(f"{_gone(item)} Take it first.")
    return item


def _free(now: datetime) -> ColumnElement[bool]:
    left = and_(ReviewItemRow.state == ItemState.TAKEN, ReviewItemRow.taken_at < now - LEASE)
    return or_(ReviewItemRow.state == ItemState.OPEN, left)


def _not_of_another(actor: Actor) -> ColumnElement[bool]:
    return or_(ReviewItemRow.assigned_to.is_(None), ReviewItemRow.assigned_to == actor.user)


def _taken(connection: Connection, actor: Actor, item_id: str, now: datetime) -> bool:
    """Takes an item if it is free: the database lets one of several through."""
    mine = update(ReviewItemRow).where(ReviewItemRow.item_id == item_id, _free(now), _not_of_another(actor))
    taken = connection.execute(mine.values(state=ItemState.TAKEN, taken_by=actor.user, taken_at=now))
    return taken.rowcount == 1


def _change(connection: Connection, item_id: str, **values: Any) -> None:
    connection.execute(update(ReviewItemRow).where(ReviewItemRow.item_id == item_id).values(**values))


def _is_own(connection: Connection, actor: Actor, item: QueueItem) -> bool:
    names = select(CallRow.agent, CallRow.agent_id).where(CallRow.call_id == item.call_id)
    return actor.speaks_in(connection.execute(names).one())


def _may_have(connection: Connection, actor: Actor, item: QueueItem) -> None:
    if item.assigned_to not in (None, actor.user):
        raise NotForYou(f"Call {item.call_id} is assigned to {item.assigned_to}: take another one.")
    if _is_own(connection, actor, item):
        raise NotForYou(f"{actor.user} is the agent of call {item.call_id}: somebody else reviews it.")


def _gone(item: QueueItem) -> str:
    if item.state is ItemState.TAKEN:
        return f"{item.taken_by} has call {item.call_id}."
    return f"The item of call {item.call_id} is {item.state.replace('_', ' ')}."
