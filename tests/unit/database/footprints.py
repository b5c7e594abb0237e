"""Which tables a statement reads, and which it writes or locks."""

import re
from dataclasses import dataclass
from functools import cache

from include.database.models import Base

_TABLES = frozenset(table.name for table in Base.metadata.sorted_tables)
_NAMES = re.compile(r"\w+")
_WRITTEN = re.compile(r"\b(?:INSERT INTO|UPDATE|DELETE FROM|UPDATE OF) (\w+)")
_ROW_LOCK = re.compile(r"FOR (?:NO KEY )?UPDATE\b")
# Locks of PostgreSQL that belong to no row.
_ADVISORY = "pg_advisory_xact_lock"


@dataclass(frozen=True)
class Footprint:
    """Names of tables; what is written or locked is read, too."""

    reads: frozenset[str]
    writes: frozenset[str]

    def __add__(self, other: "Footprint") -> "Footprint":
        return Footprint(self.reads | other.reads, self.writes | other.writes)

    def meets(self, other: "Footprint") -> bool:
        """Whether it makes a difference which of the two comes first."""
        mine, theirs = self.reads | self.writes, other.reads | other.writes
        return bool(self.writes & theirs or mine & other.writes)


NOTHING = Footprint(frozenset(), frozenset())


@cache
def footprint(statement: str) -> Footprint:
    """Of a statement of SQL, by the tables that it names."""
    names = frozenset(_NAMES.findall(statement))
    tables = names & _TABLES
    writes = frozenset(_WRITTEN.findall(statement)) & _TABLES
    if _ROW_LOCK.search(statement) and not writes:
        writes = tables
    return Footprint(tables, writes | (names & {_ADVISORY}))
