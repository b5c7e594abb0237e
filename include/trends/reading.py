"""Weeks of scores and answers, what they are worth, and what changed."""

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Generic, TypeVar

from sqlalchemy import ColumnElement, Connection, FromClause, Row, Select, func, select

from include.database.models import TrendScoreRow
from include.trends.dimensions import Dimension
from include.trends.intervals import Estimate, differ, mean_of, share_of
from include.trends.kept_back import SCORES, scores_seen

# With fewer calls in the weeks that are looked at, a group is not compared with others.
FEWEST_CALLS = 10
WEEKS = 8

_WEEK = timedelta(weeks=1)

Found = TypeVar("Found")


@dataclass(frozen=True)
class Weeks:
    """Whole weeks, Monday to Sunday; `first` is a Monday, and the last ends with `last`."""

    first: date
    last: date

    @classmethod
    def until(cls, day: date, weeks: int = WEEKS) -> "Weeks":
        """The weeks up to the one with this day."""
        monday = day - timedelta(days=day.weekday())
        return cls(monday - timedelta(weeks=weeks - 1), monday + timedelta(days=6))

    @property
    def mondays(self) -> list[date]:
        """The Monday of each week."""
        weeks = ((self.last - self.first).days + 1) // 7
        return [self.first + timedelta(weeks=week) for week in range(weeks)]

    @property
    def before(self) -> "Weeks":
        """As many weeks before these."""
        length = self.last - self.first + timedelta(days=1)
        return Weeks(self.first - length, self.last - length)


@dataclass(frozen=True)
class Figures:
    """The figures of some calls.

    Attributes:
        mean: Of their scores in percent; None without a score.
        pass_rate: 0..1, of those that could pass or fail.
        not_passed: How many of those did not.
    """

    calls: int
    mean: Estimate | None
    pass_rate: Estimate | None
    not_passed: int
    auto_failed: int
    needs_review: int
    reviewed: int


@dataclass(frozen=True)
class Week(Generic[Found]):
    """What was found of a week, and of the one before it.

    Attributes:
        changed: Whether the two differ by more than chance would make them.
    """

    monday: date
    now: Found
    before: Found
    changed: bool

    @property
    def sunday(self) -> date:
        """Its last day."""
        return self.monday + timedelta(days=6)


@dataclass(frozen=True)
class Group:
    """An agent, team, queue or language over the weeks.

    Attributes:
        changed: Whether the mean differs from that of the weeks before by more than chance would make it.
    """

    name: str
    label: str
    now: Figures
    before: Figures
    changed: bool

    @property
    def enough(self) -> bool:
        """Whether there are calls enough to compare it with others."""
        return self.now.mean is not None and self.now.mean.calls >= FEWEST_CALLS


@dataclass(frozen=True)
class Chosen:
    """Which calls: those of a group, or with `name` None all calls, under one scorecard.

    Attributes:
        without: Ids of calls that are kept from whoever looks: they answer them blind.
    """

    scorecard_id: str
    dimension: Dimension = Dimension.ALL
    name: str | None = None
    without: Collection[str] = ()

    @property
    def counted_by(self) -> Dimension:
        """The dimension of the rows that are read."""
        return Dimension.ALL if self.name is None else self.dimension

    def conditions(self, table: FromClause) -> list[ColumnElement[bool]]:
        """The choice as conditions on the rows of a table."""
        return [
            table.c.scorecard_id == self.scorecard_id,
            table.c.dimension == self.counted_by,
            table.c.name == ("" if self.name is None else self.name),
        ]


def scorecards_counted(connection: Connection) -> list[str]:
    """The scorecards that calls were ever counted under, that of the newest day first."""
    newest = func.max(TrendScoreRow.day)
    query = select(TrendScoreRow.scorecard_id).where(
        TrendScoreRow.dimension == Dimension.ALL, TrendScoreRow.name == ""
    )
    ordered = query.group_by(TrendScoreRow.scorecard_id).order_by(newest.desc(), TrendScoreRow.scorecard_id)
    return list(connection.execute(ordered).scalars())


def newest_day(connection: Connection, scorecard_id: str) -> date | None:
    """The last day with calls under a scorecard."""
    query = select(func.max(TrendScoreRow.day)).where(
        TrendScoreRow.dimension == Dimension.ALL,
        TrendScoreRow.name == "",
        TrendScoreRow.scorecard_id == scorecard_id,
    )
    return connection.execute(query).scalar_one()


def label_of_group(connection: Connection, chosen: Chosen) -> str | None:
    """What people call a group, as it was last; None when it has no calls."""
    table = TrendScoreRow.__table__
    query = select(table.c.label).where(*chosen.conditions(table))
    return connection.execute(query.order_by(table.c.day.desc()).limit(1)).scalar()


def by_week(connection: Connection, chosen: Chosen, weeks: Weeks) -> list[Week[Figures]]:
    """Each week's figures; a week without calls is among them."""
    table = scores_seen(chosen.counted_by, chosen.without)
    query = select(table.c.day, *(table.c[name] for name in SCORES)).where(*chosen.conditions(table))
    return in_weeks(connection, query, weeks, _sum, lambda figures: figures.mean)


def in_weeks(
    connection: Connection,
    query: Select[*tuple[Any, ...]],
    weeks: Weeks,
    sum_of: Callable[[Sequence[Any]], Found],
    estimate_of: Callable[[Found], Estimate | None],
) -> list[Week[Found]]:
    """Sums rows of days by week.

    Args:
        connection: To read with.
        query: Of a table's rows, with their `day`; narrowed here to the weeks, and the one before them.
        weeks: Which.
        sum_of: The rows of a week as one; no rows are a week without calls.
        estimate_of: What the weeks are compared by.
    """
    day = query.selected_columns["day"]
    rows = connection.execute(query.where(day.between(weeks.first - _WEEK, weeks.last))).all()
    days: dict[date, list[Any]] = defaultdict(list)
    for row in rows:
        days[row.day - timedelta(days=row.day.weekday())].append(row)
    sums = {monday: sum_of(days[monday]) for monday in (weeks.first - _WEEK, *weeks.mondays)}
    return [
        Week(monday, now, before, differ(estimate_of(before), estimate_of(now)))
        for monday in weeks.mondays
        for now, before in [(sums[monday], sums[monday - _WEEK])]
    ]


def groups(connection: Connection, chosen: Chosen, weeks: Weeks) -> tuple[list[Group], list[Group]]:
    """All groups of the chosen dimension.

    Returns:
        Those with calls enough, the lowest mean first; then the others, by name.
    """
    now, before = (_group_sums(connection, chosen, one) for one in (weeks, weeks.before))
    found = [
        _group(name, label, figures, before.get(name, ("", _sum([])))[1])
        for name, (label, figures) in now.items()
    ]
    enough = sorted((one for one in found if one.enough), key=_lowest_first)
    few = sorted((one for one in found if not one.enough), key=lambda one: one.label.lower())
    return enough, few


def _group(name: str, label: str, now: Figures, before: Figures) -> Group:
    return Group(name, label, now, before, differ(before.mean, now.mean))


def _lowest_first(group: Group) -> tuple[float, str]:
    return (group.now.mean.value if group.now.mean else 0.0), group.name


def _group_sums(connection: Connection, chosen: Chosen, weeks: Weeks) -> dict[str, tuple[str, Figures]]:
    table = scores_seen(chosen.dimension, chosen.without)
    sums = [func.sum(table.c[name]).label(name) for name in SCORES]
    query = select(table.c.name, func.max(table.c.label).label("label"), *sums).where(
        table.c.scorecard_id == chosen.scorecard_id,
        table.c.dimension == chosen.dimension,
        table.c.day.between(weeks.first, weeks.last),
    )
    rows = connection.execute(query.group_by(table.c.name).having(func.sum(table.c.calls) > 0))
    return {row.name: (row.label, _figures(row._asdict())) for row in rows}


def _sum(rows: Sequence[Row[*tuple[Any, ...]]]) -> Figures:
    return _figures({name: sum(getattr(row, name) for row in rows) for name in SCORES})


def _figures(total: Mapping[str, Any]) -> Figures:
    scored, judged, passed = (int(total[name]) for name in ("scored", "judged", "passed"))
    return Figures(
        calls=int(total["calls"]),
        # PostgreSQL answers sums of integers as Decimal.
        mean=mean_of(scored, float(total["sum_pct"]), float(total["sum_squares"]), 0.0, 100.0),
        pass_rate=share_of(passed, judged),
        not_passed=judged - passed,
        auto_failed=int(total["auto_failed"]),
        needs_review=int(total["needs_review"]),
        reviewed=int(total["reviewed"]),
    )
