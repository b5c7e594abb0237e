"""The rows of a database, kept in tables beside it, and brought back after each of many changes."""

from collections.abc import Iterator, Set
from functools import cache

from sqlalchemy import Connection, Table

from include.database.engine import Database
from include.database.models import Base

_PARENTS_FIRST = Base.metadata.sorted_tables


class KeptRows:
    """Copies of all tables as they are now."""

    def __init__(self, database: Database) -> None:
        self._database = database
        made = (f"CREATE TABLE kept_{table.name} AS SELECT * FROM {table.name}" for table in _PARENTS_FIRST)
        database.write(lambda connection: _execute(connection, made))

    def restore(self, changed: Set[str]) -> None:
        """Brings back the rows of tables, by their names."""
        tables = [table for table in _PARENTS_FIRST if table.name in changed]
        if tables:
            self._database.write(lambda connection: _execute(connection, _bringing_back(tables)))

    def forget(self) -> None:
        """Drops the copies."""
        dropped = (f"DROP TABLE kept_{table.name}" for table in _PARENTS_FIRST)
        self._database.write(lambda connection: _execute(connection, dropped))


def _execute(connection: Connection, statements: Iterator[str]) -> None:
    """On PostgreSQL as one message."""
    for statement in ["; ".join(statements)] if connection.dialect.name == "postgresql" else statements:
        connection.exec_driver_sql(statement)


def _bringing_back(tables: list[Table]) -> Iterator[str]:
    """Only what differs is written: rows that others refer to cannot be deleted first."""
    for table in reversed(tables):
        yield _additional(table)
    for table in tables:
        if "superseded_at" in table.c:
            yield _made_history(table)
        if _others(table):
            yield _changed(table)
        yield _missing(table)


@cache
def _additional(table: Table) -> str:
    return f"DELETE FROM {table} WHERE NOT EXISTS (SELECT 1 FROM kept_{table} AS kept WHERE {_same(table)})"


@cache
def _made_history(table: Table) -> str:
    """First: a call has one current row, at every moment."""
    became = f"{table}.superseded_at IS NULL AND kept.superseded_at IS NOT NULL"
    return (
        f"UPDATE {table} SET superseded_at = kept.superseded_at FROM kept_{table} AS kept "
        f"WHERE {_same(table)} AND {became}"
    )


@cache
def _changed(table: Table) -> str:
    others = _others(table)
    now, then = (", ".join(f"{of}.{name}" for name in others) for of in (table, "kept"))
    values = ", ".join(f"{name} = kept.{name}" for name in others)
    return (
        f"UPDATE {table} SET {values} FROM kept_{table} AS kept "
        f"WHERE {_same(table)} AND ({now}) IS DISTINCT FROM ({then})"
    )


@cache
def _missing(table: Table) -> str:
    there = f"SELECT 1 FROM {table} WHERE {_same(table)}"
    return f"INSERT INTO {table} SELECT * FROM kept_{table} AS kept WHERE NOT EXISTS ({there})"


def _same(table: Table) -> str:
    return " AND ".join(f"{table}.{key.name} = kept.{key.name}" for key in table.primary_key)


def _others(table: Table) -> list[str]:
    return [column.name for column in table.c if not column.primary_key]
