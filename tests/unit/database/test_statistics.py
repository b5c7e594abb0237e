"""PostgreSQL knows of tonight's calls, however many there were before."""

from datetime import date

import pytest
from sqlalchemy import Connection, insert, select, text

from include.database import statistics
from include.database.models import BatchCallRow, BatchRow
from tests.history.statements import heard
from tests.unit.database.seeding import Day, recording

FOUND = [recording(f"{number:04}.wav") for number in range(1_000)]
OLDER_RUNS = [f"audit-of-{date(2026, 10, day)}" for day in range(1, 31)]


def expected(connection: Connection) -> int:
    """How many calls of the run PostgreSQL expects."""
    query = "EXPLAIN (FORMAT JSON) SELECT * FROM batch_calls WHERE batch_id = 'run-1'"
    return int(connection.exec_driver_sql(query).scalar_one()[0]["Plan"]["Plan Rows"])


@pytest.mark.long
def test_a_run_among_thirty_is_known_at_once(day: Day) -> None:
    if day.database._engine.dialect.name != "postgresql":
        pytest.skip("SQLite chooses by the statements alone")
    day.discover(*FOUND)
    with day.database.writing() as connection:
        run = connection.execute(select(BatchRow.__table__)).mappings().one()
        connection.execute(insert(BatchRow), [{**run, "batch_id": older} for older in OLDER_RUNS])
        for older in OLDER_RUNS:
            rows = [{"batch_id": older, "call_id": call.call_id} for call in FOUND]
            connection.execute(insert(BatchCallRow), rows)
        connection.execute(text("DELETE FROM batch_calls WHERE batch_id = 'run-1'"))
        connection.execute(text("ANALYZE"))
    day.discover(*FOUND)
    assert day.database.read(expected) < 100
    statistics.count_rows(day.database, "run-1", statistics.FOUND)
    assert 500 < day.database.read(expected) < 2_000


def test_few_calls_are_not_worth_it(day: Day) -> None:
    day.discover(*FOUND[:999])
    with heard() as found:
        statistics.count_rows(day.database, "run-1", statistics.WORKED)
    assert len(found.statements) == (1 if day.database._engine.dialect.name == "postgresql" else 0)
