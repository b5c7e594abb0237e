"""The few calls that may be wanted, where an index knows that they are few.

A rare word, answer or signal would be looked for through years of calls; looked up first, its calls alone are
looked at.
"""

from collections.abc import Iterator, Sequence

from sqlalchemy import Connection, Select, select

from include.database.models import (
    AnswerRow,
    AuditRow,
    CallFactsRow,
    CallReasonRow,
    CallRow,
    CallSignalRow,
    ReviewedAnswerRow,
)
from include.search.filters import Filters, of_days
from include.search.language import Clause
from include.search.matching import with_words

FEW_CALLS = 2000


def few_calls(connection: Connection, filters: Filters, clauses: Sequence[Clause]) -> set[str] | None:
    """Calls among which are all that are wanted, by id; None when an index knows of no few.

    Looks no further than it takes to tell.
    """
    for either in _lookups(connection, filters, clauses):
        found: set[str] = set()
        for query in either:
            found.update(connection.execute(query.limit(FEW_CALLS)).scalars())
            if len(found) >= FEW_CALLS:
                break
        else:
            return found
    return None


def _lookups(
    connection: Connection, filters: Filters, clauses: Sequence[Clause]
) -> Iterator[list[Select[str]]]:
    """What must hold, each as the queries of which one finds the call."""
    for clause in clauses:
        if not clause.negated:
            yield with_words(connection, clause)
    if filters.agent and filters.exact:
        yield _of_agent(filters.agent, filters)
    if filters.criterion and filters.answer:
        yield _answered(filters.criterion, filters.answer)
    of_facts = select(CallFactsRow.call_id)
    if filters.signal:
        signals = of_facts.join(CallSignalRow, CallSignalRow.facts_id == CallFactsRow.facts_id)
        yield [signals.where(CallSignalRow.kind == filters.signal)]
    if filters.reason:
        reasons = of_facts.join(CallReasonRow, CallReasonRow.facts_id == CallFactsRow.facts_id)
        yield [reasons.where(CallReasonRow.code == filters.reason)]


def _of_agent(agent: str, filters: Filters) -> list[Select[str]]:
    calls = select(CallRow.call_id).where(*of_days(filters))
    return [
        calls.where(CallRow.agent_id == agent),
        calls.where(CallRow.agent == agent, CallRow.agent_id.is_(None)),
    ]


def _answered(criterion: str, answer: str) -> list[Select[str]]:
    """Narrows to calls with an answer by the machine or by people; whose answer stands is decided later."""
    return [
        select(AuditRow.call_id)
        .join(rows, rows.audit_id == AuditRow.audit_id)
        .where(rows.criterion_id == criterion, rows.answer == answer)
        for rows in (AnswerRow, ReviewedAnswerRow)
    ]
