"""Many values in one statement: a list or rows become one parameter, however many there are."""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import (
    JSON,
    ColumnElement,
    Connection,
    FromClause,
    Text,
    any_,
    cast,
    column,
    func,
    literal,
    select,
)
from sqlalchemy.dialects.postgresql import ARRAY

# Rows of one statement: the parameter stays at some MiB.
MOST_ROWS = 20_000


def among(connection: Connection, key: Any, values: Iterable[str]) -> ColumnElement[bool]:
    """Whether a text column holds one of these values.

    Of a day's ten thousand PostgreSQL would rather read the whole table, however many rows it has by then. It
    does not count what a query answers: so each is looked up by the column's index.
    """
    wanted = list(values)
    if connection.dialect.name == "postgresql":
        answered = select(literal(wanted, ARRAY(Text))).scalar_subquery()
        return key == any_(cast(answered, ARRAY(Text)))  # type: ignore[no-any-return]
    each = func.json_each(literal(_as_json(wanted), Text)).table_valued("value")
    return key.in_(select(each.c.value))  # type: ignore[no-any-return]


def given(
    connection: Connection, rows: Sequence[Mapping[str, str | None]], names: Sequence[str]
) -> FromClause:
    """Rows of texts as something to select from.

    Args:
        connection: Of the statement.
        rows: At most `MOST_ROWS`.
        names: Their columns.
    """
    as_text = literal(_as_json([{name: row[name] for name in names} for row in rows]), Text)
    if connection.dialect.name == "postgresql":
        records = func.json_to_recordset(cast(as_text, JSON(none_as_null=True)))
        return records.table_valued(*(column(name, Text) for name in names)).render_derived(
            name="given", with_types=True
        )
    each = func.json_each(as_text).table_valued("value")
    fields = (func.json_extract(each.c.value, f"$.{name}", type_=Text).label(name) for name in names)
    return select(*fields).select_from(each).subquery("given")


def _as_json(value: Any) -> str:
    """Half of a surrogate pair stays what it is: the driver refuses it, instead of what reads it later."""
    return json.dumps(value, ensure_ascii=False)
