"""The connection `cofi_db` becomes cofi's database."""

from airflow.sdk import BaseHook, Connection
from sqlalchemy import URL

from cofi.hooks.connections import connection_of
from include.database.engine import Database
from include.errors import InvalidInput

CONNECTION = "cofi_db"


class CofiDatabaseHook(BaseHook):
    """Opens cofi's database: conn_type `sqlite` (host: the file) or `postgres`."""

    def get_conn(self) -> Database:
        """Opens it; nothing is connected until it is used."""
        return Database(self.url())

    def url(self) -> str:
        """SQLAlchemy's URL of the connection.

        Raises:
            InvalidInput: The connection is of another type.
        """
        connection = connection_of(CONNECTION)
        drivers = {"sqlite": _sqlite, "postgres": _postgres}
        if connection.conn_type not in drivers:
            raise InvalidInput(
                f"Connection {CONNECTION} is of type '{connection.conn_type}': make it 'postgres', or "
                "'sqlite' with the file's path as its host."
            )
        return drivers[connection.conn_type](connection).render_as_string(hide_password=False)


def _sqlite(connection: Connection) -> URL:
    return URL.create("sqlite", database=connection.host)


def _postgres(connection: Connection) -> URL:
    return URL.create(
        "postgresql+psycopg",
        username=connection.login,
        password=connection.password,
        host=connection.host,
        port=connection.port,
        database=connection.schema,
    )
