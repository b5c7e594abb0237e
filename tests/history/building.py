"""Fills a database as fast as it can be filled: for histories that nobody minds to lose."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, Engine, Index, create_engine, event, make_url, text

from include.database.engine import open_engine
from include.database.models import Base

# Nothing is checked and nothing waits for a disk. What is written has to be right by itself.
_SQLITE = ("foreign_keys=OFF", "journal_mode=OFF", "synchronous=OFF", "cache_size=-1500000")
_POSTGRES = "-c session_replication_role=replica -c synchronous_commit=off -c maintenance_work_mem=512MB"


@contextmanager
def without_checks(url: str) -> Iterator[Engine]:
    """An engine for a database that nobody else has open; foreign keys are not checked, indexes not there.

    The indexes are made again at the end; those of keys stay.
    """
    engine = _quick_engine(url)
    with engine.begin() as connection:
        indexes = _drop_indexes(connection)
    yield engine
    for index in indexes:
        with engine.begin() as connection:
            index.create(connection)
    engine.dispose()


def _quick_engine(url: str) -> Engine:
    """Of PostgreSQL's server, the connection's user has to be a superuser."""
    if make_url(url).get_backend_name() == "postgresql":
        return create_engine(url, connect_args={"options": _POSTGRES})
    engine = open_engine(url)

    def hurry(connection: Any, _: object) -> None:
        for pragma in _SQLITE:
            connection.execute(f"PRAGMA {pragma}")

    event.listen(engine, "connect", hurry)
    return engine


def _drop_indexes(connection: Connection) -> Sequence[Index]:
    indexes = [index for table in Base.metadata.sorted_tables for index in sorted(table.indexes, key=str)]
    for index in indexes:
        index.drop(connection)
    return indexes


def unmatched(connection: Connection) -> list[str]:
    """Foreign keys that have rows without a match, as "table.column"."""
    found = []
    for table in Base.metadata.sorted_tables:
        for key in table.foreign_keys:
            name, other = key.parent.name, key.column
            there = f"EXISTS (SELECT 1 FROM {other.table} o WHERE o.{other.name} = t.{name})"
            lost = f"SELECT count(*) FROM {table} t WHERE t.{name} IS NOT NULL AND NOT {there}"
            if connection.execute(text(lost)).scalar_one():
                found.append(str(key.parent))
    return found
