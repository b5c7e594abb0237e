"""A search form offers every group there is once, as it was called last."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import insert

from include.database.engine import Database
from include.database.models import ScorecardRow
from include.search import choices
from include.search.choices import choices_of, recent_choices
from tests.unit.trends.test_reading import MONDAY, scores, store


@pytest.mark.long
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


@pytest.mark.long
def test_what_is_offered_is_read_again_after_a_minute(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    now_s = 1000.0
    monkeypatch.setattr(choices.time, "monotonic", lambda: now_s)
    store(database, scores(MONDAY, "17", 80.0, label="Ana"))
    assert recent_choices(database).agents == ["Ana"]
    # Before the first run has ended nothing is kept, so that its names are there at once.
    store(database, scores(MONDAY, "18", 80.0, label="Ben"))
    assert recent_choices(database).agents == ["Ana", "Ben"]
    card = {"criteria": [{"id": "notice", "text": "Is it given?"}]}
    with database.writing() as connection:
        row = {"sha256": "s", "scorecard_id": "service", "version": "1", "scorecard": card}
        connection.execute(insert(ScorecardRow), [row | {"first_used_at": datetime.now(UTC)}])
    assert recent_choices(database).criteria == {"notice": "Is it given?"}
    store(database, scores(MONDAY, "19", 80.0, label="Cleo"))
    assert recent_choices(database).agents == ["Ana", "Ben"]
    now_s += 61
    assert recent_choices(database).agents == ["Ana", "Ben", "Cleo"]
