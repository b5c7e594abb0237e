"""Statements are compiled once in a process of tests, and not once for each of its databases.

SQLAlchemy keeps what it has compiled for each engine, which suits a process that has one for hours. Each test
has a database of its own, and a fifth of its time went into compiling what the one before had compiled.
"""

from functools import cache
from typing import Any

from sqlalchemy import Engine
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite
from sqlalchemy.util import LRUCache

_COMPILED: LRUCache[Any, Any] = LRUCache(5000)


@cache
def share() -> None:
    """From now on. What differs between databases of a kind is no part of a compiled statement."""
    for dialect in (SQLiteDialect_pysqlite, PGDialect_psycopg):
        # A dialect is part of a compiled statement's key.
        dialect.__eq__ = lambda self, other: type(self) is type(other)  # type: ignore[method-assign]
        dialect.__hash__ = lambda self: hash(type(self))  # type: ignore[method-assign]
    Engine._compiled_cache = property(lambda _: _COMPILED, lambda *_: None)  # type: ignore[assignment]
