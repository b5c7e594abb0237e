"""What each call was at the end of a run is kept with the run: later runs change the calls, and not this."""

from sqlalchemy import Connection, case, select, update

from include.calls.call import CallState
from include.database.models import AuditRow, BatchCallRow, CallRow
from include.database.work import BatchKind


def freeze(connection: Connection, batch_id: str, kind: BatchKind) -> None:
    """Keeps state, reason and audit of a run's calls as they are now."""
    audits = select(AuditRow.audit_id).where(AuditRow.call_id == BatchCallRow.call_id)
    of_batch = update(BatchCallRow).where(BatchCallRow.batch_id == batch_id)
    if kind is not BatchKind.AUDIT:  # they have states of their own
        own = audits.where(AuditRow.batch_id == batch_id).order_by(AuditRow.created_at.desc()).limit(1)
        audited = of_batch.where(BatchCallRow.state == CallState.AUDITED)
        connection.execute(audited.values(audit_id=own.scalar_subquery()))
        return
    calls = select(CallRow.state).where(CallRow.call_id == BatchCallRow.call_id)
    reason = calls.with_only_columns(CallRow.state_reason).scalar_subquery()
    current = audits.where(AuditRow.superseded_at.is_(None)).scalar_subquery()
    state = calls.scalar_subquery()
    connection.execute(
        of_batch.where(BatchCallRow.state.is_(None)).values(
            state=state,
            state_reason=reason,
            audit_id=case((state == CallState.AUDITED, current), else_=None),
        )
    )


def thaw(connection: Connection, batch_id: str, kind: BatchKind) -> None:
    """Lets an audit's calls be what they are now: it goes on. What it was doing again, it does still."""
    if kind is BatchKind.AUDIT:
        doing_again = BatchCallRow.redo_from.is_not(None) & (BatchCallRow.state == CallState.PENDING)
        kept = BatchCallRow.batch_id == batch_id, BatchCallRow.state.is_not(None), ~doing_again
        live = {"state": None, "state_reason": None, "audit_id": None}
        connection.execute(update(BatchCallRow).where(*kept).values(live))
