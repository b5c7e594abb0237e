"""An empty database for a day's calls."""

from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

import pytest
from matplotlib.figure import Figure

from include.database.engine import Database
from tests.empty_database import empty_database
from tests.unit.delivery.seeding import SeededDay


@pytest.fixture
def day(tmp_path: Path) -> Iterator[SeededDay]:
    """A database without rows."""
    database = Database(empty_database(tmp_path / "cofi.db"))
    yield SeededDay(database)
    database.close()


@pytest.fixture(autouse=True)
def undrawn(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Leaves charts empty, which take matplotlib a second a report: but of tests that are marked `drawn`."""

    def without_its_marks(figure: Figure, file: IO[str], **_: Any) -> None:
        file.write("<svg></svg>")

    if request.node.get_closest_marker("drawn") is None:
        monkeypatch.setattr(Figure, "savefig", without_its_marks)
