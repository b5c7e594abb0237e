"""SQLAlchemy's URL of cofi's database, from Airflow's connection of it or the variable that holds that."""

import json
from collections.abc import Mapping
from pathlib import PurePath
from typing import Any

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
        is_json = connection.lstrip().startswith("{")
        url = of_fields(json.loads(connection)) if is_json else _of_url(connection)
    except (ValueError, KeyError, TypeError, AttributeError, ArgumentError) as error:
        raise InvalidInput(
            f"{VARIABLE} is no connection to a database of cofi ({error}): write it like "
            '{"conn_type": "postgres", "host": "…", "schema": "cofi", "login": "…", "password": "…"}.'
        ) from error
    return url.render_as_string(hide_password=False)


def of_fields(fields: Mapping[str, Any]) -> URL:
    """The URL of a connection's fields, as Airflow calls them: conn_type, host, schema and so on.

    Of a connection that was written as a URL, Airflow takes a file for the schema. What `extra` has for
    PostgreSQL's own library goes with it, such as sslmode.

    Raises:
        ValueError: It is neither sqlite nor postgres, or names no file.
    """
    if fields["conn_type"] == "sqlite":
        return _of_file(fields.get("host") or fields.get("schema") or "")
    _check(fields["conn_type"])
    query = _of_library(fields.get("extra") or {})
    return URL.create(_POSTGRES, **{part: fields.get(name) for part, name in _OF_URL.items()}, query=query)


def _of_file(file: str) -> URL:
    if not PurePath(file).is_absolute():
        # Airflow's processes run in folders of their own.
        raise ValueError(f"its file is '{file}': write the whole path, like /srv/cofi.db")
    return URL.create("sqlite", database=file)


def _of_library(extra: str | Mapping[str, Any]) -> dict[str, str]:
    from psycopg.pq import Conninfo  # noqa: PLC0415 - a site on SQLite needs no library of PostgreSQL's

    known = {option.keyword.decode() for option in Conninfo.get_defaults()}
    values = json.loads(extra) if isinstance(extra, str) else extra
    return {name: str(value) for name, value in values.items() if name in known and value is not None}


def _of_url(connection: str) -> URL:
    url = make_url(connection)
    if url.drivername == "sqlite":
        return _of_file(url.database or "")
    _check(url.drivername)
    return url.set(drivername=_POSTGRES)


def _check(kind: str) -> None:
    if kind.partition("+")[0] not in ("postgres", "postgresql"):
        raise ValueError(f"{kind} is neither postgres nor sqlite")
