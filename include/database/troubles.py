"""What errors of a database say: the trouble of a moment, another transaction, or what was asked of it."""

from sqlalchemy.exc import DBAPIError, IntegrityError, InterfaceError, OperationalError

# Classes of SQLSTATE: connections, deadlocks and serialization, resources, an object in use, an operator's
# intervention (a restart), the system.
_PASSES = ("08", "40", "53", "55", "57", "58")
# Of the same: a value that does not fit, a limit of the database that no second try moves.
_REFUSES = ("22", "54")
_UNIQUE, _UNIQUE_IN_SQLITE = "23505", "UNIQUE constraint failed"
# SQLite's SQLITE_ERROR: the statement is wrong, or a table is not there.
_WRONG_IN_SQLITE = 1


def may_pass(error: DBAPIError) -> bool:
    """Whether the same statement may go right soon: the database is locked, full, restarting or away."""
    if code := sqlstate(error):
        return code.startswith(_PASSES)
    if not isinstance(error, OperationalError | InterfaceError):
        return False
    return getattr(error.orig, "sqlite_errorcode", None) != _WRONG_IN_SQLITE


def met_another(error: DBAPIError) -> bool:
    """Whether another transaction has written the same row: done again, this one finds it."""
    return isinstance(error, IntegrityError) and (
        sqlstate(error) == _UNIQUE or _UNIQUE_IN_SQLITE in str(error.orig)
    )


def is_refused(error: DBAPIError) -> bool:
    """Whether the database refuses values, as it would at any other time."""
    if isinstance(error, IntegrityError):
        return not met_another(error)
    return sqlstate(error).startswith(_REFUSES)


def sqlstate(error: DBAPIError) -> str:
    """PostgreSQL's code; empty where there is none, as of SQLite."""
    return getattr(error.orig, "sqlstate", None) or ""
