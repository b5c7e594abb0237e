"""The demo's calls behind the pages: made once in a process, and copied for each test.

A module says what else its tests need by fixtures of its own: `site_file` for what stands in the database
besides, `people` for who there is. What the pages and a browser import is imported where it is used: the
other tests of this folder need none of it.
"""

import asyncio
import shutil
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from include.database.engine import Database

if TYPE_CHECKING:
    from fastapi.testclient import TestClient

As = Callable[[str | None], "TestClient"]
Entries = list[tuple[str, str, str]]


@contextmanager
def copied(file: Path, to: Path) -> Iterator[Database]:
    """A copy of a database, open."""
    shutil.copy(file, to)
    with closing(Database(f"sqlite:///{to}")) as database:
        yield database


@pytest.fixture(scope="session")
def demo_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demo's database. Nobody writes to it: see `copied`."""
    from tests.plugins.browser import demo_database

    file = tmp_path_factory.mktemp("demo") / "cofi.db"
    asyncio.run(demo_database(file))
    return file


@pytest.fixture
def site_file(demo_file: Path) -> Path:
    """The database that a test has a copy of."""
    return demo_file


@pytest.fixture
def people() -> str:
    """Who there is, as the setting says it."""
    from tests.plugins.people import PEOPLE

    return PEOPLE


@pytest.fixture
def site(
    site_file: Path,
    people: str,
    tmp_path: Path,
    connection: Callable[..., None],
    setting: Callable[..., None],
) -> Iterator[Database]:
    """A copy of the database, behind the connection `cofi_db`."""
    from tests.plugins.people import AGENTS

    file = tmp_path / "cofi.db"
    connection("cofi_db", conn_type="sqlite", host=str(file))
    setting("people", people)
    setting("agents_of_people", AGENTS)
    setting("listening_folder", tmp_path / "listening")
    with copied(site_file, file) as opened:
        yield opened


@pytest.fixture
def entries() -> Entries:
    """Airflow's Audit Log."""
    return []


@pytest.fixture
def as_(site: Database, entries: Entries) -> Iterator[As]:
    """A browser of somebody."""
    from tests.plugins.people import client_of, served

    with served(entries) as outer:
        yield lambda name: client_of(outer, name)
