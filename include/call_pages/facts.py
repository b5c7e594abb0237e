"""What LLM1 found out about one call."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, select

from include.call_pages.remarks import Remark, times
from include.calls.vocabulary import contact_reasons
from include.database.models import (
    CallCommitmentRow,
    CallEntityRow,
    CallFactsRow,
    CallReasonRow,
    CallSignalRow,
)

_Found = Sequence[Row[*tuple[Any, ...]]]


@dataclass(frozen=True)
class Facts:
    """The current facts of a call; sentiments are the customer's, -5..5."""

    llm_identity: str
    call_type: str
    resolution: str
    sentiment_start: int | None
    sentiment_end: int | None
    summary: str
    issue: str
    actions_taken: str
    outcome: str
    next_steps: str
    quality_issues: Sequence[str]
    reasons: Sequence[Remark]
    signals: Sequence[Remark]
    commitments: Sequence[Remark]
    entities: Sequence[Remark]


_SAME_NAME = (
    *("llm_identity", "call_type", "resolution", "sentiment_start", "sentiment_end", "summary", "issue"),
    *("actions_taken", "outcome", "next_steps", "quality_issues"),
)


def facts_of(connection: Connection, call_id: str, starts: Mapping[str, int]) -> Facts | None:
    """What is known of a call; None when LLM1 has not answered."""
    query = select(CallFactsRow.__table__)
    query = query.where(CallFactsRow.call_id == call_id, CallFactsRow.superseded_at.is_(None))
    row = connection.execute(query).one_or_none()
    if row is None:
        return None
    reasons, signals, commitments, entities = (
        _parts(connection, table, row.facts_id)
        for table in (CallReasonRow, CallSignalRow, CallCommitmentRow, CallEntityRow)
    )
    titles = contact_reasons()
    return Facts(
        **{name: getattr(row, name) for name in _SAME_NAME},
        reasons=[
            Remark(titles.get(one.code, one.code), times(one.turn_ids, starts))
            for one in sorted(reasons, key=lambda one: (not one.is_primary, one.code))
        ],
        signals=[Remark(one.kind.replace("_", " "), times(one.turn_ids, starts)) for one in signals],
        commitments=[Remark(_promise(one), times([one.turn_id], starts)) for one in commitments],
        entities=[Remark(f"{one.type}: {one.text}", times([one.turn_id], starts)) for one in entities],
    )


def _parts(connection: Connection, table: Any, facts_id: str) -> _Found:
    query = select(table.__table__).where(table.facts_id == facts_id)
    return connection.execute(query.order_by(*table.__table__.primary_key)).all()


def _promise(row: Row[*tuple[Any, ...]]) -> str:
    due = f" ({row.due})" if row.due else ""
    return f"{row.promised_by}: {row.promise}{due}"
