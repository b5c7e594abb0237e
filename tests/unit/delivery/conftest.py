"""An empty database for a day's calls."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from include.database.engine import Database
from tests.empty_database import empty_database
from tests.undrawn import undrawn  # noqa: F401 - a fixture
from tests.unit.delivery.seeding import SeededDay


@pytest.fixture
def day(tmp_path: Path) -> Iterator[SeededDay]:
    """A database without rows."""
    database = Database(empty_database(tmp_path / "cofi.db"))
    yield SeededDay(database)
    database.close()
