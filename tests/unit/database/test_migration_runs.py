"""Runs of before whose end was never told owe it; the others owe nothing."""

from collections.abc import Callable

import pytest
from sqlalchemy import text

from include.database import owed
from include.database.engine import Database, open_engine
from include.database.migrations import upgrade

pytestmark = pytest.mark.long

BEFORE = "0018"
RUNS = ["demo-2026-11-16-083428", "demo-2026-11-17-083428"]


@pytest.fixture
def url(stored_at: Callable[[str], str]) -> str:
    return stored_at(BEFORE)


@pytest.mark.parametrize(("told", "owing"), [(True, []), (False, RUNS)])
def test_only_a_run_whose_end_was_never_told_owes_it(url: str, told: bool, owing: list[str]) -> None:
    ledger = "ledger" if told else "NULL"
    engine = open_engine(url)
    with engine.begin() as connection:
        connection.execute(text(f"UPDATE batches SET closed_at = NULL, ledger = {ledger}"))
    engine.dispose()
    upgrade(url)
    database = Database(url)
    found = database.read(owed.owing)
    database.close()
    assert [run.batch_id for run in found] == owing
    assert all(run.day and run.location and run.planned_at for run in found)
