"""Makes many calls of a few: rows are copied inside the database, each under ids and a day of its own.

A copy's ids are those of the original with a tilde and the copy's number.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date

from sqlalchemy import Connection, text

from include.database.models import Base

# How the rows of a table are told to be of an original, where that is not by the call's id.
_OF_AN_AUDIT = "t.audit_id IN (SELECT a.audit_id FROM audits a JOIN originals o ON o.call_id = a.call_id)"
_OF_FACTS = "t.facts_id IN (SELECT f.facts_id FROM call_facts f JOIN originals o ON o.call_id = f.call_id)"
_OF_AN_ITEM = "t.item_id IN (SELECT i.item_id FROM review_items i JOIN originals o ON o.call_id = i.call_id)"
_OF_A_CALL = "t.call_id IN (SELECT o.call_id FROM originals o)"
_OF_OTHERS = {
    **dict.fromkeys(("answers", "reviewed_answers"), _OF_AN_AUDIT),
    **dict.fromkeys(("call_reasons", "call_signals", "call_commitments", "call_entities"), _OF_FACTS),
    "review_draws": _OF_AN_ITEM,
}
_OF_CALLS = frozenset({"call_id", "duplicate_of"})
_UUIDS = frozenset({"audit_id", "facts_id", "item_id", "event_id"})
# Numbers that the database gives.
_GIVEN = "id"

Changed = Mapping[tuple[str, str], str]


@dataclass(frozen=True)
class Copy:
    """A copy of all the originals; `n` is its number, `batch_id` the run that accounts for its calls."""

    n: int
    day: date
    batch_id: str = ""


def copy_rows(
    connection: Connection,
    originals: Sequence[str],
    copies: Sequence[Copy],
    tables: Sequence[str],
    changed: Changed | None = None,
) -> None:
    """Copies the rows that calls have in some tables.

    Args:
        connection: In a transaction.
        originals: The calls' ids.
        copies: Which to make.
        tables: In an order that foreign keys allow.
        changed: What other columns become, as SQL over `t`, the original, and `copies`: `n`, `day`,
            `batch_id`. With the column `*`, a condition of which copies the table has rows.
    """
    for name, columns, rows in (
        ("originals", "call_id TEXT", [{"call_id": call_id} for call_id in originals]),
        ("copies", "n INTEGER, day DATE, batch_id TEXT", [asdict(one) for one in copies]),
    ):
        connection.execute(text(f"CREATE TEMPORARY TABLE IF NOT EXISTS {name} ({columns})"))
        connection.execute(text(f"DELETE FROM {name}"))
        values = ", ".join(f":{column}" for column in rows[0])
        connection.execute(text(f"INSERT INTO {name} VALUES ({values})"), rows)
    for table in tables:
        connection.execute(text(_copied(table, changed or {})))


def _copied(table: str, changed: Changed) -> str:
    columns = columns_of(table)
    made = ", ".join(changed.get((table, name)) or _made(table, name) for name in columns)
    which = f"{_OF_OTHERS.get(table, _OF_A_CALL)} AND {changed.get((table, '*'), '1 = 1')}"
    into = f"INSERT INTO {table} ({', '.join(columns)})"
    return f"{into} SELECT {made} FROM {table} t CROSS JOIN copies WHERE {which}"


def _made(table: str, column: str) -> str:
    if column in _OF_CALLS:
        return f"t.{column} || '~' || copies.n"
    if column in _UUIDS:
        # 36 characters: the front of the original's makes room.
        return f"substr(t.{column}, 1, 26) || '~' || copies.n"
    if column == "identity":
        return f"substr(t.{column}, 1, 54) || '~' || copies.n"
    if column == "day" and table in {"calls", "review_items"}:
        return "copies.day"
    return f"t.{column}"


def columns_of(table: str) -> list[str]:
    """Those of a table that the database does not number itself."""
    return [column.name for column in Base.metadata.tables[table].columns if column.name != _GIVEN]


def calls_in(connection: Connection) -> list[str]:
    """The ids of all calls."""
    return list(connection.execute(text("SELECT call_id FROM calls ORDER BY call_id")).scalars())


def rows_of(connection: Connection, table: str) -> int:
    """How many rows a table has."""
    return int(connection.execute(text(f"SELECT count(*) FROM {table}")).scalar_one())
