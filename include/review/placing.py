"""Writes what rules have drawn as items of the queue; a call that is there keeps its place in samples."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from sqlalchemy import Connection, Row, delete, select, update

from include.database.engine import chunks, insert_missing
from include.database.given import among
from include.database.models import ReviewDrawRow, ReviewItemRow
from include.review.candidates import Candidate, Considered, Draw
from include.review.items import ItemState, Sample
from include.review.value import RANDOM_VALUE, rank_of

# What hangs on the answers of one audit, and is drawn anew for the next.
_OF_THE_AUDIT = (Sample.AUTO_FAIL, Sample.DOUBT, Sample.DISAGREEMENT)
_BY_CHANCE = (Sample.RANDOM, Sample.PASSES)


def item_id_of(call_id: str) -> str:
    """A call's item: whoever puts it into the queue, it is the same."""
    return str(uuid5(NAMESPACE_URL, f"cofi:review:{call_id}"))


def place(
    connection: Connection,
    batch_id: str,
    candidates: Sequence[Candidate],
    considered: Considered,
    now: datetime,
) -> int:
    """Writes items and draws; returns how many calls are in the queue for it."""
    queued = 0
    for some in chunks(candidates):
        known = _known(connection, [one.call_id for one in some])
        fresh = [one for one in some if one.call_id not in known and considered.draws.get(one.call_id)]
        items = [_item(batch_id, one, considered, now) for one in fresh]
        insert_missing(connection, ReviewItemRow, items)
        insert_missing(connection, ReviewDrawRow, list(_draw_rows(fresh, considered.draws, now)))
        queued += sum(item["state"] == ItemState.OPEN for item in items)
        for one in some:
            if one.call_id in known:
                queued += _place_again(connection, batch_id, one, considered.draws.get(one.call_id, ()), now)
    return queued


def _known(connection: Connection, call_ids: Sequence[str]) -> set[str]:
    query = select(ReviewItemRow.call_id).where(among(connection, ReviewItemRow.call_id, call_ids))
    return set(connection.execute(query).scalars())


def _item(batch_id: str, one: Candidate, considered: Considered, now: datetime) -> dict[str, Any]:
    draws = considered.draws[one.call_id]
    samples = {draw.sample for draw in draws}
    due_at = min(now + timedelta(days=draw.due_days) for draw in draws)
    value = _value(draws)
    return {
        "item_id": item_id_of(one.call_id),
        "call_id": one.call_id,
        "audit_id": one.audit_id,
        "batch_id": batch_id,
        "day": one.day,
        "state": ItemState.SET_ASIDE if samples == {Sample.CALIBRATION} else ItemState.OPEN,
        "value": value,
        "rank": rank_of(value, due_at),
        "questions": _questions(one, draws),
        "blind": considered.blind and bool(samples.intersection(_BY_CHANCE)),
        "probability": considered.chances.get(one.call_id),
        "due_at": due_at,
        "opened_at": now,
    }


def _value(draws: Sequence[Draw]) -> float:
    """Several rules may ask the same question: the most that one of them finds in it."""
    return max((draw.value for draw in draws if draw.sample in _OF_THE_AUDIT), default=RANDOM_VALUE)


def _questions(one: Candidate, draws: Sequence[Draw]) -> list[str]:
    asked = {name for draw in draws for name in draw.questions}
    return [name for name in one.answers if name in asked]


def _draw_rows(
    candidates: Sequence[Candidate], draws: Mapping[str, Sequence[Draw]], now: datetime
) -> Iterator[dict[str, Any]]:
    for one in candidates:
        for draw in draws[one.call_id]:
            yield {
                "item_id": item_id_of(one.call_id),
                "rule": draw.rule,
                "sample": draw.sample,
                "questions": list(draw.questions),
                "reasons": list(draw.reasons),
                "probability": draw.probability,
                "stratum": draw.stratum,
                "drawn_at": now,
            }


def _place_again(
    connection: Connection, batch_id: str, one: Candidate, draws: Sequence[Draw], now: datetime
) -> bool:
    """A call that was audited anew: what hangs on its old answers goes, what hangs on the new ones comes.

    Returns:
        Whether it waits for somebody.
    """
    item_id = item_id_of(one.call_id)
    row = connection.execute(select(ReviewItemRow.__table__).where(ReviewItemRow.item_id == item_id)).one()
    connection.execute(
        delete(ReviewDrawRow).where(ReviewDrawRow.item_id == item_id, ReviewDrawRow.sample.in_(_OF_THE_AUDIT))
    )
    insert_missing(connection, ReviewDrawRow, list(_draw_rows([one], {one.call_id: draws}, now)))
    kept = connection.execute(
        select(ReviewDrawRow.questions).where(ReviewDrawRow.item_id == item_id)
    ).scalars()
    asked = {name for questions in kept for name in questions} - one.people
    questions = [name for name in one.answers if name in asked]
    changed = _after(row, questions, draws, now)
    values = {"audit_id": one.audit_id, "batch_id": batch_id, "questions": questions, **changed}
    connection.execute(update(ReviewItemRow).where(ReviewItemRow.item_id == item_id).values(**values))
    return bool(values.get("state", row.state) in (ItemState.OPEN, ItemState.TAKEN))


def _after(row: Row[Any], questions: Sequence[str], draws: Sequence[Draw], now: datetime) -> dict[str, Any]:
    """State, value and due date of an item with new questions."""
    waits = row.state in (ItemState.OPEN, ItemState.TAKEN)
    if not questions:
        return {"state": ItemState.WITHDRAWN, "taken_by": None, "taken_at": None} if waits else {}
    if not draws:
        return {}
    due_at = min(now + timedelta(days=draw.due_days) for draw in draws)
    due_at = min(due_at, row.due_at) if waits else due_at
    value = _value(draws)
    ended = {} if waits else {"state": ItemState.OPEN, "ended_at": None, "ended_by": None}
    return {"value": value, "rank": rank_of(value, due_at), "due_at": due_at, **ended}
