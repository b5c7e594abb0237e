"""Deleted bytes: a database keeps old rows in its file until the file is written anew.

That cannot be done in the migration's transaction. So the migration notes in the database that it is owed,
and whoever upgrades next does it: also after a crash between the two.
"""

import logging
from collections.abc import Collection, Sequence
from contextlib import closing

from sqlalchemy import Connection, MetaData, Table, text
from sqlalchemy.engine.interfaces import DBAPICursor
from sqlalchemy.schema import DropTableComment, SetTableComment

from include.database.engine import open_engine

# SQLite's number for the application's own use.
_OWED = 1
_OWED_COMMENT = "to be written anew: "
_CHECKPOINT_TRIES = 20
_PATIENCE_MS = 1000

log = logging.getLogger(__name__)


def note_leftovers(connection: Connection, tables: Collection[str]) -> None:
    """Notes, in the migration's transaction, that tables have to be written anew."""
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql(f"PRAGMA user_version = {_OWED}")
    elif tables:
        _write_comment(connection, [*_comment(connection), _OWED_COMMENT + ", ".join(sorted(tables))])


def remove_leftovers(url: str) -> None:
    """Writes anew what a migration has noted; nothing happens when nothing is owed."""
    engine = open_engine(url).execution_options(isolation_level="AUTOCOMMIT")
    try:
        if engine.dialect.name == "sqlite":
            with closing(engine.raw_connection()) as connection:
                _rewrite_sqlite(connection.cursor())
        else:
            with engine.connect() as connection:
                _rewrite_postgres(connection)
    finally:
        engine.dispose()


def _rewrite_sqlite(cursor: DBAPICursor) -> None:
    if _asked(cursor, "PRAGMA user_version") != _OWED:
        return
    cursor.execute("VACUUM")
    cursor.execute(f"PRAGMA busy_timeout = {_PATIENCE_MS}")
    # The log beside the file holds pages as they were; it is emptied when nobody reads them.
    for _ in range(_CHECKPOINT_TRIES):
        if not _asked(cursor, "PRAGMA wal_checkpoint(TRUNCATE)"):
            cursor.execute("PRAGMA user_version = 0")
            _asked(cursor, "PRAGMA wal_checkpoint(TRUNCATE)")
            return
    log.warning(
        "Somebody reads the database, so that its log still holds what was deleted: stop everything that "
        "uses it, and run the migration again."
    )


def _asked(cursor: DBAPICursor, statement: str) -> int:
    """The first figure of an answer; of a checkpoint: whether somebody was in its way."""
    cursor.execute(statement)
    [first, *_] = cursor.fetchone() or [0]
    return int(first)


def _rewrite_postgres(connection: Connection) -> None:
    lines = _comment(connection)
    owed = [line for line in lines if line.startswith(_OWED_COMMENT)]
    for line in owed:
        for table in line.removeprefix(_OWED_COMMENT).split(", "):
            connection.execute(text(f"VACUUM FULL {table}"))
    if owed:
        _write_comment(connection, [line for line in lines if line not in owed])


def _comment(connection: Connection) -> list[str]:
    """The lines of the comment on alembic's table; an operator may have written some of them."""
    query = "SELECT obj_description('alembic_version'::regclass, 'pg_class')"
    return (connection.execute(text(query)).scalar() or "").splitlines()


def _write_comment(connection: Connection, lines: Sequence[str]) -> None:
    table = Table("alembic_version", MetaData(), comment="\n".join(lines))
    connection.execute(SetTableComment(table) if lines else DropTableComment(table))
