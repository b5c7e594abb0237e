"""The demo's calls behind the pages: made once in a process, copied for each module and test that writes."""

import asyncio
import shutil
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from include.database.engine import Database
from tests.plugins.browser import demo_database

As = Callable[[str | None], TestClient]


@pytest.fixture(scope="session")
def demo_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demo's database. Nobody writes to it: see `copied`."""
    file = tmp_path_factory.mktemp("demo") / "cofi.db"
    asyncio.run(demo_database(file))
    return file


@contextmanager
def copied(file: Path, to: Path) -> Iterator[Database]:
    """A copy of a database, open."""
    shutil.copy(file, to)
    with closing(Database(f"sqlite:///{to}")) as database:
        yield database
