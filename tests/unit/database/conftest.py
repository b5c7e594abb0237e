"""cofi's database, empty: on SQLite always, on PostgreSQL when COFI_TEST_POSTGRES_URL names one.

COFI_TEST_POSTGRES_URL=postgresql+psycopg://user:password@host/database
"""

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import cache
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import create_engine, make_url, text

from include.card_data.masking import masked_text
from include.database.engine import Database
from include.database.migrations import upgrade
from include.database.migrations.card_data import recollection
from tests.empty_database import empty_database
from tests.unit.database.old_versions import OldVersions
from tests.unit.database.seeding import Day, delete_all

POSTGRES_URL = os.environ.get("COFI_TEST_POSTGRES_URL", "")
NewUrl = Callable[[], str]


@pytest.fixture(scope="session", params=["sqlite", *(["postgresql"] if POSTGRES_URL else [])])
def new_url(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[NewUrl]:
    """Makes a database without tables, and answers its URL: a file, or a schema, dropped at the end."""
    folder = tmp_path_factory.mktemp("database")
    with ExitStack() as made:
        if request.param == "sqlite":
            yield lambda: f"sqlite:///{folder / uuid4().hex}.db"
        else:
            yield lambda: made.enter_context(_schema())


@pytest.fixture(scope="session")
def migrated_url(new_url: NewUrl) -> str:
    """A database with all tables: migrating once is enough."""
    url = new_url()
    upgrade(url)
    return url


@pytest.fixture
def database(migrated_url: str, tmp_path: Path) -> Iterator[Database]:
    """All tables, no rows."""
    with emptied(migrated_url, tmp_path) as opened:
        yield opened


@pytest.fixture(scope="module")
def database_of_module(migrated_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    """The same, for tests that bring it back to what it was."""
    with emptied(migrated_url, tmp_path_factory.mktemp("module")) as opened:
        yield opened


@contextmanager
def emptied(url: str, folder: Path) -> Iterator[Database]:
    """Opens a database with all tables and no rows: of SQLite a new one."""
    if url.startswith("sqlite"):
        opened = Database(empty_database(folder / "cofi.db"))
    else:
        opened = Database(url)
        opened.write(delete_all)
    yield opened
    opened.close()


@pytest.fixture(scope="session")
def old_versions(new_url: NewUrl, tmp_path_factory: pytest.TempPathFactory) -> Iterator[OldVersions]:
    """Databases of older versions, on the same kind of database."""
    on_postgresql = not new_url().startswith("sqlite")
    with ExitStack() as made, pytest.MonkeyPatch.context() as patch:
        # What a demo left is migrated in each test: a text of it is masked once in a process.
        patch.setattr(recollection, "masked_text", cache(masked_text))
        yield OldVersions(tmp_path_factory.mktemp("old"), POSTGRES_URL if on_postgresql else "", made)


@pytest.fixture
def old(old_versions: OldVersions) -> str:
    """A database of version 0005, with card data in it."""
    return old_versions.copy()


@pytest.fixture
def stored_at(old_versions: OldVersions) -> Callable[[str], str]:
    """Makes a database of a revision, with what a demo left in version 0005; its URL."""
    return old_versions.copy


@pytest.fixture
def day(database: Database) -> Day:
    """The same, with what tests do to it."""
    return Day(database)


@contextmanager
def _schema() -> Iterator[str]:
    name = f"cofi_test_{uuid4().hex[:12]}"
    engine = create_engine(POSTGRES_URL)
    with engine.begin() as connection:
        connection.execute(text(f"CREATE SCHEMA {name}"))
    url = make_url(POSTGRES_URL).update_query_dict({"options": f"-csearch_path={name}"})
    yield url.render_as_string(hide_password=False)
    with engine.begin() as connection:
        connection.execute(text(f"DROP SCHEMA {name} CASCADE"))
    engine.dispose()
