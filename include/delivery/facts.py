"""What the calls of a run were about: what LLM1 found out, and what LLM2 says of the agent's work."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, and_, case, func, select

from include.calls.vocabulary import Resolution
from include.database.models import (
    CallFactsRow,
    CallReasonRow,
    CallSignalRow,
)
from include.delivery.call_facts import CallFacts, list_calls, of_current_facts, reason_title, signal_words
from include.delivery.criteria import percentage


@dataclass(frozen=True)
class ReasonFigures:
    """Why customers called.

    Attributes:
        calls: Calls with this reason; `main`: those that it is the primary reason of.
        resolved_pct: Of the latter, the share that was resolved.
    """

    code: str
    title: str
    calls: int
    main: int
    resolved_pct: float | None


@dataclass(frozen=True)
class Count:
    """Something that calls have in common, and how many do."""

    name: str
    calls: int


@dataclass(frozen=True)
class Sentiment:
    """Customers' sentiment by their words, −5..5; nobody else's is known here.

    Attributes:
        better: Calls that end better than they began; `worse` the other way round.
    """

    mean_start: float | None
    mean_end: float | None
    better: int
    worse: int


@dataclass(frozen=True)
class RunFacts:
    """All audited calls of a run.

    Attributes:
        calls: Those of which facts are known.
        dropped: Turns and reasons that the model named and that the call or the taxonomy has not.
        shown: Calls with signals first.
    """

    calls: int
    reasons: tuple[ReasonFigures, ...]
    resolutions: tuple[Count, ...]
    sentiment: Sentiment
    signals: tuple[Count, ...]
    dropped: int
    shown: tuple[CallFacts, ...]


def facts_of(connection: Connection, batch_id: str) -> RunFacts:
    """Sums up the facts of the run's calls, and lists the first calls."""
    row = CallFactsRow
    calls, dropped = connection.execute(
        of_current_facts(select(func.count(), func.coalesce(func.sum(row.dropped), 0)), batch_id)
    ).one()
    return RunFacts(
        calls=calls,
        reasons=_reasons(connection, batch_id),
        resolutions=_resolutions(connection, batch_id),
        sentiment=_sentiment(connection, batch_id),
        signals=_signals(connection, batch_id),
        dropped=dropped,
        shown=list_calls(connection, batch_id),
    )


def _count_if(condition: Any) -> Any:
    return func.coalesce(func.sum(case((condition, 1), else_=0)), 0)


def _reasons(connection: Connection, batch_id: str) -> tuple[ReasonFigures, ...]:
    main = CallReasonRow.is_primary.is_(True)
    resolved = and_(main, CallFactsRow.resolution == Resolution.RESOLVED)
    query = select(CallReasonRow.code, func.count(), _count_if(main), _count_if(resolved))
    query = of_current_facts(query, batch_id).join(
        CallReasonRow, CallReasonRow.facts_id == CallFactsRow.facts_id
    )
    query = query.group_by(CallReasonRow.code).order_by(_count_if(main).desc(), func.count().desc())
    return tuple(
        ReasonFigures(code, reason_title(code), calls, mains, percentage(settled, mains))
        for code, calls, mains, settled in connection.execute(query.order_by(CallReasonRow.code))
    )


def _resolutions(connection: Connection, batch_id: str) -> tuple[Count, ...]:
    query = select(CallFactsRow.resolution, func.count())
    query = of_current_facts(query, batch_id).group_by(CallFactsRow.resolution)
    found = {row[0]: row[1] for row in connection.execute(query)}
    return tuple(Count(name.value, found[name]) for name in Resolution if name in found)


def _sentiment(connection: Connection, batch_id: str) -> Sentiment:
    start, end = CallFactsRow.sentiment_start, CallFactsRow.sentiment_end
    query = select(func.avg(start), func.avg(end), _count_if(end > start), _count_if(end < start))
    mean_start, mean_end, better, worse = connection.execute(of_current_facts(query, batch_id)).one()
    return Sentiment(_float(mean_start), _float(mean_end), better, worse)


def _float(mean: Any) -> float | None:
    """PostgreSQL's mean of whole numbers is a decimal."""
    return None if mean is None else float(mean)


def _signals(connection: Connection, batch_id: str) -> tuple[Count, ...]:
    query = of_current_facts(select(CallSignalRow.kind, func.count()), batch_id)
    query = query.join(CallSignalRow, CallSignalRow.facts_id == CallFactsRow.facts_id)
    query = query.group_by(CallSignalRow.kind).order_by(func.count().desc(), CallSignalRow.kind)
    return tuple(Count(signal_words(kind), calls) for kind, calls in connection.execute(query))
