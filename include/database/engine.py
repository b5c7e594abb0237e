"""Opening the database: SQLite (WAL) as the embedded default, PostgreSQL by connection."""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, suppress
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine, Table, create_engine, event
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.orm import DeclarativeBase
from tenacity import Retrying, retry_if_exception_type, stop_after_delay, wait_random_exponential

# How long a writer waits for another one before SQLite says "database is locked".
SQLITE_BUSY_TIMEOUT_S = 60
# How long work goes on trying to reach a database that is locked or restarts, before its task gives up.
PATIENCE_S = 120.0

Value = TypeVar("Value")


class Database:
    """A pool of connections to cofi's database.

    Args:
        url: `sqlite:////folder/cofi.db` or `postgresql+psycopg://user:password@host/database`.
        patience_s: Of `read` and `write`.
    """

    def __init__(self, url: str, patience_s: float = PATIENCE_S) -> None:
        self._engine = open_engine(url)
        self._again = Retrying(
            retry=retry_if_exception_type((OperationalError, InterfaceError)),
            wait=wait_random_exponential(multiplier=0.5, max=5),
            stop=stop_after_delay(patience_s),
            reraise=True,
        )

    def write(self, work: Callable[[Connection], Value]) -> Value:
        """Does work in a transaction; the whole of it again while the database is locked or away."""

        def transaction() -> Value:
            with self.writing() as connection:
                return work(connection)

        return self._again.copy()(transaction)

    def read(self, query: Callable[[Connection], Value]) -> Value:
        """Reads; again while the database is away."""

        def reading() -> Value:
            with self.reading() as connection:
                return query(connection)

        return self._again.copy()(reading)

    def writing(self) -> AbstractContextManager[Connection]:
        """A transaction: committed at the end, rolled back on an error."""
        return self._engine.begin()

    def reading(self) -> AbstractContextManager[Connection]:
        """A connection that blocks no writer; each query sees one state."""
        return self._engine.execution_options(read_only=True).connect()

    def close(self) -> None:
        """Closes all connections."""
        self._engine.dispose()


def open_engine(url: str) -> Engine:
    """Opens SQLAlchemy's engine with what cofi needs of SQLite: WAL, foreign keys, patience.

    Its errors do not quote what was to be written: transcripts do not belong into logs.
    """
    if not url.startswith("sqlite"):
        return create_engine(url, pool_pre_ping=True, hide_parameters=True)
    engine = create_engine(url, connect_args={"timeout": SQLITE_BUSY_TIMEOUT_S}, hide_parameters=True)
    event.listen(engine, "do_connect", _make_private)
    event.listen(engine, "connect", _configure_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def upsert(
    connection: Connection,
    table: type[DeclarativeBase],
    rows: Sequence[Mapping[str, Any]],
    key: Sequence[str],
    update: Sequence[str] | None = None,
) -> None:
    """Inserts rows; where `key` is there already, updates the columns `update` (all that the rows name)."""
    if rows:
        insert = _insert(connection, table)
        names = [name for name in rows[0] if name not in key] if update is None else update
        values = {name: insert.excluded[name] for name in names}
        connection.execute(insert.on_conflict_do_update(index_elements=list(key), set_=values), rows)


def insert_missing(
    connection: Connection, table: type[DeclarativeBase], rows: Sequence[Mapping[str, Any]]
) -> None:
    """Inserts rows, and leaves those that are there already as they are."""
    if rows:
        connection.execute(_insert(connection, table).on_conflict_do_nothing(), rows)


def chunks(values: Sequence[Value]) -> Iterator[Sequence[Value]]:
    """Cuts values into pieces that fit a statement: SQLite takes 32,766 bound parameters."""
    return (values[start : start + 1000] for start in range(0, len(values), 1000))


def _insert(connection: Connection, table: type[DeclarativeBase]) -> Any:
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    target = table.__table__
    assert isinstance(target, Table)
    return dialect.insert(target)


def _make_private(_: object, __: object, arguments: Sequence[Any], ___: object) -> None:
    """A new file is for its owner alone: transcripts will be in it. SQLite's other files get its rights."""
    file = str(arguments[0]) if arguments else ""
    if file and file != ":memory:":
        with suppress(OSError):  # SQLite says itself what is wrong
            os.close(os.open(file, os.O_CREAT | os.O_EXCL, 0o600))


def _configure_sqlite(connection: Any, _: object) -> None:
    connection.isolation_level = None  # transactions begin in _begin_sqlite, not inside the driver
    for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Connection) -> None:
    # A transaction that reads first and writes later would fail at once instead of waiting for its turn.
    read_only = connection.get_execution_options().get("read_only", False)
    connection.exec_driver_sql("BEGIN" if read_only else "BEGIN IMMEDIATE")
