"""A copied day is as if it had been made: nothing of it hangs loose, and only what has to differ does."""

import asyncio
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import date

import pytest
from sqlalchemy import Connection, text

from include.database.columns import UtcDateTime
from include.database.migrations import upgrade
from include.database.models import Base
from include.trends.counting import count_days
from tests.demo_calls import DAYS
from tests.history.building import unmatched
from tests.history.copying import _MOST_COPIES, _SCATTERS, OF_CALLS, OF_DAYS, Copy, columns_of, rows_of
from tests.history.databases import own_database
from tests.history.days import History
from tests.plugins.conftest import POSTGRES_URL

ONCE, TWICE = date(2026, 3, 1), date(2026, 3, 2)
needs_postgres = pytest.mark.skipif(not POSTGRES_URL, reason="needs COFI_TEST_POSTGRES_URL")
# What says whose a row is, where a recording lies, and how many there are; dates and times besides.
OWN = {
    *("call_id", "batch_id", "audit_id", "facts_id", "item_id", "event_id", "identity", "llm_identity"),
    *("calls.sha256", "calls.sample_sha256", "calls.path", "calls.uri", "batches.location", "runs.location"),
    "batches.ledger",
}
COUNTS = ("trend_scores", "trend_answers")


@pytest.fixture(scope="module", params=["sqlite", pytest.param("postgresql", marks=needs_postgres)])
def history(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[History]:
    """The original days, one of twelve calls copied once, and one of 24."""
    folder = tmp_path_factory.mktemp("copied")
    with ExitStack() as opened:
        url = f"sqlite:///{folder / 'cofi.db'}"
        if request.param == "postgresql":
            url = opened.enter_context(own_database(POSTGRES_URL))
        upgrade(url)
        history = History(url, folder / "calls")
        asyncio.run(history.begin())
        with history.quickly():
            history.add([ONCE], 12)
            history.add([TWICE], 24)
        yield history
        history.database.close()


@pytest.fixture
def connection(history: History) -> Iterator[Connection]:
    with history.database.reading() as connection:
        yield connection


def test_all_that_a_copied_day_points_to_is_there(connection: Connection) -> None:
    assert not unmatched(connection)
    assert rows_of(connection, "calls") == 24 + 12 + 24


def test_no_copy_has_the_id_of_an_original(connection: Connection) -> None:
    """An original's digits are some copy's: among the copies of years there is one that has them."""
    ids = connection.execute(text("SELECT event_id FROM original_webhook_outbox")).scalars().all()
    numbers = [int(event_id[2:8], 16) * pow(_SCATTERS, -1, _MOST_COPIES) % _MOST_COPIES for event_id in ids]
    copies = [Copy(n, date(2026, 3, 3), "b").row() for n in numbers]
    assert [copy["own"] for copy in copies] == [event_id[2:8] for event_id in ids] != []
    assert not {copy["mark"] for copy in copies} & {event_id[2:8] for event_id in ids}


def test_the_database_has_its_indexes_again(history: History, connection: Connection) -> None:
    names = "SELECT name FROM sqlite_master WHERE type = 'index'"
    if connection.dialect.name == "postgresql":
        names = "SELECT indexname FROM pg_indexes"
    there = set(connection.execute(text(names)).scalars())
    wanted = {index.name for table in Base.metadata.sorted_tables for index in table.indexes}
    assert wanted and wanted <= there


@pytest.mark.parametrize("table", [*OF_CALLS, *OF_DAYS])
def test_a_copied_row_differs_only_in_whose_it_is_and_when_it_was(connection: Connection, table: str) -> None:
    types = {column.name: column.type for column in Base.metadata.tables[table].columns}
    own = {name for name, kind in types.items() if isinstance(kind, UtcDateTime)} | {"day"}
    alike = [name for name in columns_of(table) if not {name, f"{table}.{name}"} & (OWN | own)]
    original = _rows(connection, f"original_{table}", alike)
    copied = _rows(connection, table, alike, f"WHERE {_of(table, ONCE)}")
    assert copied == original and original
    twice = _rows(connection, table, alike, f"WHERE {_of(table, TWICE)}")
    assert len(twice) == len(original) * (1 if table in OF_DAYS else 2)


@pytest.mark.parametrize("table", COUNTS)
def test_the_figures_of_a_copied_day_are_those_that_the_product_counts(history: History, table: str) -> None:
    names = [name for name in columns_of(table) if name != "counted_at"]

    def figures(connection: Connection) -> list[tuple[object, ...]]:
        return _rows(connection, table, names, f"WHERE {_of(table, TWICE)}")

    copied = history.database.read(figures)
    history.database.write(lambda connection: count_days(connection, [TWICE]))
    assert history.database.read(figures) == copied and copied


def _rows(connection: Connection, table: str, names: list[str], where: str = "") -> list[tuple[object, ...]]:
    """Floats to nine digits: sums of the same in another order."""
    found = connection.execute(text(f"SELECT {', '.join(names)} FROM {table} {where}"))
    rounded = (tuple(f"{v:.9g}" if isinstance(v, float) else v for v in row) for row in found)
    return sorted(rounded, key=repr)


def _of(table: str, day: date) -> str:
    columns = columns_of(table)
    if "call_id" in columns:
        return f"call_id LIKE '{day:%Y%m%d}-%'"
    for name, other in (("audit_id", "audits"), ("facts_id", "call_facts"), ("item_id", "review_items")):
        if name in columns:
            return f"{name} IN (SELECT {name} FROM {other} WHERE call_id LIKE '{day:%Y%m%d}-%')"
    return f"batch_id = 'audit-of-{day}'" if "batch_id" in columns else f"day = '{day}'"


def test_the_originals_are_of_one_day(connection: Connection) -> None:
    days = connection.execute(text("SELECT DISTINCT day FROM original_calls")).scalars()
    assert [str(day) for day in days] == [str(DAYS[0])]
