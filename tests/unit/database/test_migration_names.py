"""Columns that say what stands in them keep what stood there, there and back."""

from collections.abc import Callable

import pytest
from alembic import command
from sqlalchemy import text

from include.alerts import once
from include.database.engine import Database
from include.database.migrations import config, upgrade
from tests.unit.alerts.test_once import NOW, alert

BEFORE = "0026"


@pytest.fixture
def url(stored_at: Callable[[str], str]) -> str:
    """A database of the version before, with a problem, a source of roles, and an alert."""
    made = stored_at(BEFORE)
    database = Database(made)
    with database.writing() as connection:
        run = connection.execute(text("SELECT batch_id FROM batches LIMIT 1")).scalar_one()
        connection.execute(
            text(
                "INSERT INTO batch_days (batch_id, day, state, verdict, recordings, told) "
                "VALUES (:run, '2020-01-01', 'empty', 'warn', 0, 'It is empty.')"
            ),
            {"run": run},
        )
        connection.execute(text("UPDATE calls SET roles_told_by = 'sidecar'"))
        connection.execute(
            text(
                "INSERT INTO alerts (key, subject, text, told_by, told_at) "
                "VALUES ('thing/1', 'A thing', 'It happened.', 'first', '2026-11-17 06:00:00')"
            )
        )
    database.close()
    return made


def found(url: str, columns: str, table: str, where: str = "1 = 1") -> set[tuple[object, ...]]:
    database = Database(url)
    with database.reading() as connection:
        rows = {
            tuple(row) for row in connection.execute(text(f"SELECT {columns} FROM {table} WHERE {where}"))
        }
    database.close()
    return rows


@pytest.mark.long
def test_what_stood_there_stands_under_the_new_name(url: str) -> None:
    upgrade(url)
    assert found(url, "problem", "batch_days", "state = 'empty'") == {("It is empty.",)}
    assert found(url, "roles_source", "calls") == {("sidecar",)}
    assert found(url, "sent_by", "alerts") == {("first",)}
    database = Database(url)
    assert database.write(lambda c: once.claimed(c, [alert()], "second", NOW)) == [], "it was told before"
    database.close()


def test_it_can_be_taken_back(url: str) -> None:
    command.upgrade(config(url), "0027")
    command.downgrade(config(url), BEFORE)
    assert found(url, "told", "batch_days", "state = 'empty'") == {("It is empty.",)}
    assert found(url, "roles_told_by", "calls") == {("sidecar",)}
    assert found(url, "told_by", "alerts") == {("first",)}
