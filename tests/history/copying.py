"""Makes many days of one: rows are copied inside the database, under ids, hashes and times of their own.

What a copy is made of is kept beside the tables, as `original_<table>`: so it is found without an index, of
however many rows the tables are by then.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date

from sqlalchemy import Connection, text

from include.database.columns import UtcDateTime
from include.database.models import Base

# How the rows of a table are told to be of an original, where that is not by the call's id.
_OF_AN_AUDIT = "audit_id IN (SELECT audit_id FROM original_audits)"
_OF_FACTS = "facts_id IN (SELECT facts_id FROM original_call_facts)"
_OF_OTHERS = {
    **dict.fromkeys(("answers", "reviewed_answers"), _OF_AN_AUDIT),
    **dict.fromkeys(("call_reasons", "call_signals", "call_commitments", "call_entities"), _OF_FACTS),
    "review_draws": "item_id IN (SELECT item_id FROM original_review_items)",
}
_OF_A_CALL = "call_id IN (SELECT call_id FROM original_calls)"
# What a call leaves, and what its run and its day do: in an order that foreign keys allow.
OF_CALLS = (
    *("calls", "transcripts", "indexed_calls", "batch_calls", "stage_results", "llm_results", "call_facts"),
    *("call_reasons", "call_signals", "call_commitments", "call_entities", "audits", "answers"),
    *("failures", "llm_spending", "review_items", "review_draws", "review_answers", "reviewed_answers"),
    *("reviewed_scores", "webhook_outbox", "spoken"),
)
_BY_BATCH = ("batches", "runs", "batch_days", "review_frames", "lanes")
_BY_DAY = ("trend_scores", "trend_answers", "machine_days", "machine_answers")
OF_DAYS = (*_BY_BATCH, *_BY_DAY)
# Counts of calls: a day has as many times more as its calls were copied.
_COUNTED = {
    "review_frames": ("calls", "drawn"),
    "trend_scores": (
        *("calls", "scored", "sum_pct", "sum_squares", "judged", "passed", "auto_failed"),
        *("needs_review", "reviewed"),
    ),
    "trend_answers": ("counted", "met", "unknown"),
    "machine_days": ("audits", "calls"),
    "machine_answers": ("calls",),
}
_CALL_IDS = frozenset({"call_id", "duplicate_of"})
# Discovery writes them in this order.
_BY_CALL = frozenset({"calls", "batch_calls"})
_HASHES = frozenset(
    {
        *("audit_id", "old_audit_id", "facts_id", "item_id", "event_id", "identity", "llm_identity"),
        *("calls.sha256", "calls.sample_sha256"),
    }
)
# Numbers that the database gives.
_GIVEN = "id"
# Six hexadecimal digits tell a copy from all others; an odd factor scatters them, as hashes are.
_MOST_COPIES, _SCATTERS = 16**6, 0x9E3779B1
_NOT_HEXADECIMAL = "ghijklmnopqrstuv"

Changed = Mapping[tuple[str, str], str]


@dataclass(frozen=True)
class Copy:
    """A copy of all the originals; `n` is its number, `batch_id` the run that accounts for its calls."""

    n: int
    day: date
    batch_id: str

    def row(self) -> dict[str, object]:
        """As SQL sees it: also with the digits that are its own, and the front of its calls' ids.

        A call's id begins with its day. Of other ids, any digits may be an original's: `mark` is the digits
        with a letter in front that no hexadecimal number has.
        """
        if not 0 <= self.n < _MOST_COPIES:
            raise ValueError(f"Copy {self.n}: there can be {_MOST_COPIES}.")
        own = f"{self.n * _SCATTERS % _MOST_COPIES:06x}"
        mark = _NOT_HEXADECIMAL[int(own[0], 16)] + own[1:]
        return {**asdict(self), "own": own, "mark": mark, "of_day": f"{self.day:%Y%m%d}-"}


@dataclass(frozen=True)
class CopiedDay:
    """A day, the run that audited it, and how often it has the originals' calls."""

    day: date
    batch_id: str
    times: int


def keep_originals(connection: Connection, day: date | None = None) -> int:
    """Keeps what copies are made of: all calls, or those of a day with its run; how many calls."""
    which = {table: _OF_OTHERS.get(table, _OF_A_CALL) for table in OF_CALLS} | {"calls": "1 = 1"}
    if day:
        which |= dict.fromkeys(_BY_BATCH, "batch_id IN (SELECT batch_id FROM original_batches)")
        which |= dict.fromkeys((*_BY_DAY, "calls", "batches"), f"day = '{day}'")
    # Those that are told by others' ids come after them.
    for table in sorted(which, key=lambda table: (table not in {"calls", "batches"}, table in _OF_OTHERS)):
        rows = f"SELECT * FROM {table} WHERE {which[table]}"
        connection.execute(text(f"CREATE TABLE original_{table} AS {rows}"))
    return rows_of(connection, "original_calls")


def copy_rows(
    connection: Connection,
    copies: Sequence[Copy],
    tables: Sequence[str],
    changed: Changed | None = None,
) -> None:
    """Copies the rows that the originals have in some tables, day after day.

    Args:
        connection: In a transaction.
        copies: Which to make.
        tables: In an order that foreign keys allow.
        changed: What other columns become, as SQL over `t`, the original, and `copies`: `n`, `day`,
            `batch_id`, `own` (six digits). With the column `*`, a condition of which copies the table has
            rows.
    """
    columns = "n INTEGER, day DATE, batch_id TEXT, own TEXT, mark TEXT, of_day TEXT"
    _tell(connection, columns, [copy.row() for copy in copies])
    _copy(connection, tables, changed or {})


def copy_days(connection: Connection, days: Sequence[CopiedDay], changed: Changed) -> None:
    """Copies what the originals' run and day left beside calls; `changed` as above, also over `times`."""
    _tell(connection, "day DATE, batch_id TEXT, times INTEGER", [asdict(day) for day in days])
    counts = {(table, name): f"t.{name} * copies.times" for table in _COUNTED for name in _COUNTED[table]}
    _copy(connection, OF_DAYS, {**counts, **changed})


def _tell(connection: Connection, columns: str, rows: Sequence[Mapping[str, object]]) -> None:
    connection.execute(text("DROP TABLE IF EXISTS copies"))
    connection.execute(text(f"CREATE TEMPORARY TABLE copies ({columns})"))
    values = ", ".join(f":{name}" for name in rows[0])
    connection.execute(text(f"INSERT INTO copies ({', '.join(rows[0])}) VALUES ({values})"), rows)


def _copy(connection: Connection, tables: Sequence[str], changed: Changed) -> None:
    for table in tables:
        made = dict(_made(table, connection.dialect.name)) | {
            name: sql for (of, name), sql in changed.items() if of == table and name != "*"
        }
        connection.execute(
            text(
                f"INSERT INTO {table} ({', '.join(made)}) SELECT {', '.join(made.values())} "
                f"FROM copies CROSS JOIN original_{table} t WHERE {changed.get((table, '*'), '1 = 1')}"
                f"{' ORDER BY ' + made['call_id'] if table in _BY_CALL else ''}"
            )
        )


def _made(table: str, dialect: str) -> Iterator[tuple[str, str]]:
    """What becomes of each column."""
    for column in Base.metadata.tables[table].columns:
        name = column.name
        if name in _CALL_IDS:
            # A day, a hyphen, and twenty hexadecimal digits.
            yield name, f"copies.of_day || substr(t.{name}, 10, 2) || copies.own || substr(t.{name}, 18)"
        elif _HASHES & {name, str(column)}:
            yield name, f"substr(t.{name}, 1, 2) || copies.mark || substr(t.{name}, 9)"
        elif name in {"day", "batch_id"}:
            yield name, f"copies.{name}"
        elif isinstance(column.type, UtcDateTime):
            yield name, _at(name, dialect)
        elif name != _GIVEN:
            yield name, f"t.{name}"


def _at(name: str, dialect: str) -> str:
    """The same time of the copy's day."""
    if dialect == "sqlite":
        return f"copies.day || substr(t.{name}, 11)"
    return f"(copies.day + (t.{name} AT TIME ZONE 'UTC')::time) AT TIME ZONE 'UTC'"


def columns_of(table: str) -> list[str]:
    """Those of a table that the database does not number itself."""
    return [column.name for column in Base.metadata.tables[table].columns if column.name != _GIVEN]


def rows_of(connection: Connection, table: str) -> int:
    """How many rows a table has."""
    return int(connection.execute(text(f"SELECT count(*) FROM {table}")).scalar_one())
