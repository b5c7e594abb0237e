"""Opening the database: SQLite (WAL) as the embedded default, PostgreSQL by connection."""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, suppress
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine, Select, Table, create_engine, event
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import DeclarativeBase
from tenacity import RetryCallState, Retrying, stop_after_delay, wait_random_exponential

from include.database.troubles import may_pass, met_another

# How long a writer waits for another one before SQLite says "database is locked".
SQLITE_BUSY_TIMEOUT_S = 60
# How long work goes on trying to reach a database that is locked or restarts, before its task gives up.
PATIENCE_S = 120.0
# Two transactions that write the same row find each other's the next time; more often it is a mistake.
_MEETINGS = 5

Value = TypeVar("Value")


class Database:
    """A pool of connections to cofi's database.

    Args:
        url: `sqlite:////folder/cofi.db` or `postgresql+psycopg://user:password@host/database`.
        patience_s: Of `read` and `write`.
        by_statement: On PostgreSQL, what reads opens no transaction. That is two messages less for each
            reading, where they are many and short; nothing can be read by a cursor of the server's.
    """

    def __init__(self, url: str, patience_s: float = PATIENCE_S, *, by_statement: bool = False) -> None:
        self._engine = open_engine(url)
        self._readers = self._engine.execution_options(read_only=True)
        if by_statement and self._engine.dialect.name == "postgresql":
            self._readers = self._readers.execution_options(isolation_level="AUTOCOMMIT")
        self._again = Retrying(
            retry=_may_go_right,
            wait=wait_random_exponential(multiplier=0.5, max=5),
            stop=stop_after_delay(patience_s),
            reraise=True,
        )

    def write(self, work: Callable[[Connection], Value]) -> Value:
        """Does work in a transaction; the whole of it again when that may go right.

        While the database is locked or away, and when another transaction has come between. It is done again,
        too, when the connection broke while it was committed: what it does twice must come to the same.
        """

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
        return self._readers.connect()

    def close(self) -> None:
        """Closes all connections."""
        self._engine.dispose()


def _may_go_right(attempt: RetryCallState) -> bool:
    error = attempt.outcome and attempt.outcome.exception()
    if not isinstance(error, DBAPIError):
        return False
    if met_another(error):
        return attempt.attempt_number <= _MEETINGS
    return error.connection_invalidated or may_pass(error)


def open_engine(url: str) -> Engine:
    """Opens SQLAlchemy's engine with what cofi needs: WAL, foreign keys, patience; no JIT of PostgreSQL.

    Its errors do not quote what was to be written: transcripts do not belong into logs.
    """
    if not url.startswith("sqlite"):
        server = create_engine(url, pool_pre_ping=True, hide_parameters=True)
        event.listen(server, "connect", _configure_postgresql)
        return server
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


def insert_found(
    connection: Connection,
    table: type[DeclarativeBase],
    names: Sequence[str],
    found: Select[*tuple[Any, ...]],
) -> None:
    """Inserts what a query finds, and leaves rows that are there already as they are."""
    insert = _insert(connection, table).from_select(list(names), found)
    connection.execute(insert.on_conflict_do_nothing())


def chunks(values: Sequence[Value], most: int = 1000) -> Iterator[Sequence[Value]]:
    """Cuts values into pieces that fit a statement: SQLite takes 32,766 bound parameters."""
    return (values[start : start + most] for start in range(0, len(values), most))


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


def _configure_postgresql(connection: Any, _: object) -> None:
    # Compiling took two thirds of a page's query over the calls of one agent, 100 of 150 ms: no query of cofi
    # is long enough to win that back.
    connection.autocommit = True  # a setting of a transaction would end with it
    with connection.cursor() as cursor:
        cursor.execute("SET jit TO off")
    connection.autocommit = False


def _begin_sqlite(connection: Connection) -> None:
    # A transaction that reads first and writes later would fail at once instead of waiting for its turn.
    read_only = connection.get_execution_options().get("read_only", False)
    connection.exec_driver_sql("BEGIN" if read_only else "BEGIN IMMEDIATE")
