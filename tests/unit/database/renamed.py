"""Columns that have another name by now: rows of before and after are compared all the same."""

from collections.abc import Mapping, Sequence
from typing import Any

RENAMED = {
    ("batch_days", "told"): "problem",
    ("calls", "roles_told_by"): "roles_source",
    ("alerts", "told_by"): "sent_by",
    ("alerts", "told_at"): "sent_at",
}


def as_before(
    table: str, before: Sequence[Mapping[str, Any]], after: Sequence[Mapping[str, Any]]
) -> list[dict[str, Any]]:
    """The rows of a table after a migration, with the columns that it had before, by their names then."""
    names = list(before[0]) if before else []
    return [{name: row[_name_now(table, name, row)] for name in names} for row in after]


def _name_now(table: str, name: str, row: Mapping[str, Any]) -> str:
    return name if name in row else RENAMED[table, name]
