"""The facts of single calls: from LLM1, and from LLM2 about the agent's work."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, Select, and_, func, or_, select

from include.calls.call import CallState
from include.calls.vocabulary import contact_reasons
from include.database import official
from include.database.models import (
    AuditRow,
    BatchCallRow,
    CallCommitmentRow,
    CallEntityRow,
    CallFactsRow,
    CallReasonRow,
    CallRow,
    CallSignalRow,
    TranscriptRow,
)
from include.database.work import STATE, is_of_an_audit
from include.delivery.outcome import of_batch, of_current_audits

# A report opens so many calls; all of them are in the tables.
CALLS_SHOWN = 100


@dataclass(frozen=True)
class Remark:
    """Something that was said in a call, and when, in ms of the original recording."""

    text: str
    starts_ms: tuple[int, ...]


@dataclass(frozen=True)
class Advice:
    """One thing that the agent could do better, as the model sees it."""

    skill: str
    observation: str
    suggestion: str
    starts_ms: tuple[int, ...]


@dataclass(frozen=True)
class CallFacts:
    """The facts of one call.

    Attributes:
        pct: The official score; `reviewed`: people's answers are in it.
        entities: Those that identify nobody; `private_entities` counts the others, which no report repeats.
        strengths: With `coaching` and `comment`: LLM2's, about the agent's work.
    """

    call_id: str
    path: str
    agent: str | None
    queue: str | None
    pct: float | None
    reviewed: bool
    call_type: str
    resolution: str
    sentiment_start: int | None
    sentiment_end: int | None
    summary: str
    issue: str
    actions_taken: str
    outcome: str
    next_steps: str
    reasons: tuple[Remark, ...]
    commitments: tuple[Remark, ...]
    signals: tuple[Remark, ...]
    entities: tuple[Remark, ...]
    private_entities: int
    quality_issues: tuple[str, ...]
    strengths: tuple[str, ...]
    coaching: tuple[Advice, ...]
    comment: str


def of_current_facts(query: Select[*tuple[Any, ...]], batch_id: str) -> Select[*tuple[Any, ...]]:
    """Narrows a query to the audited calls of a run and what is known of them; of a rescore, to its own."""
    joined = of_batch(query, batch_id).join(CallFactsRow, CallFactsRow.call_id == CallRow.call_id)
    kept = and_(is_of_an_audit(), BatchCallRow.audit_id.is_not(None))
    has_official = or_(BatchCallRow.state.is_(None), kept)
    current = and_(has_official, CallFactsRow.superseded_at.is_(None))
    own = and_(~has_official, CallFactsRow.batch_id == BatchCallRow.batch_id)
    return joined.where(STATE == CallState.AUDITED, or_(current, own))


def list_calls(connection: Connection, batch_id: str) -> tuple[CallFacts, ...]:
    """The first calls of a run, those with most signals before the others."""
    signals = select(func.count()).where(CallSignalRow.facts_id == CallFactsRow.facts_id)
    of_call = (CallRow.path, CallRow.agent, CallRow.queue)
    query = of_current_facts(select(CallFactsRow.__table__, *of_call), batch_id)
    query = query.order_by(signals.correlate(CallFactsRow).scalar_subquery().desc(), CallRow.path)
    rows = connection.execute(query.limit(CALLS_SHOWN)).all()
    parts = _Parts(connection, batch_id, rows)
    return tuple(parts.call(row) for row in rows)


class _Parts:
    """What the facts of some calls consist of, read at once."""

    def __init__(self, connection: Connection, batch_id: str, rows: Sequence[Row[*tuple[Any, ...]]]) -> None:
        facts_ids, call_ids = [row.facts_id for row in rows], [row.call_id for row in rows]
        self._of = {
            table: _by_facts(connection, table, facts_ids)
            for table in (CallReasonRow, CallSignalRow, CallCommitmentRow, CallEntityRow)
        }
        self._audits = _audits(connection, batch_id, call_ids)
        self._starts = _starts(connection, call_ids)

    def call(self, row: Row[*tuple[Any, ...]]) -> CallFacts:
        """The facts of one call, put together from all parts."""
        reasons, signals, commitments, entities = (rows[row.facts_id] for rows in self._of.values())
        at = self._starts.get(row.call_id, {})
        audit = self._audits.get(row.call_id)
        own = {name: getattr(row, name) for name in _SAME_NAME}
        return CallFacts(
            **own,
            pct=audit.pct if audit else None,
            reviewed=bool(audit and audit.reviewed),
            reasons=tuple(
                Remark(reason_title(one.code), _times(one.turn_ids, at))
                for one in sorted(reasons, key=lambda one: (not one.is_primary, one.code))
            ),
            commitments=tuple(Remark(_promise(one), _times([one.turn_id], at)) for one in commitments),
            signals=tuple(Remark(signal_words(one.kind), _times(one.turn_ids, at)) for one in signals),
            entities=tuple(
                Remark(f"{one.type}: {one.text}", _times([one.turn_id], at))
                for one in entities
                if not one.pii
            ),
            private_entities=sum(one.pii for one in entities),
            quality_issues=tuple(row.quality_issues),
            strengths=tuple(audit.strengths) if audit else (),
            coaching=tuple(_advice(one, at) for one in audit.coaching) if audit else (),
            comment=audit.comment if audit else "",
        )


_SAME_NAME = (
    "call_id",
    "path",
    "agent",
    "queue",
    "call_type",
    "resolution",
    "sentiment_start",
    "sentiment_end",
    "summary",
    "issue",
    "actions_taken",
    "outcome",
    "next_steps",
)
_Rows = dict[str, list[Row[*tuple[Any, ...]]]]


def _by_facts(connection: Connection, table: Any, facts_ids: Sequence[str]) -> _Rows:
    found: _Rows = defaultdict(list)
    query = select(table.__table__).where(table.facts_id.in_(facts_ids))
    for row in connection.execute(query.order_by(*table.__table__.primary_key)):
        found[row.facts_id].append(row)
    return found


def _audits(
    connection: Connection, batch_id: str, call_ids: Sequence[str]
) -> dict[str, Row[*tuple[Any, ...]]]:
    score = (official.PCT.label("pct"), official.REVIEWED.label("reviewed"))
    columns = (AuditRow.call_id, *score, AuditRow.strengths, AuditRow.coaching, AuditRow.comment)
    query = of_current_audits(select(*columns), batch_id).where(AuditRow.call_id.in_(call_ids))
    return {row.call_id: row for row in connection.execute(query)}


def _starts(connection: Connection, call_ids: Sequence[str]) -> dict[str, dict[str, int]]:
    """When each turn of each call begins."""
    query = select(TranscriptRow.call_id, TranscriptRow.transcript).where(TranscriptRow.call_id.in_(call_ids))
    return {
        call_id: {turn["id"]: turn["start_ms"] for turn in transcript.get("turns", [])}
        for call_id, transcript in connection.execute(query)
    }


def _times(turn_ids: Iterable[str | None], starts: Mapping[str, int]) -> tuple[int, ...]:
    return tuple(starts[turn_id] for turn_id in turn_ids if turn_id and turn_id in starts)


def _advice(stored: Mapping[str, str], starts: Mapping[str, int]) -> Advice:
    skill, observation, suggestion = (stored.get(name, "") for name in ("skill", "observation", "suggestion"))
    return Advice(skill, observation, suggestion, _times([stored.get("turn_id")], starts))


def _promise(row: Row[*tuple[Any, ...]]) -> str:
    due = f" ({row.due})" if row.due else ""
    return f"{row.promised_by}: {row.promise}{due}"


def reason_title(code: str) -> str:
    """Of a reason that the taxonomy knows no more: its code."""
    return contact_reasons().get(code, code)


def signal_words(kind: str) -> str:
    """`cancel_intent` is "cancel intent"."""
    return kind.replace("_", " ")
