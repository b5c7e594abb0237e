"""Reading Airflow connections, with an error that says what to do when one is missing."""

from urllib.parse import urlsplit

from airflow.sdk import BaseHook, Connection
from airflow.sdk.exceptions import AirflowNotFoundException

from include.errors import InvalidInput


def connection_of(conn_id: str) -> Connection:
    """The connection of this id.

    Raises:
        InvalidInput: There is none.
    """
    try:
        return BaseHook.get_connection(conn_id)
    except AirflowNotFoundException as error:
        raise InvalidInput(
            f"There is no connection {conn_id}: make it under Admin > Connections, or set "
            f"AIRFLOW_CONN_{conn_id.upper()}."
        ) from error


def base_url(schema: str | None, host: str | None, port: int | None) -> str:
    """The URL of an `http` connection, whose host may be a whole URL already."""
    url = urlsplit(host if host and "://" in host else f"{schema or 'http'}://{host or 'localhost'}")
    return url._replace(netloc=f"{url.netloc}:{port}" if port else url.netloc).geturl().rstrip("/")
