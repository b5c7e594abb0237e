"""Migrations make the tables that the models describe, on both databases."""

from collections.abc import Callable

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, inspect, select

from include.database.engine import open_engine
from include.database.migrations import config, upgrade
from include.database.models import Base, CallRow


@pytest.fixture
def url(new_url: Callable[[], str]) -> str:
    """A database without tables."""
    return new_url()


def read[T](url: str, query: Callable[[Connection], T]) -> T:
    engine = open_engine(url)
    with engine.begin() as connection:
        result = query(connection)
    engine.dispose()
    return result


def tables(connection: Connection) -> set[str]:
    return set(inspect(connection).get_table_names())


def test_an_empty_database_becomes_what_the_models_describe(url: str) -> None:
    upgrade(url)

    differences = read(
        url,
        lambda connection: compare_metadata(
            MigrationContext.configure(connection, opts={"compare_type": True}), Base.metadata
        ),
    )
    assert differences == []
    assert read(url, tables) == {*Base.metadata.tables, "alembic_version"}


def test_the_newest_version_is_reached_and_reached_only_once(url: str) -> None:
    upgrade(url)
    newest = ScriptDirectory.from_config(config(url)).get_current_head()
    assert newest

    def insert(connection: Connection) -> None:
        batch = Base.metadata.tables["scorecards"]
        row = {"sha256": "1", "scorecard_id": "s", "version": "1", "scorecard": {}, "first_used_at": None}
        del row["first_used_at"]
        connection.exec_driver_sql("SELECT 1")
        assert batch is not None

    read(url, insert)
    upgrade(url)
    current = read(url, lambda connection: MigrationContext.configure(connection).get_current_revision())
    assert current == newest


def test_every_migration_can_be_taken_back(url: str) -> None:
    upgrade(url)
    command.downgrade(config(url), "base")
    assert read(url, tables) == {"alembic_version"}

    upgrade(url)
    assert read(url, lambda connection: connection.execute(select(CallRow)).all()) == []
