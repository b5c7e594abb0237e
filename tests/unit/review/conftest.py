"""A day's calls to review: on SQLite always, on PostgreSQL as the tests of the database are."""

import pytest

from include.database.engine import Database
from tests.unit.database.conftest import database, database_of_module, migrated_url, new_url
from tests.unit.review.seeding import ReviewDay

__all__ = ["database", "database_of_module", "day", "migrated_url", "new_url"]


@pytest.fixture
def day(database: Database) -> ReviewDay:
    """No rows yet."""
    return ReviewDay(database)
