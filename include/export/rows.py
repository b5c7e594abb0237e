"""A call as a flat row: what is known of it, its score, each criterion's answer."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import date, datetime
from itertools import islice
from typing import Any

from sqlalchemy import Connection, select

from include.database import official
from include.database.models import (
    AnswerRow,
    AuditRow,
    CallFactsRow,
    CallReasonRow,
    CallSignalRow,
    ScorecardRow,
)
from include.search.filters import Filters
from include.search.finding import FoundCall, find_all

# A spreadsheet takes 1,048,576 rows; who needs more asks the database.
MOST_CALLS = 100_000
_AT_ONCE = 500

Value = str | int | float | bool | date | datetime | None
Row = dict[str, Value]
# The columns that hold moments.
TIMES = frozenset({"started_at"})

# What every row has, in this order; the answers follow, a column for each criterion.
_OF_CALL = (
    *("call_id", "day", "started_at", "path", "state", "agent_id", "agent", "team", "queue"),
    *("direction", "language", "duration_s"),
)
_OF_AUDIT = ("pct", "band", "passed", "auto_failed", "needs_review", "reviewed", "machine_pct")
_FURTHER = ("scorecard", "contact_reasons", "signals")


def rows_of(
    connection: Connection, filters: Filters, most: int = MOST_CALLS, *, without: Collection[str] = ()
) -> Iterator[Row]:
    """The calls that a search finds, newest first; a page of memory at a time, and `without` some.

    Raises:
        InvalidInput: The search's text cannot be read.
    """
    found = find_all(connection, filters, most, without=without)
    while calls := list(islice(found, _AT_ONCE)):
        yield from _rows(connection, calls)


def columns_of(connection: Connection) -> tuple[str, ...]:
    """The columns of all rows: those of every call, then the criteria of all scorecards ever used."""
    cards = select(ScorecardRow.scorecard).order_by(ScorecardRow.first_used_at)
    criteria: dict[str, None] = {}
    for card in connection.execute(cards).scalars():
        criteria |= {criterion["id"]: None for criterion in card.get("criteria", [])}
    return (*_OF_CALL, *_OF_AUDIT, *_FURTHER, *(answer_column(one) for one in criteria))


def answer_column(criterion_id: str) -> str:
    """The column of a criterion's answer; its own space, so that it is never one of a call's."""
    return f"answer.{criterion_id}"


def _rows(connection: Connection, calls: Sequence[FoundCall]) -> Iterator[Row]:
    call_ids = [call.call_id for call in calls]
    answers, cards = _answers(connection, call_ids)
    reasons, signals = _facts(connection, call_ids)
    for call in calls:
        known = {name: getattr(call, name) for name in (*_OF_CALL, *_OF_AUDIT)}
        if call.call_id not in cards:  # nothing was judged, so nothing is said of it
            known |= dict.fromkeys(("auto_failed", "needs_review", "reviewed"))
        yield {
            **known,
            "scorecard": cards.get(call.call_id),
            "contact_reasons": "; ".join(reasons[call.call_id]),
            "signals": "; ".join(signals[call.call_id]),
            **answers[call.call_id],
        }


def _answers(connection: Connection, call_ids: Sequence[str]) -> tuple[dict[str, Row], dict[str, str]]:
    """Answers by call and column, and the scorecard of each call that has an audit."""
    query = (
        select(
            AuditRow.call_id,
            ScorecardRow.scorecard_id,
            ScorecardRow.version,
            AnswerRow.criterion_id,
            official.ANSWER.label("answer"),
        )
        .join(ScorecardRow, ScorecardRow.sha256 == AuditRow.scorecard_sha256)
        .join(AnswerRow, AnswerRow.audit_id == AuditRow.audit_id)
        .outerjoin(*official.ANSWERS)
        .where(AuditRow.call_id.in_(call_ids), AuditRow.superseded_at.is_(None))
    )
    answers: dict[str, Row] = defaultdict(dict)
    cards: dict[str, str] = {}
    for row in connection.execute(query):
        answers[row.call_id][answer_column(row.criterion_id)] = row.answer
        cards[row.call_id] = f"{row.scorecard_id} {row.version}"
    return answers, cards


def _facts(
    connection: Connection, call_ids: Sequence[str]
) -> tuple[dict[str, list[str]], dict[str, list[str]]]:
    """Contact reasons, the main one first, and signals, by call."""
    current = (CallFactsRow.call_id.in_(call_ids), CallFactsRow.superseded_at.is_(None))
    of_facts = CallReasonRow.facts_id == CallFactsRow.facts_id
    reasons = select(CallFactsRow.call_id, CallReasonRow.code).join(CallReasonRow, of_facts).where(*current)
    shown = CallSignalRow.facts_id == CallFactsRow.facts_id
    signals = select(CallFactsRow.call_id, CallSignalRow.kind).join(CallSignalRow, shown).where(*current)
    return (
        _by_call(connection.execute(reasons.order_by(CallReasonRow.is_primary.desc(), CallReasonRow.code))),
        _by_call(connection.execute(signals.order_by(CallSignalRow.kind))),
    )


def _by_call(pairs: Iterable[Any]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = defaultdict(list)
    for call_id, value in pairs:
        found[call_id].append(value)
    return found
