"""cofi's database, as commands open it. What needs SQLAlchemy is loaded late: a GPU host has it not."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from typer import Option

from include.command_line.site import Site
from include.errors import CofiError, InvalidInput

if TYPE_CHECKING:
    from include.database.engine import Database

DatabaseUrl = Annotated[
    str,
    Option(
        "--db",
        metavar="URL",
        help="cofi's database: sqlite:////folder/cofi.db or postgresql+psycopg://…; without: this site's.",
        show_default=False,
    ),
]
_PATIENCE_S = 10.0  # a person waits
_MEND = "start it, bring its tables to this version with `cofi db migrate`, or name another one with --db."


@contextmanager
def opened(url: str = "") -> "Iterator[Database]":
    """This site's database, or the one that is named.

    Raises:
        CofiError: It is not there, or cannot be read.
    """
    from include.database.engine import Database  # noqa: PLC0415

    url = chosen(url)
    database = Database(url, _PATIENCE_S)
    try:
        with readable(url):
            yield database
    finally:
        database.close()


@contextmanager
def readable(url: str, mend: str = _MEND) -> Iterator[None]:
    """Turns errors of the database into one sentence each.

    Args:
        url: Which one.
        mend: What may help, where it is not plain what is wrong.

    Raises:
        CofiError: It cannot be read.
    """
    from sqlalchemy.exc import DBAPIError  # noqa: PLC0415

    try:
        yield
    except DBAPIError as error:
        cause = " ".join(str(error.orig).split())
        if type(error.orig) is sqlite3.DatabaseError:  # not one of its kinds, which are of a sound file
            mend = "it is no database, or damaged: name another one with --db, or restore a copy."
        raise CofiError(f"cofi's database {shown(url)} cannot be read ({cause}): {mend}") from error


def chosen(url: str = "", *, may_be_new: bool = False) -> str:
    """The database's URL; of a file, one that is there.

    Raises:
        InvalidInput: It is no URL, or there is no such file.
    """
    from sqlalchemy import make_url  # noqa: PLC0415
    from sqlalchemy.exc import ArgumentError  # noqa: PLC0415

    url = url or Site.here().database_url
    try:
        known = make_url(url)
    except (ArgumentError, ValueError):
        known = None
    if known is None or known.drivername not in ("sqlite", "postgresql+psycopg"):
        raise InvalidInput(
            f"{shown(url) if known else 'What --db names'} is no database of cofi: write "
            "sqlite:////folder/cofi.db or "
            "postgresql+psycopg://user:password@host/database."
        )
    file = known.database if known.drivername == "sqlite" else None
    if file and not may_be_new and not Path(file).exists():
        raise InvalidInput(f"There is no database {file} yet: `cofi up` makes it, or name another with --db.")
    if file and not Path(file).absolute().parent.is_dir():
        raise InvalidInput(
            f"There is no folder {Path(file).parent}: make it, or name another file with --db."
        )
    return url


def is_there() -> bool:
    """Whether this site's database has been made, as far as a file tells."""
    from sqlalchemy import make_url  # noqa: PLC0415

    url = make_url(Site.here().database_url)
    return url.get_backend_name() != "sqlite" or Path(url.database or "").exists()


def shown(url: str) -> str:
    """A URL without its password."""
    from sqlalchemy import make_url  # noqa: PLC0415

    return make_url(url).render_as_string(hide_password=True)
