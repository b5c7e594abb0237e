"""The connection `cofi_db` becomes cofi's database."""

from airflow.sdk import BaseHook

from cofi.hooks.connections import connection_of
from include.database.engine import Database
from include.database.urls import of_fields
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
            InvalidInput: The connection is of another type, or names no file.
        """
        connection = connection_of(CONNECTION)
        try:
            url = of_fields(
                {
                    "conn_type": connection.conn_type,
                    "host": connection.host,
                    "port": connection.port,
                    "schema": connection.schema,
                    "login": connection.login,
                    "password": connection.password,
                    "extra": connection.extra_dejson,
                }
            )
        except ValueError as error:
            raise InvalidInput(
                f"Connection {CONNECTION} is no database of cofi ({error}): make it 'postgres', or 'sqlite' "
                "with the file's path as its host."
            ) from error
        return url.render_as_string(hide_password=False)
