"""Migration 0008 on what the version before it left: nothing changes, answers have no second opinions yet."""

import pytest
from alembic import command
from sqlalchemy import inspect, text

from include.database.engine import Database, open_engine
from include.database.migrations import config, upgrade
from include.delivery.summary import summarise
from tests.unit.database.version_0005 import dumped

pytestmark = pytest.mark.long

BEFORE, THIS = "0007", "0008"


def without_opinions(url: str) -> dict[str, list[dict[str, object]]]:
    found = dumped(url)
    for row in found["answers"]:
        assert row.pop("opinions") == []
    return found


def test_stored_answers_stay_and_have_no_second_opinions(old: str) -> None:
    command.upgrade(config(old), BEFORE)
    before = dumped(old)
    assert before["answers"] and all("opinions" not in row for row in before["answers"])

    command.upgrade(config(old), THIS)

    assert without_opinions(old) == before


def test_a_run_of_before_is_reported_on(old: str) -> None:
    command.upgrade(config(old), BEFORE)
    [batch_id, *_] = [row["batch_id"] for row in dumped(old)["batches"]]
    upgrade(old)
    database = Database(old)
    run = summarise(database, batch_id)
    database.close()
    assert run.scores.audits
    assert (run.second_opinions.asked, run.canaries) == (0, None)


def test_it_can_be_taken_back(old: str) -> None:
    command.upgrade(config(old), BEFORE)
    before = dumped(old)
    upgrade(old)
    command.downgrade(config(old), BEFORE)
    assert dumped(old) == before
    engine = open_engine(old)
    with engine.connect() as connection:
        assert "canaries" not in inspect(connection).get_table_names()
        assert connection.execute(text("SELECT count(*) FROM answers")).scalar()
    engine.dispose()
