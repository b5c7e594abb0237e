"""A PostgreSQL of our own, on a free port of loopback, for as long as it is needed."""

import os
import pwd
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from include.demo.ports import Reservation

# A database for each of Airflow and cofi, and some connections for each task.
_OPTIONS = "-c max_connections=500"


@dataclass(frozen=True)
class Postgres:
    """A running server.

    Attributes:
        programs: Folder of `initdb`, `pg_ctl` and `createdb`.
        folder: Its data and log.
        port: On loopback.
    """

    programs: Path
    folder: Path
    port: int

    def url(self, database: str = "postgres") -> str:
        """SQLAlchemy's URL of a database."""
        return f"postgresql+psycopg://cofi@127.0.0.1:{self.port}/{database}"

    def create(self, database: str) -> None:
        """Makes an empty database."""
        self._run("createdb", "-h", "127.0.0.1", "-p", str(self.port), "-U", "cofi", database)

    def control(self, action: str) -> None:
        """Does what `pg_ctl` can: start, restart, stop; as a power failure does."""
        options = f"-p {self.port} -h 127.0.0.1 -k {self.folder} {_OPTIONS}"
        how = ["-w", "-m", "immediate", "-l", str(self.folder / "log"), "-o", options]
        self._run("pg_ctl", "-D", str(self.folder / "data"), *how, action)

    def initialise(self) -> None:
        """Makes its folder ready."""
        self._run("initdb", "-D", str(self.folder / "data"), "-A", "trust", "-U", "cofi")

    def _run(self, program: str, *arguments: str) -> None:
        """As a user that is not root: PostgreSQL refuses to run as root."""
        user = ["runuser", "-u", "postgres", "--"] if os.getuid() == 0 else []
        command = [*user, str(self.programs / program), *arguments]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, cwd=self.folder, timeout=120)


def programs() -> Path | None:
    """Where the distribution's package has put the newest ones; None without it."""
    installed = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    return installed[-1] if installed else None


@contextmanager
def running(installed: Path) -> Iterator[Postgres]:
    """Starts one with these programs, and stops it."""
    with tempfile.TemporaryDirectory() as folder, Reservation() as ports:
        if os.getuid() == 0:
            os.chown(folder, pwd.getpwnam("postgres").pw_uid, -1)
        server = Postgres(installed, Path(folder), ports.take())
        server.initialise()
        server.control("start")
        try:
            yield server
        finally:
            server.control("stop")
