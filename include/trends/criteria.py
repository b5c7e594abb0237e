"""How often criteria are met: in a group of calls, week by week, and by group."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import Connection, func, select

from include.database.models import TrendAnswerRow, TrendScoreRow
from include.trends.dimensions import Dimension
from include.trends.intervals import Estimate, differ, share_of
from include.trends.reading import FEWEST_CALLS, Chosen, Week, Weeks, in_weeks


@dataclass(frozen=True)
class Answers:
    """Answers of some calls to one criterion; `unknown` count neither way."""

    met: int = 0
    not_met: int = 0
    unknown: int = 0

    @property
    def counted(self) -> int:
        """Those that are met or not."""
        return self.met + self.not_met

    @property
    def share(self) -> Estimate | None:
        """Of the counted ones, how many are met: 0..1."""
        return share_of(self.met, self.counted)


@dataclass(frozen=True)
class AnswersTrend:
    """The answers to one criterion, or of one group: now, and in as many weeks before.

    Attributes:
        name: The criterion's id, or what the group is grouped by.
        label: What people call the group; a criterion's id.
    """

    name: str
    label: str
    now: Answers
    before: Answers

    @property
    def changed(self) -> bool:
        """Whether the share differs from the one before by more than chance would make it."""
        return differ(self.before.share, self.now.share)

    @property
    def enough(self) -> bool:
        """Whether there are answers enough to compare it with others."""
        return self.now.counted >= FEWEST_CALLS


def criteria(connection: Connection, chosen: Chosen, weeks: Weeks) -> list[AnswersTrend]:
    """Every criterion that was answered in these weeks, the one met least first."""
    conditions = chosen.conditions(TrendAnswerRow)
    now, before = (_sums(connection, "criterion_id", conditions, one) for one in (weeks, weeks.before))
    return sorted((_trend(name, name, now, before) for name in now), key=_least_met_first)


def answers_by_week(
    connection: Connection, chosen: Chosen, criterion_id: str, weeks: Weeks
) -> list[Week[Answers]]:
    """Each week's answers to a criterion; a week without any is among them."""
    table = TrendAnswerRow
    of_criterion = (*chosen.conditions(table), table.criterion_id == criterion_id)
    query = select(table.day, table.counted, table.met, table.unknown).where(*of_criterion)
    return in_weeks(connection, query, weeks, _sum, lambda answers: answers.share)


def groups_of_criterion(
    connection: Connection, scorecard_id: str, dimension: Dimension, criterion_id: str, weeks: Weeks
) -> tuple[list[AnswersTrend], list[AnswersTrend]]:
    """All groups of a dimension by how often they meet a criterion.

    Returns:
        Those with answers enough, the one that meets it least first; then the others, by name.
    """
    table = TrendAnswerRow
    conditions = [table.scorecard_id == scorecard_id, table.dimension == dimension]
    conditions.append(table.criterion_id == criterion_id)
    now, before = (_sums(connection, "name", conditions, one) for one in (weeks, weeks.before))
    labels = _labels(connection, scorecard_id, dimension, weeks)
    found = [_trend(name, labels.get(name, name), now, before) for name in now]
    few = [one for one in found if not one.enough]
    return (
        sorted((one for one in found if one.enough), key=_least_met_first),
        sorted(few, key=lambda one: (one.label.lower(), one.name)),
    )


def _sums(
    connection: Connection, by: Literal["criterion_id", "name"], conditions: Sequence[Any], weeks: Weeks
) -> dict[str, Answers]:
    table = TrendAnswerRow
    column = getattr(table, by)
    sums = [func.sum(one).label(one.key) for one in (table.counted, table.met, table.unknown)]
    query = select(column, *sums).where(*conditions, table.day.between(weeks.first, weeks.last))
    return {row[0]: _sum([row]) for row in connection.execute(query.group_by(column))}


def _labels(connection: Connection, scorecard_id: str, dimension: Dimension, weeks: Weeks) -> dict[str, str]:
    table = TrendScoreRow
    query = select(table.name, func.max(table.label).label("label")).where(
        table.scorecard_id == scorecard_id,
        table.dimension == dimension,
        table.day.between(weeks.first, weeks.last),
    )
    return {row.name: row.label for row in connection.execute(query.group_by(table.name))}


def _trend(name: str, label: str, now: dict[str, Answers], before: dict[str, Answers]) -> AnswersTrend:
    return AnswersTrend(name, label, now[name], before.get(name, Answers()))


def _least_met_first(one: AnswersTrend) -> tuple[bool, float, str]:
    share = one.now.share
    return share is None, share.value if share else 0, one.name


def _sum(rows: Sequence[Any]) -> Answers:
    # PostgreSQL answers sums of integers as Decimal.
    counted, met, unknown = (
        int(sum(getattr(row, name) for row in rows)) for name in ("counted", "met", "unknown")
    )
    return Answers(met, counted - met, unknown)
