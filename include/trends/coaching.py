"""An agent's weak criteria, with calls that show them: something to listen to together."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from sqlalchemy import Connection, Row, func, select

from include.database import official
from include.database.models import (
    AnswerRow,
    AuditRow,
    CallRow,
    ReviewAnswerRow,
    ReviewedAnswerRow,
    ScorecardRow,
)
from include.trends.criteria import AnswersTrend, criteria
from include.trends.dimensions import Dimension, in_group
from include.trends.met import HOW_MET, Met
from include.trends.reading import Chosen, Weeks

_WEAK_SHOWN = 5
_EXAMPLES = 3
# Below this many answers nobody is called weak in something.
_FEWEST_ANSWERS = 5


@dataclass(frozen=True)
class Example:
    """A call that shows a criterion not met.

    Attributes:
        justification: The machine's; of an answer that is not its own, what the person wrote, if anything.
        quote: Of the machine's evidence; None where it is what was not said, or the answer is not its own.
        at_ms: Where the evidence is in the recording; None likewise.
        by_person: Whether a person has confirmed or given the answer.
        overruled: Whether the machine's answer was another one: its evidence would show the contrary.
    """

    call_id: str
    day: date
    answer: str
    justification: str
    quote: str | None
    at_ms: int | None
    by_person: bool
    overruled: bool


@dataclass(frozen=True)
class WeakCriterion:
    """A criterion that an agent meets less often than all, as far as their calls can tell."""

    criterion_id: str
    own: AnswersTrend
    of_all: AnswersTrend | None
    examples: tuple[Example, ...]

    def without(self, call_ids: Collection[str]) -> "WeakCriterion":
        """The same, without examples from some calls."""
        return replace(self, examples=tuple(one for one in self.examples if one.call_id not in call_ids))


def weak_criteria(
    connection: Connection, scorecard_id: str, agent: str, weeks: Weeks, without: Collection[str] = ()
) -> list[WeakCriterion]:
    """What an agent could be coached on, the weakest first; with the examples that say most.

    Args:
        connection: To read with.
        scorecard_id: Whose criteria.
        agent: Id, or the name where there is no id.
        weeks: Which.
        without: Ids of calls that are kept from whoever looks.
    """
    own = criteria(connection, Chosen(scorecard_id, Dimension.AGENT, agent, without), weeks)
    of_all = criteria(connection, Chosen(scorecard_id, without=without), weeks)
    everybody = {one.name: one for one in of_all}
    weak = [one for one in own if _is_weak(one, everybody.get(one.name))][:_WEAK_SHOWN]
    examples = _examples(connection, scorecard_id, agent, [one.name for one in weak], weeks)
    return [
        WeakCriterion(one.name, one, everybody.get(one.name), tuple(examples.get(one.name, ())))
        for one in weak
    ]


def _is_weak(own: AnswersTrend, of_all: AnswersTrend | None) -> bool:
    its, everybodys = own.now.share, of_all.now.share if of_all else None
    if its is None or its.calls < _FEWEST_ANSWERS or its.value == 1:
        return False
    return everybodys is None or its.value <= everybodys.value


def _examples(
    connection: Connection, scorecard_id: str, agent: str, criterion_ids: Sequence[str], weeks: Weeks
) -> dict[str, list[Example]]:
    """By criterion; people's answers first, then what the machine is surest of; the newest of equal ones.

    One statement: an agent of years has thousands of calls to look at, and once is enough.
    """
    place = func.row_number().over(
        partition_by=AnswerRow.criterion_id,
        order_by=(
            ReviewedAnswerRow.given.is_not(None).desc(),
            func.coalesce(AnswerRow.confidence, 0).desc(),
            CallRow.day.desc(),
            CallRow.call_id,
        ),
    )
    query = (
        select(
            CallRow.call_id,
            CallRow.day,
            AnswerRow.criterion_id,
            official.ANSWER.label("answer"),
            AnswerRow.justification,
            AnswerRow.evidence,
            AnswerRow.answer.label("machine_answer"),
            ReviewedAnswerRow.given.label("given"),
            ReviewAnswerRow.reason.label("comment"),
            place.label("place"),
        )
        .select_from(AnswerRow)
        .join(AuditRow, AuditRow.audit_id == AnswerRow.audit_id)
        .join(CallRow, CallRow.call_id == AuditRow.call_id)
        .join(ScorecardRow, ScorecardRow.sha256 == AuditRow.scorecard_sha256)
        .outerjoin(*official.ANSWERS)
        .outerjoin(ReviewAnswerRow, ReviewAnswerRow.id == ReviewedAnswerRow.given)
        .where(
            in_group(Dimension.AGENT, agent),
            CallRow.day.between(weeks.first, weeks.last),
            AuditRow.superseded_at.is_(None),
            ScorecardRow.scorecard_id == scorecard_id,
            AnswerRow.criterion_id.in_(criterion_ids),
            HOW_MET[Met.NOT_MET],
        )
        .subquery()
    )
    best = select(query).where(query.c.place <= _EXAMPLES).order_by(query.c.place)
    found: dict[str, list[Example]] = defaultdict(list)
    for row in connection.execute(best).all() if criterion_ids else ():
        found[row.criterion_id].append(_example(row))
    return found


def _example(row: Row[*tuple[Any, ...]]) -> Example:
    overruled = row.answer != row.machine_answer
    quote, at_ms = (None, None) if overruled else _first_evidence(row.evidence)
    return Example(
        call_id=row.call_id,
        day=row.day,
        answer=row.answer,
        justification=(row.comment or "") if overruled else row.justification,
        quote=quote,
        at_ms=at_ms,
        by_person=row.given is not None,
        overruled=overruled,
    )


def _first_evidence(evidence: Sequence[Any]) -> tuple[str | None, int | None]:
    for one in evidence:
        if one.get("quote") and one.get("start_ms") is not None:
            return one["quote"], one["start_ms"]
    return None, None
