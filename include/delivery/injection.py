"""Calls in which somebody may have spoken to the model instead of the other side."""

from dataclasses import dataclass

from sqlalchemy import Connection, String, cast, func, select

from include.database.models import AuditRow, CallRow
from include.delivery.outcome import of_current_audits
from include.injection.finding import SpokenToModel

CALLS_SHOWN = 20
_NONE = "[]"


@dataclass(frozen=True)
class SuspectedCall:
    """A call, and what was said to the model in it."""

    call_id: str
    path: str
    agent: str | None
    turns: tuple[SpokenToModel, ...]


@dataclass(frozen=True)
class Suspicions:
    """All such calls of a run; `shown` are the first, by path."""

    calls: int
    shown: tuple[SuspectedCall, ...]


def suspicions_of(connection: Connection, batch_id: str) -> Suspicions:
    """Counts the suspected calls of a run, and lists the first."""
    suspected = cast(AuditRow.speaks_to_model, String) != _NONE
    count = of_current_audits(select(func.count()), batch_id).where(suspected)
    columns = (CallRow.call_id, CallRow.path, CallRow.agent, AuditRow.speaks_to_model)
    query = of_current_audits(select(*columns), batch_id).where(suspected)
    rows = connection.execute(query.order_by(CallRow.path).limit(CALLS_SHOWN))
    return Suspicions(
        calls=int(connection.scalar(count) or 0),
        shown=tuple(
            SuspectedCall(call_id, path, agent, tuple(SpokenToModel.model_validate(turn) for turn in turns))
            for call_id, path, agent, turns in rows
        ),
    )
