"""Databases of their own, and how Airflow is told of them."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import create_engine, make_url, text


@contextmanager
def own_database(server: str, kept: str | None = None) -> Iterator[str]:
    """A database on a PostgreSQL server: made, and dropped at the end; answers its URL.

    Args:
        server: URL of any database on it.
        kept: Name of one that is taken as it is, made when it is not there, and kept.
    """
    name = kept or f"cofi_history_{os.getpid()}_{os.urandom(3).hex()}"
    engine = create_engine(server, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        there = text("SELECT 1 FROM pg_database WHERE datname = :name")
        if not connection.execute(there, {"name": name}).scalar():
            connection.execute(text(f"CREATE DATABASE {name}"))
    try:
        yield make_url(server).set(database=name).render_as_string(hide_password=False)
    finally:
        if not kept:
            with engine.connect() as connection:
                connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
        engine.dispose()


def as_airflow_connection(url: str) -> dict[str, Any]:
    """The connection `cofi_db` to a database."""
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite":
        return {"conn_type": "sqlite", "host": parsed.database}
    return {
        "conn_type": "postgres",
        "host": parsed.host,
        "port": parsed.port,
        "login": parsed.username,
        "password": parsed.password or "",
        "schema": parsed.database,
    }
