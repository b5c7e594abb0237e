"""Runs of before have no days of their own: what they say of their calls serves on."""

from collections.abc import Callable
from datetime import date

import pytest
from alembic import command

from include.database import batches, days
from include.database.batches import Batch
from include.database.engine import Database
from include.database.migrations import config, upgrade
from include.delivery.summary import summarise
from tests.unit.database import version_0005
from tests.unit.database.renamed import as_before

pytestmark = pytest.mark.long

BEFORE = "0009"
RUN, DAY = "demo-2026-11-16-083428", date(2026, 11, 16)


@pytest.fixture
def url(stored_at: Callable[[str], str]) -> str:
    return stored_at(BEFORE)


@pytest.fixture
def database(url: str):
    upgrade(url)
    opened = Database(url)
    yield opened
    opened.close()


def test_every_row_stays_as_it_was(url: str) -> None:
    before = version_0005.dumped(url)
    upgrade(url)
    after = version_0005.dumped(url)
    for table, rows in before.items():
        assert as_before(table, rows, after[table]) == rows, table


def test_it_can_be_taken_back(url: str) -> None:
    before = version_0005.dumped(url)
    upgrade(url)
    command.downgrade(config(url), BEFORE)
    assert version_0005.dumped(url) == before


def test_a_run_of_before_is_reported_and_closes_as_it_did(database: Database) -> None:
    found = summarise(database, RUN)
    assert (found.days, found.own_day, found.late_days) == ((), None, ())
    assert found.outcome.looked_for

    ledger, _ = database.write(lambda c: batches.close(c, Batch(RUN, DAY, "", {})))

    assert ledger == found.outcome.ledger
    assert summarise(database, RUN).closed_at is not None


def test_its_day_is_one_that_a_run_was_asked_for(database: Database) -> None:
    location = summarise(database, RUN).location
    with database.reading() as connection:
        assert days.audited_days(connection, [DAY, date(2026, 1, 1)], location) == {DAY}
