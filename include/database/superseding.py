"""Results become history when others take their place; of most, a call has at most one that is current."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, and_, delete, exists, func, select, update
from sqlalchemy.orm import aliased

from include.calls.stage import Stage
from include.database.engine import upsert
from include.database.given import among
from include.database.models import AuditRow, CallFactsRow, NewTranscriptRow, StageResultRow, TranscriptRow

# Of these, a call has at most one current row; what is made again becomes current with its audit, if ever.
ONE_CURRENT: tuple[type[AuditRow | CallFactsRow], ...] = (AuditRow, CallFactsRow)


def supersede(
    connection: Connection, calls: ColumnElement[bool], stages: Sequence[Stage], now: datetime
) -> None:
    """Makes results history, so that their stages are done again.

    Args:
        connection: In a transaction that has locked the calls.
        calls: Of which, as a condition on `StageResultRow.call_id`.
        stages: Which results.
        now: When.
    """
    current = update(StageResultRow).where(
        calls, StageResultRow.stage.in_(stages), StageResultRow.superseded_at.is_(None)
    )
    connection.execute(current.values(superseded_at=now))


def supersede_rows(
    connection: Connection, table: type[AuditRow | CallFactsRow], call_ids: Iterable[str], now: datetime
) -> None:
    """Makes audits, or facts, of calls history."""
    of_calls = among(connection, table.call_id, call_ids)
    current = update(table).where(of_calls, table.superseded_at.is_(None))
    connection.execute(current.values(superseded_at=now))


def adopt(connection: Connection, batch_id: str, call_ids: Sequence[str], now: datetime) -> None:
    """Makes what a batch has done again of calls the current results, transcripts, facts and audits."""
    made = and_(
        among(connection, StageResultRow.call_id, call_ids),
        StageResultRow.batch_id == batch_id,
        StageResultRow.stage != Stage.DISTRIBUTE,  # of these the last one counts, whoever made it
    )
    newest = select(func.max(StageResultRow.id)).where(made)
    newest = newest.group_by(StageResultRow.call_id, StageResultRow.stage)
    own = aliased(StageResultRow)
    replaced = exists().where(
        own.batch_id == batch_id, own.call_id == StageResultRow.call_id, own.stage == StageResultRow.stage
    )
    old = update(StageResultRow).where(
        among(connection, StageResultRow.call_id, call_ids),
        StageResultRow.superseded_at.is_(None),
        replaced,
        StageResultRow.stage != Stage.DISTRIBUTE,
    )
    connection.execute(old.values(superseded_at=now))
    results = update(StageResultRow).where(StageResultRow.id.in_(newest.scalar_subquery()))
    connection.execute(results.values(superseded_at=None))
    for table in ONE_CURRENT:
        _adopt_rows(connection, table, batch_id, call_ids, now)
    _adopt_transcripts(connection, batch_id, call_ids)


def _adopt_rows(
    connection: Connection,
    table: type[AuditRow | CallFactsRow],
    batch_id: str,
    call_ids: Sequence[str],
    now: datetime,
) -> None:
    """Keeps the old rows of calls for which the batch made none: it is of a version without the table."""
    (key,) = table.__mapper__.primary_key
    made = select(table.call_id, key.label("row")).where(
        table.batch_id == batch_id, among(connection, table.call_id, call_ids)
    )
    newest = {row.call_id: row.row for row in connection.execute(made.order_by(table.created_at))}
    if newest:
        supersede_rows(connection, table, newest, now)
        adopted = update(table).where(among(connection, key, newest.values()))
        connection.execute(adopted.values(superseded_at=None))


def _adopt_transcripts(connection: Connection, batch_id: str, call_ids: Sequence[str]) -> None:
    heard = and_(NewTranscriptRow.batch_id == batch_id, among(connection, NewTranscriptRow.call_id, call_ids))
    new = connection.execute(select(NewTranscriptRow.__table__).where(heard)).mappings().all()
    rows = [{name: value for name, value in row.items() if name != "batch_id"} for row in new]
    upsert(connection, TranscriptRow, rows, ["call_id"])
    connection.execute(delete(NewTranscriptRow).where(heard))
