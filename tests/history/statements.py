"""Hears what is sent to a database, and asks the database how it would find what is asked for."""

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Engine, event

# They grow with every call; the others with days, versions or people.
GROWING = frozenset(
    {
        *("calls", "transcripts", "new_transcripts", "indexed_calls", "spoken", "batch_calls", "lanes"),
        *("stage_results", "llm_results", "llm_spending", "call_facts", "call_reasons", "call_signals"),
        *("call_commitments", "call_entities", "audits", "answers", "failures", "review_items"),
        *("review_draws", "review_answers", "reviewed_answers", "reviewed_scores", "review_events"),
        *("webhook_outbox", "call_accesses"),
    }
)
_EXPLAINED = re.compile(r"\s*(SELECT|UPDATE|DELETE|WITH|INSERT\s.*\bSELECT\b)", re.DOTALL | re.IGNORECASE)
# SQLAlchemy numbers aliases of tables.
_ALIAS = re.compile(r"_\d+$")
# A search by any value of an index's first column reads all of it, too.
_SCAN_OF_SQLITE = re.compile(r"(?:SCAN (?=.)|SEARCH (?=.*\(ANY\())(\w+)(?:.* INDEX (\w+))?")
_INDEXES = (
    "SELECT i.relname, t.relname, pg_get_indexdef(i.oid, 1, true) FROM pg_index x "
    "JOIN pg_class i ON i.oid = x.indexrelid JOIN pg_class t ON t.oid = x.indrelid "
    "WHERE t.relnamespace = current_schema()::regnamespace"
)
# Leads to a host's lanes of all history, of which only the last may be asked for.
_OF_A_HOST = re.compile(
    r"SEARCH lanes USING (COVERING )?INDEX ix_lanes_host_stage \(host=\?( AND stage=\?)?\)"
)
_THE_LAST = "ORDER BY lanes.began_at DESC"
# They hold what runs work on now, what befell whole hosts, and dead letters.
_SMALL_INDEXES = frozenset({"ix_calls_claimed_by", "ix_failures_whole", "ix_webhook_outbox_dead"})


@dataclass
class Heard:
    """What was sent.

    Attributes:
        statements: As they were sent, without transactions' beginnings and ends.
        scans: Of those that were explained, each that reads all rows of a growing table: the table, and the
            statement.
    """

    statements: list[str] = field(default_factory=list)
    scans: list[tuple[str, str]] = field(default_factory=list)


@contextmanager
def heard(explained: bool = False, *, by_choice: bool = True) -> Iterator[Heard]:
    """Listens to all of cofi's databases in this process; explains statements when asked to.

    Args:
        explained: Whether to.
        by_choice: Whether PostgreSQL may read a table whole that has an index to be found by: it does so
            where that is some pages.
    """
    found = Heard()

    def listen(_: Any, cursor: Any, statement: str, parameters: Any, context: Any, many: bool) -> None:
        if statement.startswith(("BEGIN", "COMMIT", "PRAGMA")):
            return
        found.statements.append(statement)
        if explained and not many and _EXPLAINED.match(statement):
            tables = _explained(context.dialect.name, cursor.connection, statement, parameters, by_choice)
            found.scans += [(table, statement) for table in tables]

    event.listen(Engine, "before_cursor_execute", listen)
    try:
        yield found
    finally:
        event.remove(Engine, "before_cursor_execute", listen)


def _explained(dialect: str, connection: Any, statement: str, parameters: Any, by_choice: bool) -> list[str]:
    """Growing tables of which the statement would read all rows."""
    if dialect == "sqlite":
        rows = connection.execute(f"EXPLAIN QUERY PLAN {statement}", parameters).fetchall()
        found = [match for row in rows if (match := _SCAN_OF_SQLITE.match(row[-1]))]
        whole = [match[1] for match in found if match[2] not in _SMALL_INDEXES]
        if _THE_LAST not in statement and any(_OF_A_HOST.match(row[-1]) for row in rows):
            whole.append("lanes")
        return _growing(whole)
    with connection.cursor() as cursor:
        cursor.execute(_INDEXES)
        indexes = {name: of_index for name, *of_index in cursor}

        def scanned() -> list[str]:
            cursor.execute(f"EXPLAIN (FORMAT JSON) {statement}", parameters)
            return _growing(_scanned(cursor.fetchone()[0][0]["Plan"], indexes))

        if not by_choice:
            return scanned()
        cursor.execute("SET LOCAL random_page_cost = 1.1")  # disks that have no arm
        whole = scanned()
        if whole:
            # A table of some pages is read by choice; one that is read also now has no index to be found by.
            cursor.execute("SET LOCAL enable_seqscan = off")
            whole = sorted({*whole} & {*scanned()})
            cursor.execute("SET LOCAL enable_seqscan = on")
        return whole


def _growing(tables: Iterable[str]) -> list[str]:
    return sorted({_ALIAS.sub("", table) for table in tables} & GROWING)


def _scanned(plan: dict[str, Any], indexes: dict[str, list[str]]) -> Iterator[str]:
    """Tables that a plan of PostgreSQL reads whole, also those by an index without its first column.

    Args:
        plan: As EXPLAIN tells it.
        indexes: Table and first column of each.
    """
    if plan["Node Type"] == "Seq Scan":
        yield plan["Relation Name"]
    elif (index := plan.get("Index Name")) not in {None, *_SMALL_INDEXES}:
        table, first = indexes.get(str(index), ["", ""])  # PostgreSQL's own tables
        if not re.search(rf"\b{first}\b", plan.get("Index Cond", "")):
            yield table
    for below in plan.get("Plans", ()):
        yield from _scanned(below, indexes)
