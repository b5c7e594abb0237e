"""Reading Airflow connections, with an error that says what to do when one is missing."""

from urllib.parse import urlsplit

from airflow.sdk import BaseHook, Connection
from airflow.sdk.exceptions import AirflowNotFoundException
from tenacity import retry, retry_if_exception_type, stop_after_attempt, wait_fixed

from include.errors import InvalidInput

# Airflow says that a connection "isn't defined" also when its API server gives up the request, as it does
# while the database is locked: only one that is still missing after this is taken for that.
_ASKED, _PAUSE_S = 3, 2


def connection_of(conn_id: str) -> Connection:
    """The connection of this id.

    Raises:
        InvalidInput: There is none.
    """
    try:
        return _ask_for(conn_id)
    except AirflowNotFoundException as error:
        raise InvalidInput(
            f"There is no connection {conn_id}: make it under Admin > Connections, or set "
            f"AIRFLOW_CONN_{conn_id.upper()}."
        ) from error


@retry(
    retry=retry_if_exception_type(AirflowNotFoundException),
    stop=stop_after_attempt(_ASKED),
    wait=wait_fixed(_PAUSE_S),
    reraise=True,
)
def _ask_for(conn_id: str) -> Connection:
    return BaseHook.get_connection(conn_id)


def base_url(schema: str | None, host: str | None, port: int | None) -> str:
    """The URL of an `http` connection, whose host may be a whole URL already."""
    url = urlsplit(host if host and "://" in host else f"{schema or 'http'}://{host or 'localhost'}")
    return url._replace(netloc=f"{url.netloc}:{port}" if port else url.netloc).geturl().rstrip("/")
