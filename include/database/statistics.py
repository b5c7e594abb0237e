"""What PostgreSQL knows of how many rows its tables have, by which it chooses how to find them.

It counts by itself once a tenth of a table has changed. A night among thirty is less: of its run PostgreSQL
knows no call yet, expects some, and looks each up by itself, where it had better read those of a day at once.
"""

from collections.abc import Mapping, Sequence

from sqlalchemy import Connection, func, select, text

from include.database.engine import Database
from include.database.models import BatchCallRow

Columns = Mapping[str, Sequence[str]]

# What a run finds, and what comes of it until it ends: by these columns the rows of a run are found.
FOUND: Columns = {
    "calls": ("call_id", "day", "state"),
    "batch_calls": ("batch_id", "call_id", "shard", "state"),
}
WORKED: Columns = {
    **FOUND,
    "stage_results": ("batch_id", "call_id", "stage"),
    "failures": ("batch_id", "call_id", "kind"),
    "call_facts": ("batch_id", "call_id"),
    "audits": ("batch_id", "call_id"),
}
# Runs of fewer calls are found soon enough in any way.
_WORTH_CALLS = 1_000
# PostgreSQL reads 300 rows, at most a page for each, for every value whose frequency it tells.
_VALUES = 30


def count_rows(database: Database, batch_id: str, columns: Columns) -> None:
    """Lets PostgreSQL count the rows of tables into which a run has written, where it has many calls.

    What it reads does not grow with the tables. Those that somebody else counts meanwhile are left out, and
    those that belong to another user of the database. SQLite chooses by the statements alone.
    """

    def count(connection: Connection) -> None:
        if connection.dialect.name == "postgresql" and _is_large(connection, batch_id):
            connection.execute(text(f"SET LOCAL default_statistics_target = {_VALUES}"))
            tables = (f"{table} ({', '.join(names)})" for table, names in columns.items())
            connection.execute(text(f"ANALYZE (SKIP_LOCKED) {', '.join(tables)}"))

    database.write(count)


def _is_large(connection: Connection, batch_id: str) -> bool:
    calls = select(BatchCallRow.call_id).where(BatchCallRow.batch_id == batch_id)
    some = select(func.count()).select_from(calls.limit(_WORTH_CALLS).subquery())
    return int(connection.execute(some).scalar_one()) == _WORTH_CALLS
