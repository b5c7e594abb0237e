"""A person puts a call before themselves or somebody else, whether a rule has named it or not."""

from datetime import datetime, timedelta

from sqlalchemy import Connection, insert, update

from include.database.engine import insert_missing
from include.database.locking import lock_calls
from include.database.models import ReviewDrawRow, ReviewItemRow
from include.errors import NotForYou, TooLate
from include.review.blindness import blind_calls
from include.review.events import at, record
from include.review.items import ItemState, QueueItem, Sample, item_of, item_of_call
from include.review.material import Audited, audited, not_own
from include.review.people import Actor
from include.review.placing import item_id_of
from include.review.queue import assign, take
from include.review.value import RANDOM_VALUE, rank_of

_DUE = timedelta(days=1)


def pick(connection: Connection, actor: Actor, call_id: str, now: datetime | None = None) -> QueueItem:
    """Takes a call: its item where it has one, ended ones again, else a new one that asks nothing special.

    A picked call is in no random sample by it. One that is there already keeps its place, and stays blind.

    Raises:
        NotForYou: The actor is the call's agent, or it is assigned to somebody else.
        TooLate: Somebody else has it.
        InvalidInput: The call has not been audited.
    """
    now = at(now)
    lock_calls(connection, [call_id])
    call = audited(connection, call_id)
    not_own(actor, call)
    item = _opened(connection, actor, call, now)
    if item.state is not ItemState.TAKEN:
        record(connection, actor, "pick", item.item_id, now, call_id=call_id)
    return take(connection, actor, item.item_id, now)


def give(
    connection: Connection, actor: Actor, call_id: str, to: Actor | None, now: datetime | None = None
) -> QueueItem:
    """Assigns a call to somebody, or to anybody; it gets into the queue by it where it is not there.

    Raises:
        NotForYou: The other is the call's agent, or answers it in a calibration session.
        TooLate: Somebody has it.
        InvalidInput: The call has not been audited.
    """
    now = at(now)
    lock_calls(connection, [call_id])
    call = audited(connection, call_id)
    if to is not None:
        not_own(to, call)
        if call_id in blind_calls(connection, to.user):
            raise NotForYou(f"{to.user} answers call {call_id} in a calibration session: choose another one.")
    item = _opened(connection, actor, call, now)
    if item.state is ItemState.TAKEN:
        raise TooLate(f"{item.taken_by} has call {call_id}.")
    assign(connection, actor, [item.item_id], to, now)
    return item_of(connection, item.item_id, now)


def _opened(connection: Connection, actor: Actor, call: Audited, now: datetime) -> QueueItem:
    """The call's item, open or taken."""
    item = item_of_call(connection, call.call_id, now)
    if item is None:
        _put(connection, call, now)
    elif item.state not in (ItemState.OPEN, ItemState.TAKEN):
        again: dict[str, str | None] = dict.fromkeys(("ended_at", "ended_by", "skip_reason", "assigned_to"))
        again |= {"state": ItemState.OPEN, "audit_id": call.audit_id}
        connection.execute(update(ReviewItemRow).where(ReviewItemRow.item_id == item.item_id).values(**again))
        record(connection, actor, "reopen", item.item_id, now, call_id=call.call_id)
    return item_of(connection, item.item_id if item else item_id_of(call.call_id), now)


def _put(connection: Connection, call: Audited, now: datetime) -> None:
    due_at = now + _DUE
    item = {
        "item_id": item_id_of(call.call_id),
        "call_id": call.call_id,
        "audit_id": call.audit_id,
        "batch_id": call.batch_id,
        "day": call.day,
        "state": ItemState.OPEN,
        "value": RANDOM_VALUE,
        "rank": rank_of(RANDOM_VALUE, due_at),
        "questions": [],
        "blind": False,
        "due_at": due_at,
        "opened_at": now,
    }
    insert_missing(connection, ReviewItemRow, [item])
    draw = {"item_id": item["item_id"], "rule": "picked", "sample": Sample.PICKED, "drawn_at": now}
    connection.execute(insert(ReviewDrawRow).values(**draw, questions=[], reasons=[]))
