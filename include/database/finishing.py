"""Calls reach their final state: once, by the batch that has claimed them, and each with its event."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, FromClause, Select, Update, case, func, or_, select, update

from include.calls.call import CallState
from include.calls.stage import Stage
from include.database.engine import chunks
from include.database.given import MOST_ROWS, among, given
from include.database.locking import lock_calls
from include.database.models import BatchCallRow, CallRow
from include.database.outbox import announce
from include.database.superseding import adopt
from include.database.work import BatchKind, has_result

Ending = tuple[str, CallState, str | None]


def finish(
    connection: Connection,
    batch_id: str,
    ended: Iterable[Ending],
    now: datetime,
    kind: BatchKind = BatchKind.AUDIT,
) -> None:
    """Brings pending calls that the batch has claimed to their final state, and queues one event for each.

    Args:
        connection: In a transaction.
        batch_id: The batch that did it.
        ended: Call id, final state, reason; of several of a call the first.
        now: When.
        kind: Of the batch. What is done again ends in it, and keeps its official result until a new one
            is there.
    """
    first: dict[str, dict[str, str | None]] = {}
    for call_id, state, reason in ended:
        first.setdefault(call_id, {"call_id": call_id, "state": state.value, "reason": reason})
    lock_calls(connection, first)
    for rows in chunks(list(first.values()), MOST_ROWS):
        endings = given(connection, rows, ["call_id", "state", "reason"])
        if kind is BatchKind.AUDIT:
            _finish_calls(connection, batch_id, endings, now)
            _finish_tries(connection, batch_id, endings, now)
        else:
            _finish_again(connection, batch_id, endings, now, official=kind is BatchKind.RESCORE)


def _finish_calls(connection: Connection, batch_id: str, endings: FromClause, now: datetime) -> None:
    reached = connection.execute(
        update(CallRow)
        .where(
            CallRow.call_id == endings.c.call_id,
            CallRow.state == CallState.PENDING,
            CallRow.claimed_by == batch_id,
        )
        .values(state=endings.c.state, state_reason=endings.c.reason, changed_at=now, claimed_by=None)
        .returning(CallRow.call_id)
    )
    announce(connection, batch_id, reached.scalars().all(), now)


def _finish_tries(connection: Connection, batch_id: str, endings: FromClause, now: datetime) -> None:
    """Ends calls that were audited before: the new audit takes the old one's place, or that one stands."""
    why = func.coalesce(endings.c.reason, endings.c.state)
    reached = connection.execute(
        _open_in(batch_id, endings)
        .where(BatchCallRow.call_id.in_(_claimed(batch_id)))
        .values(
            state=None,
            state_reason=None,
            failed_try=case((endings.c.state == CallState.AUDITED, None), else_=why),
        )
        .returning(BatchCallRow.call_id, BatchCallRow.failed_try)
    ).all()
    if reached:
        audited = [row.call_id for row in reached if row.failed_try is None]
        _release_and_adopt(connection, batch_id, [row.call_id for row in reached], audited, now)


def _finish_again(
    connection: Connection, batch_id: str, endings: FromClause, now: datetime, *, official: bool
) -> None:
    """Ends calls in a rescore; where it is an official one, its audits become the calls' current ones."""
    ended = _open_in(batch_id, endings)
    if official:
        ended = ended.where(
            or_(endings.c.state != CallState.AUDITED, BatchCallRow.call_id.in_(_claimed(batch_id)))
        )
    reached = connection.execute(
        ended.values(state=endings.c.state, state_reason=endings.c.reason).returning(
            BatchCallRow.call_id, BatchCallRow.state
        )
    ).all()
    if official and reached:
        audited = [row.call_id for row in reached if row.state == CallState.AUDITED]
        lost = [row.call_id for row in reached if row.state != CallState.AUDITED]
        stand_again(connection, batch_id, among(connection, CallRow.call_id, lost))
        _release_and_adopt(connection, batch_id, [row.call_id for row in reached], audited, now)


def stand_again(connection: Connection, batch_id: str, *where: ColumnElement[bool]) -> None:
    """Gives calls that a rescore holds, and that are open though they were audited, their old audit back.

    Runs of before left calls so: nobody else would end them. A recording that was replaced has no result any
    more that could stand.
    """
    reopened = (CallRow.claimed_by == batch_id, CallRow.state == CallState.PENDING, has_result(Stage.LLM2))
    stands = {"state": CallState.AUDITED, "state_reason": None, "claimed_by": None}
    connection.execute(update(CallRow).where(*reopened, *where).values(stands))


def _open_in(batch_id: str, endings: FromClause) -> Update:
    return update(BatchCallRow).where(
        BatchCallRow.batch_id == batch_id,
        BatchCallRow.call_id == endings.c.call_id,
        BatchCallRow.state == CallState.PENDING,
    )


def _claimed(batch_id: str) -> Select[str]:
    return select(CallRow.call_id).where(CallRow.claimed_by == batch_id)


def _release_and_adopt(
    connection: Connection, batch_id: str, ended: Sequence[str], audited: Sequence[str], now: datetime
) -> None:
    of_calls = among(connection, CallRow.call_id, ended)
    mine = update(CallRow).where(of_calls, CallRow.claimed_by == batch_id)
    connection.execute(mine.values(claimed_by=None))
    if audited:
        adopt(connection, batch_id, audited, now)
        again = update(CallRow).where(among(connection, CallRow.call_id, audited))
        connection.execute(again.values(state=CallState.AUDITED, state_reason=None, changed_at=now))
        announce(connection, batch_id, audited, now)
