"""cofi's database as the pages use it: one pool of connections for the web server."""

from functools import cache
from typing import Annotated

from fastapi import Depends

from cofi.hooks.database import CofiDatabaseHook
from include.database.engine import Database

# Whoever waits for a page gives up sooner than a task.
_PATIENCE_S = 5.0


def database() -> Database:
    """The database behind the connection `cofi_db`."""
    return _opened(CofiDatabaseHook().url())


@cache
def _opened(url: str) -> Database:
    return Database(url, _PATIENCE_S, by_statement=True)


DatabaseDep = Annotated[Database, Depends(database)]
