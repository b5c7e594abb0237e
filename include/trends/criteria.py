"""How often criteria are met: in a group of calls, week by week, and by group."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import Connection, FromClause, Select, func, select

from include.database.models import TrendScoreRow
from include.trends.dimensions import Dimension
from include.trends.intervals import Estimate, differ, share_of
from include.trends.kept_back import ANSWERS, answers_seen
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
    table = answers_seen(chosen.counted_by, chosen.without)
    query = _sums_by(table, "criterion_id").where(*chosen.conditions(table))
    now, before = (_sums(connection, table, query, one) for one in (weeks, weeks.before))
    return sorted((_trend(name, name, now, before) for name in now), key=_least_met_first)


def answers_by_week(
    connection: Connection, chosen: Chosen, criterion_id: str, weeks: Weeks
) -> list[Week[Answers]]:
    """Each week's answers to a criterion; a week without any is among them."""
    table = answers_seen(chosen.counted_by, chosen.without)
    of_criterion = (*chosen.conditions(table), table.c.criterion_id == criterion_id)
    query = select(table.c.day, *(table.c[name] for name in ANSWERS)).where(*of_criterion)
    return in_weeks(connection, query, weeks, _sum, lambda answers: answers.share)


def groups_of_criterion(
    connection: Connection, chosen: Chosen, criterion_id: str, weeks: Weeks
) -> tuple[list[AnswersTrend], list[AnswersTrend]]:
    """All groups of the chosen dimension by how often they meet a criterion.

    Returns:
        Those with answers enough, the one that meets it least first; then the others, by name.
    """
    table, dimension = answers_seen(chosen.dimension, chosen.without), chosen.dimension
    of_criterion = (table.c.dimension == dimension, table.c.criterion_id == criterion_id)
    query = _sums_by(table, "name").where(table.c.scorecard_id == chosen.scorecard_id, *of_criterion)
    now, before = (_sums(connection, table, query, one) for one in (weeks, weeks.before))
    labels = _labels(connection, chosen.scorecard_id, dimension, weeks)
    found = [_trend(name, labels.get(name, name), now, before) for name in now]
    few = [one for one in found if not one.enough]
    return (
        sorted((one for one in found if one.enough), key=_least_met_first),
        sorted(few, key=lambda one: (one.label.lower(), one.name)),
    )


def _sums_by(table: FromClause, by: Literal["criterion_id", "name"]) -> Select[Any]:
    sums = [func.sum(table.c[name]).label(name) for name in ANSWERS]
    return select(table.c[by], *sums).group_by(table.c[by])


def _sums(connection: Connection, table: FromClause, query: Select[Any], weeks: Weeks) -> dict[str, Answers]:
    rows = connection.execute(query.where(table.c.day.between(weeks.first, weeks.last)))
    return {row[0]: _sum([row]) for row in rows}


def _labels(connection: Connection, scorecard_id: str, dimension: Dimension, weeks: Weeks) -> dict[str, str]:
    if dimension is not Dimension.AGENT:
        return {}  # others are called what they are grouped by
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
