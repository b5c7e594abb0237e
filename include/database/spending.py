"""What the LLM was paid: written answer by answer, summed up by run, day and call."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, exists, func, insert, select
from sqlalchemy.orm import aliased

from include.calls.call import CallState
from include.database.accounted import accounted_for
from include.database.models import BatchCallRow, CallRow, FailureRow, LlmSpendingRow
from include.database.refused import log_unwritable, writable, write_apart
from include.database.work import STATE
from include.errors import BudgetReached


def record(connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Writes what answers cost. Of what an API says of itself, only what fits is kept: the money is owed."""

    def write(some: Sequence[Mapping[str, Any]]) -> None:
        connection.execute(insert(LlmSpendingRow), some)

    def fit(row: Mapping[str, Any], _: Exception) -> None:
        write_apart(connection, write, [writable(LlmSpendingRow, row)], log_unwritable)

    write_apart(connection, write, rows, fit)


def spent_by_run(connection: Connection, batch_id: str) -> float:
    """USD that a run has paid, as far as prices are known."""
    return _sum(connection, LlmSpendingRow.batch_id == batch_id)


def spent_since(connection: Connection, since: datetime) -> float:
    """USD that all runs have paid since a time."""
    return _sum(connection, LlmSpendingRow.paid_at >= since)


def count_stopped(connection: Connection, batch_id: str) -> int:
    """Calls of a run that wait for money: it was the budget that they failed by, not something later."""
    later = aliased(FailureRow)
    went_on = exists().where(
        later.batch_id == batch_id, later.call_id == FailureRow.call_id, later.id > FailureRow.id
    )
    stopped = select(FailureRow.call_id).where(
        FailureRow.batch_id == batch_id, FailureRow.kind == BudgetReached.kind, ~went_on
    )
    tried = (STATE == CallState.FAILED) | BatchCallRow.failed_try.is_not(None)
    query = (
        select(func.count())
        .select_from(CallRow)
        .join(BatchCallRow)
        .where(accounted_for(batch_id), tried, CallRow.call_id.in_(stopped))
    )
    return int(connection.execute(query).scalar_one())


def _sum(connection: Connection, where: ColumnElement[bool]) -> float:
    query = select(func.coalesce(func.sum(LlmSpendingRow.cost_usd), 0.0)).where(where)
    return float(connection.execute(query).scalar_one() or 0.0)
