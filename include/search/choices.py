"""What a search form offers: names and criteria that there are."""

from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, select

from include.database.models import ScorecardRow, TrendScoreRow
from include.trends.dimensions import Dimension

_MOST_NAMES = 2000


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
    query = select(TrendScoreRow.label).where(TrendScoreRow.dimension == dimension).distinct()
    return list(connection.execute(query.order_by(TrendScoreRow.label).limit(_MOST_NAMES)).scalars())


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
