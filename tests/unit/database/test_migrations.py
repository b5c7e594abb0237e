"""Migrations make the tables that the models describe, on both databases."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, inspect, select

from include.database.engine import open_engine
from include.database.migrations import config, is_current, is_of_models, upgrade
from include.database.models import Base, BatchRow

pytestmark = pytest.mark.long


@pytest.fixture
def url(new_url: Callable[[], str]) -> str:
    """A database without tables."""
    return new_url()


def ask(url: str, query: Callable[[Connection], Any]) -> Any:
    engine = open_engine(url)
    with engine.begin() as connection:
        answer = query(connection)
    engine.dispose()
    return answer


def tables(connection: Connection) -> set[str]:
    return {name for name in inspect(connection).get_table_names() if is_of_models(None, name)}


def differences(connection: Connection) -> list[Any]:
    context = MigrationContext.configure(connection, opts={"include_object": is_of_models})
    return compare_metadata(context, Base.metadata)


def add_batch(connection: Connection) -> None:
    opened_at = datetime(2026, 11, 17, tzinfo=UTC)
    row = {"batch_id": "run-1", "day": date(2026, 11, 16), "location": "", "params": {}}
    connection.execute(BatchRow.__table__.insert(), {**row, "opened_at": opened_at})


def batch_ids(connection: Connection) -> list[str]:
    return list(connection.execute(select(BatchRow.batch_id)).scalars())


def test_an_empty_database_becomes_what_the_models_describe(url: str) -> None:
    upgrade(url)

    assert ask(url, differences) == []
    assert ask(url, tables) == {*Base.metadata.tables, "alembic_version"}


def test_upgrading_what_is_up_to_date_changes_nothing(url: str) -> None:
    upgrade(url)
    ask(url, add_batch)

    upgrade(url)

    newest = ScriptDirectory.from_config(config(url)).get_current_head()
    assert newest
    assert ask(url, lambda c: MigrationContext.configure(c).get_current_revision()) == newest
    assert ask(url, batch_ids) == ["run-1"]


def test_a_database_is_current_once_it_is_migrated(url: str) -> None:
    assert not is_current(url)
    upgrade(url)
    assert is_current(url)
    command.downgrade(config(url), "base")
    assert not is_current(url)


def test_every_migration_can_be_taken_back(url: str) -> None:
    upgrade(url)
    ask(url, add_batch)

    command.downgrade(config(url), "base")
    assert ask(url, tables) == {"alembic_version"}

    upgrade(url)
    assert ask(url, batch_ids) == []
