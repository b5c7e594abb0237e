"""What a night asks of the database does not grow with the history, and is found by indexes."""

import asyncio
import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import date, timedelta
from pathlib import Path

import pytest

from include.database.migrations import upgrade
from tests.history.databases import as_airflow_connection, own_database
from tests.history.days import History
from tests.history.night import Night
from tests.history.statements import Heard, heard
from tests.plugins.conftest import POSTGRES_URL

# Of a night, and of the days of a history: of those, many more than the planner of PostgreSQL takes for few.
CALLS, MANY = 24, 96
FIRST = date(2026, 5, 1)
DAY, MONTH = 1, 30
needs_postgres = pytest.mark.skipif(not POSTGRES_URL, reason="needs COFI_TEST_POSTGRES_URL")

# What each step of a night sends, by the days of history before it.
Nights = dict[int, dict[str, Heard]]


@pytest.fixture(scope="module", params=["sqlite", pytest.param("postgresql", marks=needs_postgres)])
def nights(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nights]:
    """A night after a day of history, and one after a month."""
    folder = tmp_path_factory.mktemp("history")
    with ExitStack() as opened:
        url = f"sqlite:///{folder / 'cofi.db'}"
        if request.param == "postgresql":
            url = opened.enter_context(own_database(POSTGRES_URL))
        patched = opened.enter_context(pytest.MonkeyPatch.context())
        upgrade(url)
        llm = {"conn_type": "http", "host": "http://llm/v1", "extra": {"model": "m"}}
        patched.setenv("AIRFLOW_CONN_COFI_DB", json.dumps(as_airflow_connection(url)))
        patched.setenv("AIRFLOW_CONN_COFI_LLM", json.dumps(llm))
        patched.setenv("AIRFLOW_CONN_GPU_A", "")  # a night makes it
        patched.setenv("AIRFLOW__COFI__GPU_HOSTS", "gpu_a")
        patched.setenv("AIRFLOW__COFI__RUNS_FOLDER", str(folder / "runs"))
        history = History(url, folder / "calls")
        yield asyncio.run(_nights(history, folder / "calls"))
        history.database.close()


async def _nights(history: History, folder: Path) -> Nights:
    found: Nights = {DAY: {}, MONTH: {}}
    await history.begin()
    # The day before a night is looked at again, so that it is there in both cases.
    history.add([FIRST + timedelta(days=MONTH)], CALLS)
    history.analyse()
    first = Night(history, folder, FIRST + timedelta(days=MONTH + 1), CALLS)
    await first.spend(lambda name: heard_as(found[DAY], name, explained=False))
    history.add([FIRST + timedelta(days=n) for n in range(2, MONTH)], MANY)
    history.add([FIRST + timedelta(days=MONTH + 3)], CALLS)
    history.analyse()
    second = Night(history, folder, FIRST + timedelta(days=MONTH + 4), CALLS)
    await second.spend(lambda name: heard_as(found[MONTH], name, explained=True))
    return found


@contextmanager
def heard_as(steps: dict[str, Heard], name: str, explained: bool) -> Iterator[None]:
    with heard(explained) as steps[name]:
        yield


def test_a_month_of_history_costs_no_statement_more_than_a_day(nights: Nights) -> None:
    sent = {
        days: {name: len(step.statements) for name, step in steps.items()} for days, steps in nights.items()
    }
    assert sent[MONTH] == sent[DAY]
    assert all(0 < count <= 150 for count in sent[DAY].values()), sent


def test_no_statement_reads_a_table_whole_that_grows_with_every_call(nights: Nights) -> None:
    scans = [(name, *scan) for name, step in nights[MONTH].items() for scan in step.scans]
    assert not scans, "\n\n".join(f"{name}: all of {table} is read by\n{sql}" for name, table, sql in scans)
