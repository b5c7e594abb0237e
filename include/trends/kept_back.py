"""What was counted, as somebody may see it who answers some of the calls blind: without these calls.

A week of few calls would tell what the machine made of one of them.
"""

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import FromClause, Select, select, union_all

from include.database.models import CallRow, TrendAnswerRow, TrendScoreRow
from include.trends.counting import answers_of, scores_of
from include.trends.dimensions import Dimension

_KEYS = ("day", "scorecard_id", "dimension", "name")
# The sums of each.
SCORES = (
    *("calls", "scored", "sum_pct", "sum_squares", "judged", "passed", "auto_failed", "needs_review"),
    "reviewed",
)
ANSWERS = ("counted", "met", "unknown")


def scores_seen(dimension: Dimension, without: Collection[str]) -> FromClause:
    """`trend_scores` of a dimension; where calls are kept back, what they bring is taken off it."""
    table = TrendScoreRow.__table__
    if not without:
        return table
    theirs = scores_of(CallRow.call_id.in_(sorted(without)), dimension)
    return _less(table, dimension, theirs, (*_KEYS, "label"), SCORES)


def answers_seen(dimension: Dimension, without: Collection[str]) -> FromClause:
    """`trend_answers` of a dimension, likewise."""
    table = TrendAnswerRow.__table__
    if not without:
        return table
    theirs = answers_of(CallRow.call_id.in_(sorted(without)), dimension)
    return _less(table, dimension, theirs, (*_KEYS, "criterion_id"), ANSWERS)


def _less(
    table: FromClause, dimension: Dimension, theirs: Select[Any], keys: Sequence[str], sums: Sequence[str]
) -> FromClause:
    """The rows of a table, and those of the calls that are kept back with the sums negative."""
    counted = select(*(table.c[name] for name in (*keys, *sums))).where(table.c.dimension == dimension)
    own = theirs.subquery()
    taken = select(*(own.c[name] for name in keys), *((-own.c[name]).label(name) for name in sums))
    return union_all(counted, taken).subquery()
