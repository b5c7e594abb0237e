"""How much a database reads for a statement: a number that other work on the machine does not change.

Of PostgreSQL the pages that are looked at, in its memory or not; of SQLite, which does not tell them, the
steps of its virtual machine.
"""

import re
from collections.abc import Callable
from typing import Any

READS = re.compile(r"\s*(SELECT|WITH)\b", re.IGNORECASE)
UNITS = {"postgresql": "pages", "sqlite": "steps"}
# SQLite tells after so many.
_STEPS_AT_ONCE = 100
# What this transaction has looked at so far; other processes that help with a query are not in it.
_PAGES = (
    "SELECT coalesce(sum(pg_stat_get_xact_blocks_fetched(oid)), 0)::bigint FROM pg_class "
    "WHERE relnamespace IN (current_schema()::regnamespace, 'pg_toast'::regnamespace)"
)


def read_by_query(dialect: str, connection: Any, statement: str, parameters: Any) -> int:
    """Asks a query, and tells how much was read for it, by other processes too."""
    if dialect == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(f"EXPLAIN (ANALYZE, BUFFERS, TIMING OFF, FORMAT JSON) {statement}", parameters)
            plan = cursor.fetchone()[0][0]["Plan"]
        return int(plan["Shared Hit Blocks"] + plan["Shared Read Blocks"])
    told = counted(dialect, connection)
    cursor = connection.cursor()
    cursor.execute(statement, parameters).fetchall()
    cursor.close()
    return told()


def counted(dialect: str, connection: Any) -> Callable[[], int]:
    """Counts from now on what the connection reads; what is answered ends that, and tells it."""
    if dialect == "postgresql":
        before = _pages(connection)
        return lambda: _pages(connection) - before
    ticks: list[None] = []
    connection.set_progress_handler(lambda: ticks.append(None), _STEPS_AT_ONCE)

    def steps() -> int:
        connection.set_progress_handler(None, 0)
        return _STEPS_AT_ONCE * len(ticks)

    return steps


def _pages(connection: Any) -> int:
    with connection.cursor() as cursor:
        return int(cursor.execute(_PAGES).fetchone()[0])
