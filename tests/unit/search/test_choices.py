"""A search form offers every group there is once, as it was called last."""

from datetime import timedelta

from include.database.engine import Database
from include.search.choices import choices_of
from tests.unit.trends.test_reading import MONDAY, scores, store


def test_each_group_is_offered_once_as_it_was_called_last(database: Database) -> None:
    later = MONDAY + timedelta(days=1)
    store(
        database,
        scores(MONDAY, "17", 80.0, label="Ana"),
        scores(later, "17", 80.0, label="Ana Díaz"),
        scores(later, "17", 80.0, label="Ana Díaz", scorecard_id="sales"),
        scores(MONDAY, "18", 80.0, label="Ben"),
        scores(MONDAY, "19", 80.0, label="Ben"),
        scores(MONDAY, "sales", 80.0, label="sales", dimension="queue"),
        scores(MONDAY, "", 80.0, label="all calls", dimension="all"),
    )
    with database.reading() as connection:
        found = choices_of(connection)
    assert (found.agents, found.queues, found.teams) == (["Ana Díaz", "Ben"], ["sales"], [])
