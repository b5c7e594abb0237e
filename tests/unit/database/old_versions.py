"""Databases of older versions: a process makes each once, and copies it for every test."""

import shutil
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from uuid import uuid4

from alembic import command
from sqlalchemy import create_engine, make_url, text

from include.database.migrations import config
from tests.unit.database import version_0005

FIRST = "0005"


class OldVersions:
    """On SQLite files are copied; on PostgreSQL, databases beside the one that `postgres_url` names.

    Args:
        folder: For the files.
        postgres_url: Of a database on the server; empty for SQLite.
        made: Drops the databases at its end.
    """

    def __init__(self, folder: Path, postgres_url: str, made: ExitStack) -> None:
        self._folder = folder
        self._postgres_url = postgres_url
        self._made = made
        self._originals: dict[str, str] = {}

    def copy(self, revision: str = FIRST) -> str:
        """The URL of a database of a revision, with what a demo left in version 0005."""
        if revision not in self._originals:
            self._originals[revision] = self._original(revision)
        return self._copied(self._originals[revision])

    def _original(self, revision: str) -> str:
        if revision == FIRST:
            url = self._created()
            version_0005.load(url, version_0005.rows())
        else:
            url = self.copy()
            command.upgrade(config(url), revision)
        return url

    def _created(self) -> str:
        if not self._postgres_url:
            return f"sqlite:///{self._folder / uuid4().hex}.db"
        return self._database("")

    def _copied(self, url: str) -> str:
        if self._postgres_url:
            return self._database(f"TEMPLATE {make_url(url).database}")
        new = self._created()
        shutil.copy(str(make_url(url).database), str(make_url(new).database))
        return new

    def _database(self, options: str) -> str:
        name = f"cofi_old_{uuid4().hex[:12]}"
        self._tell(f"CREATE DATABASE {name} {options}")
        self._made.callback(partial(self._tell, f"DROP DATABASE {name} WITH (FORCE)"))
        return make_url(self._postgres_url).set(database=name).render_as_string(hide_password=False)

    def _tell(self, statement: str) -> None:
        server = create_engine(self._postgres_url, isolation_level="AUTOCOMMIT")
        with server.connect() as connection:
            connection.execute(text(statement))
        server.dispose()
