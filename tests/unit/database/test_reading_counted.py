"""What the benchmark of histories counts of a statement grows with what is read for it."""

import pytest
from sqlalchemy import Connection

from tests.history.reading import counted, read_by_query
from tests.unit.database.seeding import Day, recording

FOUND = [recording(f"{number:04}.wav") for number in range(1_000)]
OF_ONE = f"WHERE call_id = '{FOUND[7].call_id}'"


def test_a_query_over_all_calls_reads_more_than_one_of_a_call(day: Day) -> None:
    day.planned(*FOUND)
    with day.database.writing() as connection:
        _let_look_up(connection)
        one = _least_read(connection, f"SELECT count(uri) FROM calls {OF_ONE}")
        all_ = _least_read(connection, "SELECT count(uri) FROM calls")
    assert 0 <= one < all_ / 2


@pytest.mark.long
def test_a_change_of_all_calls_reads_more_than_that_of_one(day: Day) -> None:
    day.planned(*FOUND)
    found = []
    with day.database.writing() as connection:
        _let_look_up(connection)
        for which in (OF_ONE, ""):
            told = counted(connection.dialect.name, connection.connection.driver_connection)
            connection.exec_driver_sql(f"UPDATE calls SET channels = 2 {which}")
            found.append(told())
    one, all_ = found
    assert 0 <= one < all_ / 100


def test_nothing_is_counted_when_nothing_is_read(day: Day) -> None:
    with day.database.writing() as connection:
        told = counted(connection.dialect.name, connection.connection.driver_connection)
        assert told() == 0


def _let_look_up(connection: Connection) -> None:
    """PostgreSQL knows nothing of a table that was just filled: it may read all of it, or of an index."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql("ANALYZE calls")
        connection.exec_driver_sql("SET LOCAL enable_seqscan = off")


def _least_read(connection: Connection, statement: str) -> int:
    """What is read of tables alone: now and then PostgreSQL also looks up in its catalog what they are."""
    driver = connection.connection.driver_connection
    return min(read_by_query(connection.dialect.name, driver, statement, ()) for _ in range(5))
