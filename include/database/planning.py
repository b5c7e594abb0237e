"""What a run takes up: it claims calls, and clears what stands in their way."""

from collections.abc import Collection
from datetime import UTC, datetime

from sqlalchemy import ColumnElement, Connection, and_, or_, select, update

from include.calls.call import CallState
from include.calls.discovery_rules import Redo
from include.calls.stage import Stage
from include.database.accounted import lies_among_those_of
from include.database.batches import Batch, claimed_loads, has_claimed
from include.database.keeping import thaw
from include.database.locking import lock_calls_of
from include.database.models import BatchCallRow, CallRow, StageResultRow
from include.database.superseding import supersede
from include.distribution.planner import CallLoad


def loads_to_plan(
    connection: Connection, batch: Batch, redo: Redo, first_stage: Stage, ended: Collection[str] = ()
) -> list[CallLoad]:
    """Claims those of the batch's calls that it works on, and clears what stands in their way.

    Failed calls become pending. With `Redo.ALL`, results of open calls from `first_stage` on become history;
    audited calls stay audited, with all their results, until they are audited again. A call that another
    batch works on is left to it.

    Args:
        connection: In a transaction.
        batch: The batch.
        redo: Which calls are done again.
        first_stage: See `redo`.
        ended: Batches whose runs go on no more: their claims are void.
    """
    now = datetime.now(UTC)
    lock_calls_of(connection, batch.batch_id)
    thaw(connection, batch.batch_id, batch.kind)
    _claim(connection, batch, redo, ended)
    _take_up_again(connection, batch, first_stage)
    mine = and_(CallRow.claimed_by == batch.batch_id, lies_among_those_of(batch.batch_id))
    failed = update(CallRow).where(mine, CallRow.state == CallState.FAILED)
    connection.execute(failed.values(state=CallState.PENDING, state_reason=None, changed_at=now))
    results = lies_among_those_of(batch.batch_id, StageResultRow.call_id)
    claimed = select(CallRow.call_id).where(mine)
    open_calls = claimed.where(CallRow.state == CallState.PENDING)
    # Where a recording lies is known of this batch only: hosts delete what is old. And LLM2 ends a call: one
    # that is open in spite of its result could never end.
    anew = first_stage.following if redo is Redo.ALL else [Stage.LLM2]
    supersede(connection, and_(StageResultRow.call_id.in_(open_calls), results), anew, now)
    supersede(connection, and_(StageResultRow.call_id.in_(claimed), results), [Stage.DISTRIBUTE], now)
    return claimed_loads(connection, batch)


def _claim(connection: Connection, batch: Batch, redo: Redo, ended: Collection[str]) -> None:
    """Of two batches that want a call exactly one gets it: the second finds that it is not free any more."""
    of_batch = select(BatchCallRow.call_id).where(BatchCallRow.batch_id == batch.batch_id)
    free = CallRow.claimed_by.is_(None) | CallRow.claimed_by.in_([batch.batch_id, *ended])
    open_: ColumnElement[bool] = CallRow.state.in_([CallState.PENDING, CallState.FAILED])
    if redo is Redo.ALL:
        not_done = of_batch.where(or_(BatchCallRow.redo_from.is_(None), _again(), _tried()))
        of_day = CallRow.day == batch.day, CallRow.state == CallState.AUDITED
        open_ = or_(open_, and_(CallRow.call_id.in_(not_done), *of_day))
    # All are the batch's: by that they are found, among however many.
    wanted = CallRow.call_id.in_(of_batch), lies_among_those_of(batch.batch_id), open_, free
    connection.execute(update(CallRow).where(*wanted).values(claimed_by=batch.batch_id))


def _take_up_again(connection: Connection, batch: Batch, first_stage: Stage) -> None:
    """Audited calls are pending in the batch alone.

    What it has done of them at an earlier try is kept. That a recording lies on a host is no result.
    """
    audited = select(CallRow.call_id).where(
        CallRow.call_id == BatchCallRow.call_id,
        lies_among_those_of(batch.batch_id),
        has_claimed(batch),
        CallRow.state == CallState.AUDITED,
    )
    mine = update(BatchCallRow).where(
        BatchCallRow.batch_id == batch.batch_id, audited.correlate(BatchCallRow).exists()
    )
    redo_from = Stage.DENOISE if first_stage is Stage.DISTRIBUTE else first_stage
    connection.execute(mine.values(state=CallState.PENDING, redo_from=redo_from, failed_try=None))


def _again() -> ColumnElement[bool]:
    return BatchCallRow.state == CallState.PENDING


def _tried() -> ColumnElement[bool]:
    return BatchCallRow.failed_try.is_not(None)
