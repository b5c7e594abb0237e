"""A day whose calls wait in one shard."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from include.database.batches import Batch
from include.database.engine import Database
from tests.empty_database import empty_database
from tests.unit.database.seeding import Day
from tests.unit.distribution.lanes import CALLS


@pytest.fixture
def day(tmp_path: Path) -> Iterator[Day]:
    """A database without rows."""
    database = Database(empty_database(tmp_path / "cofi.db"), patience_s=0)
    yield Day(database)
    database.close()


@pytest.fixture
def batch(day: Day) -> Batch:
    """Twelve calls that wait in one shard."""
    return day.planned(*CALLS)
