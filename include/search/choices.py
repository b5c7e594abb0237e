"""What a search form offers: names and criteria that there are."""

import math
import time
from dataclasses import dataclass, field
from typing import Any
from weakref import WeakKeyDictionary

from sqlalchemy import Connection, func, select

from include.database.engine import Database
from include.database.models import ScorecardRow, TrendScoreRow
from include.trends.dimensions import Dimension

_MOST_NAMES = 2000
_KEPT_S = 60.0


@dataclass(frozen=True)
class Choices:
    """Names of audited groups; scorecards; criteria by id, in words; the answers that criteria have."""

    agents: list[str] = field(default_factory=list)
    teams: list[str] = field(default_factory=list)
    queues: list[str] = field(default_factory=list)
    languages: list[str] = field(default_factory=list)
    scorecards: list[str] = field(default_factory=list)
    criteria: dict[str, str] = field(default_factory=dict)
    answers: list[str] = field(default_factory=list)


# When the choices of a database were read, and they.
_recent: WeakKeyDictionary[Database, tuple[float, Choices]] = WeakKeyDictionary()


def recent_choices(database: Database) -> Choices:
    """What is known, or was a minute ago: it changes when a run ends, and every search's form shows it."""
    read_at_s, choices = _recent.get(database, (-math.inf, Choices()))
    if time.monotonic() - read_at_s > _KEPT_S:
        choices = database.read(choices_of)
        # Of the first run everything is new.
        if choices.criteria:
            _recent[database] = time.monotonic(), choices
    return choices


def choices_of(connection: Connection) -> Choices:
    """What is known, from what is counted by day: no look at the calls themselves."""
    criteria, answers = criteria_of(connection)
    cards = select(ScorecardRow.scorecard_id).distinct().order_by(ScorecardRow.scorecard_id)
    return Choices(
        agents=_labels(connection, Dimension.AGENT),
        teams=_labels(connection, Dimension.TEAM),
        queues=_labels(connection, Dimension.QUEUE),
        languages=_labels(connection, Dimension.LANGUAGE),
        scorecards=list(connection.execute(cards).scalars()),
        criteria=criteria,
        answers=answers,
    )


def _labels(connection: Connection, dimension: Dimension) -> list[str]:
    """What groups are called, each as it was last: a look into the index for each, not at all their days."""
    table = TrendScoreRow
    first = select(func.min(table.name).label("name")).where(table.dimension == dimension)
    names = first.cte(recursive=True)
    following = select(func.min(table.name)).where(table.dimension == dimension, table.name > names.c.name)
    names = names.union_all(select(following.scalar_subquery()).where(names.c.name.is_not(None)))
    last = select(table.label).where(table.dimension == dimension, table.name == names.c.name)
    label = last.order_by(table.day.desc()).limit(1).scalar_subquery()
    found = select(label).where(names.c.name.is_not(None)).limit(_MOST_NAMES)
    return sorted(set(connection.execute(found).scalars().all()))


def criteria_of(connection: Connection) -> tuple[dict[str, str], list[str]]:
    """The criteria of all scorecards, by id in the words of the one used last, and the answers they have."""
    cards = select(ScorecardRow.scorecard).order_by(ScorecardRow.first_used_at)
    criteria: dict[str, str] = {}
    answers: set[str] = set()
    for card in connection.execute(cards).scalars():
        for criterion in card.get("criteria", []):
            criteria[criterion["id"]] = _words(criterion)
            answers |= {option["key"] for option in criterion.get("options", [])}
    return criteria, sorted(answers)


def _words(criterion: dict[str, Any]) -> str:
    return str(criterion.get("text") or criterion["id"])
