"""The connection of cofi's database, as Airflow's environment variables hold it, as SQLAlchemy's URL."""

import json

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from include.errors import InvalidInput

# Where Airflow looks for it before its own database.
VARIABLE = "AIRFLOW_CONN_COFI_DB"
_POSTGRES = "postgresql+psycopg"
_OF_URL = {"username": "login", "password": "password", "host": "host", "port": "port", "database": "schema"}


def url_of(connection: str) -> str:
    """SQLAlchemy's URL of a connection in JSON, or as a URL.

    Raises:
        InvalidInput: It is neither, or of another kind than `sqlite` and `postgres`.
    """
    try:
        url = _of_json(connection) if connection.lstrip().startswith("{") else _of_url(connection)
    except (ValueError, KeyError, TypeError, ArgumentError) as error:
        raise InvalidInput(
            f"{VARIABLE} is no connection to a database of cofi ({error}): write it like "
            '{"conn_type": "postgres", "host": "…", "schema": "cofi", "login": "…", "password": "…"}.'
        ) from error
    return url.render_as_string(hide_password=False)


def _of_json(connection: str) -> URL:
    fields = json.loads(connection)
    if fields["conn_type"] == "sqlite":
        return URL.create("sqlite", database=fields["host"])
    _check(fields["conn_type"])
    return URL.create(_POSTGRES, **{part: fields.get(name) for part, name in _OF_URL.items()})


def _of_url(connection: str) -> URL:
    url = make_url(connection)
    if url.drivername == "sqlite":
        return url
    _check(url.drivername)
    return url.set(drivername=_POSTGRES)


def _check(kind: str) -> None:
    if kind.partition("+")[0] not in ("postgres", "postgresql"):
        raise ValueError(f"{kind} is neither postgres nor sqlite")
