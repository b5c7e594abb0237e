"""Rows that the database refuses for what is in them: distinguished from temporary trouble, and set apart."""

import logging
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from sqlalchemy import Connection, Integer, String
from sqlalchemy.exc import DataError, DBAPIError, StatementError

from include.database.columns import Base
from include.database.troubles import is_refused

log = logging.getLogger(__name__)

Item = TypeVar("Item")

_LARGEST_INT = 2**31 - 1


def refuses(error: Exception) -> bool:
    """Whether a statement failed for the values that it was given, as it would at any other time."""
    if isinstance(error, DBAPIError):
        return isinstance(error, DataError) or is_refused(error)
    # What a driver cannot turn into SQL: half a surrogate pair, a number that no column is wide enough for.
    return isinstance(error, StatementError | ValueError | TypeError | OverflowError)


def write_apart(
    connection: Connection,
    write: Callable[[Sequence[Item]], None],
    items: Sequence[Item],
    refused: Callable[[Item, Exception], None],
) -> None:
    """Writes items in as few statements as can be: those that the database refuses are found by halving.

    Args:
        connection: In a transaction, which goes on.
        write: Writes some items; nothing stays of it when it fails.
        items: What to write.
        refused: Told each item that cannot be written even by itself, and why.

    Raises:
        Exception: Whatever else goes wrong: it may go right when the transaction is done again.
    """
    if not items:
        return
    try:
        with connection.begin_nested():
            write(items)
        return
    except Exception as error:
        if not refuses(error):
            raise
        if len(items) == 1:
            refused(items[0], error)
            return
    half = len(items) // 2
    write_apart(connection, write, items[:half], refused)
    write_apart(connection, write, items[half:], refused)


def log_unwritable(what: object, error: Exception) -> None:
    """Logs a row that is written nowhere, by its kind alone: what is in it may be private.

    It happens when the call has been deleted meanwhile. Else the call has no final state, and the ledger
    says so.
    """
    log.error("%s cannot be written: %s", type(what).__name__, type(error).__name__)


def clean_text(text: str) -> str:
    """The text as every database can store it: no NUL, no half of a surrogate pair."""
    return text.replace("\0", "\ufffd").encode("utf-8", "replace").decode("utf-8")


def writable(table: type[Base], row: Mapping[str, Any]) -> dict[str, Any]:
    """A row that fits: what no column takes is replaced, what is too long is cut. Keys stay as they are."""
    columns = table.__table__.c
    return {
        name: value if columns[name].primary_key else _fitting(columns[name].type, value)
        for name, value in row.items()
    }


def _fitting(kind: Any, value: Any) -> Any:
    cleaned = _cleaned(value)
    if isinstance(kind, String) and kind.length and isinstance(cleaned, str):
        return cleaned[: kind.length]
    if isinstance(kind, Integer) and isinstance(cleaned, int):
        return max(-_LARGEST_INT, min(cleaned, _LARGEST_INT))
    return cleaned


def _cleaned(value: Any) -> Any:
    match value:
        case str():
            return clean_text(value)
        case float() if not math.isfinite(value):
            return None
        case Mapping():
            return {_cleaned(name): _cleaned(each) for name, each in value.items()}
        case list() | tuple():
            return [_cleaned(each) for each in value]
    return value
