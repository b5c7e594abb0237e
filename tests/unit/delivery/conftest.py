"""An empty database for a day's calls."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from include.database.engine import Database
from include.database.migrations import upgrade
from tests.unit.delivery.seeding import SeededDay


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database file with all tables: migrating once is enough."""
    path = tmp_path_factory.mktemp("database") / "cofi.db"
    upgrade(f"sqlite:///{path}")
    return path


@pytest.fixture
def day(migrated: Path, tmp_path: Path) -> Iterator[SeededDay]:
    """A database without rows."""
    path = shutil.copy(migrated, tmp_path / "cofi.db")
    database = Database(f"sqlite:///{path}")
    yield SeededDay(database)
    database.close()
