"""Databases as the tests of the database have them: PostgreSQL, too, where one is named."""

from tests.unit.database.conftest import database, day, migrated_url, new_url

__all__ = ["database", "day", "migrated_url", "new_url"]
