"""Databases of both kinds, as the database's own tests have them."""

from tests.unit.database.conftest import database, migrated_url, new_url

__all__ = ["database", "migrated_url", "new_url"]
