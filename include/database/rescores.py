"""A rescore: audited calls of some days are taken up again; what becomes of them is kept with the batch."""

from collections.abc import Callable, Collection

from sqlalchemy import ColumnElement, Connection, and_, exists, func, select, update

from include.calls.call import CallState
from include.calls.stage import Stage
from include.database.accounted import lies_among_those_of
from include.database.batches import Batch
from include.database.engine import insert_missing
from include.database.locking import lock_calls_where
from include.database.models import AuditRow, BatchCallRow, CallRow, TranscriptRow
from include.database.work import BatchKind
from include.distribution.planner import CallLoad

# A share is taken by the call's id, whose end is a hash: the same calls each time, and more in a larger one.
_HASH_DIGITS = 8

Wanted = Callable[[str], bool]


def in_share(share: float) -> Wanted:
    """Whether a call id belongs to a share (0..1) of all calls."""
    bound = share * 16**_HASH_DIGITS
    return lambda call_id: int(call_id[-_HASH_DIGITS:], 16) < bound


def loads_to_rescore(
    connection: Connection, batch: Batch, wanted: Wanted, ended: Collection[str] = ()
) -> list[CallLoad]:
    """Takes up the audited calls of the batch's days, and claims them unless it is a shadow run.

    Calls that failed in this batch are taken up again. One that another run works on is left to it: it ends
    as skipped here.

    Args:
        connection: In a transaction.
        batch: The batch.
        wanted: Which calls, by id.
        ended: Batches whose runs go on no more: their claims are void.

    Returns:
        A load of 1 for each call: an LLM takes no longer for a long one, to speak of.
    """
    lock_calls_where(connection, _between(batch))
    _take_up(connection, batch, wanted)
    again = update(BatchCallRow).where(
        BatchCallRow.batch_id == batch.batch_id, BatchCallRow.state != CallState.AUDITED
    )
    connection.execute(again.values(state=CallState.PENDING, state_reason=None))
    if batch.kind is BatchKind.RESCORE:
        _claim(connection, batch, ended)
    query = select(BatchCallRow.call_id).where(
        BatchCallRow.batch_id == batch.batch_id, BatchCallRow.state == CallState.PENDING
    )
    ids = connection.execute(query.order_by(BatchCallRow.call_id)).scalars()
    return [CallLoad(call_id, 1.0) for call_id in ids]


def claimants(connection: Connection, batch: Batch) -> set[str]:
    """Other batches that work on audited calls of these days."""
    query = select(CallRow.claimed_by).distinct().where(_of_days(batch))
    claimants = connection.execute(query).scalars()
    return {claimant for claimant in claimants if claimant and claimant != batch.batch_id}


def end_strays(connection: Connection, batch: Batch) -> None:
    """Ends calls that another run has begun to audit from the recording.

    Args:
        connection: In a transaction that has locked the batch's calls.
        batch: The rescore.
    """
    lost = CallRow.state != CallState.AUDITED
    if batch.kind is BatchKind.RESCORE:
        lost |= func.coalesce(CallRow.claimed_by, "") != batch.batch_id
    same = CallRow.call_id == BatchCallRow.call_id, lies_among_those_of(batch.batch_id)
    made_anew = exists().where(*same, lost)
    strays = update(BatchCallRow).where(
        BatchCallRow.batch_id == batch.batch_id,
        BatchCallRow.state == CallState.PENDING,
        made_anew,
    )
    reason = "another run began to audit it from the recording"
    connection.execute(strays.values(state=CallState.SKIPPED, state_reason=reason))


def _of_days(batch: Batch) -> ColumnElement[bool]:
    return and_(_between(batch), CallRow.state == CallState.AUDITED)


def _between(batch: Batch) -> ColumnElement[bool]:
    return CallRow.day.between(batch.day, batch.last_day or batch.day)


def _take_up(connection: Connection, batch: Batch, wanted: Wanted) -> None:
    query = (
        select(CallRow.call_id, AuditRow.audit_id)
        .join(TranscriptRow, TranscriptRow.call_id == CallRow.call_id)
        .join(AuditRow, (AuditRow.call_id == CallRow.call_id) & AuditRow.superseded_at.is_(None))
        .where(_of_days(batch))
    )
    rows = [
        {
            "batch_id": batch.batch_id,
            "call_id": call_id,
            "state": CallState.PENDING,
            "old_audit_id": audit_id,
            "redo_from": Stage.LLM1,
        }
        for call_id, audit_id in connection.execute(query)
        if wanted(call_id)
    ]
    insert_missing(connection, BatchCallRow, rows)


def _claim(connection: Connection, batch: Batch, ended: Collection[str]) -> None:
    """Of two batches that want a call exactly one gets it: the second finds that it is not free any more."""
    open_calls = select(BatchCallRow.call_id).where(
        BatchCallRow.batch_id == batch.batch_id, BatchCallRow.state == CallState.PENDING
    )
    free = CallRow.claimed_by.is_(None) | CallRow.claimed_by.in_([batch.batch_id, *ended])
    lie = lies_among_those_of(batch.batch_id)
    wanted = CallRow.call_id.in_(open_calls), lie, CallRow.state == CallState.AUDITED, free
    connection.execute(update(CallRow).where(*wanted).values(claimed_by=batch.batch_id))
    of_another = exists().where(
        CallRow.call_id == BatchCallRow.call_id,
        lie,
        CallRow.claimed_by.is_(None) | (CallRow.claimed_by != batch.batch_id),
    )
    left = update(BatchCallRow).where(
        BatchCallRow.batch_id == batch.batch_id,
        BatchCallRow.state == CallState.PENDING,
        of_another,
    )
    reason = "another run works on it: rescore it when that run has ended"
    connection.execute(left.values(state=CallState.SKIPPED, state_reason=reason))
