"""Transactions: whole or not at all, and readers that nobody blocks."""

from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError, OperationalError, StatementError

from include.calls.call import CallState
from include.calls.stage import Stage
from include.database.engine import Database, chunks, insert_missing, upsert
from include.database.models import CallRow, FailureRow, StageResultRow
from tests.unit.database.seeding import Day, recording


def failure_of(call_id: str | None, batch_id: str, **changes: object) -> dict[str, object]:
    row = {"call_id": call_id, "batch_id": batch_id, "stage": "stt", "host": "gpu_a", "attempt": 1}
    return {**row, "kind": "bug", "message": "", "failed_at": datetime.now(UTC), **changes}


def test_an_error_rolls_all_of_a_transaction_back(day: Day) -> None:
    batch = day.discover(recording())
    with pytest.raises(RuntimeError, match="after"), day.database.writing() as connection:
        connection.execute(FailureRow.__table__.insert(), failure_of(None, batch.batch_id))
        raise RuntimeError("after the insert")

    assert day.rows(FailureRow) == []


def test_a_reader_sees_the_last_state_while_a_writer_is_at_work(day: Day) -> None:
    call = recording()
    day.discover(call)
    with day.database.writing() as connection:
        connection.execute(CallRow.__table__.update().values(state=CallState.FAILED))
        assert day.state_of(call) == ("pending", None)
    assert day.state_of(call) == ("failed", None)


def test_rows_of_calls_that_do_not_exist_are_refused(day: Day) -> None:
    batch = day.discover()
    with pytest.raises(IntegrityError), day.database.writing() as connection:
        connection.execute(FailureRow.__table__.insert(), failure_of("nobody", batch.batch_id))


def test_a_call_has_one_current_result_of_a_stage(day: Day) -> None:
    call = recording()
    batch = day.planned(call)
    day.audit(batch, call, stages=[Stage.STT])
    (row,) = day.rows(StageResultRow)
    with pytest.raises(IntegrityError), day.database.writing() as connection:
        connection.execute(
            StageResultRow.__table__.insert(), {name: value for name, value in row.items() if name != "id"}
        )


def test_times_keep_their_point_in_time_and_naive_ones_are_refused(day: Day) -> None:
    batch = day.discover()
    local = datetime(2026, 11, 17, 1, 30, tzinfo=timezone(timedelta(hours=5)))
    with day.database.writing() as connection:
        connection.execute(FailureRow.__table__.insert(), failure_of(None, batch.batch_id, failed_at=local))
    (row,) = day.rows(FailureRow)
    assert row["failed_at"] == local
    assert row["failed_at"].tzinfo

    naive = failure_of(None, batch.batch_id, failed_at=datetime(2026, 11, 17))  # noqa: DTZ001
    with pytest.raises(StatementError, match="no time zone"), day.database.writing() as connection:
        connection.execute(FailureRow.__table__.insert(), naive)


def test_postgresql_compiles_no_query(day: Day) -> None:
    """Also on a connection that has been given back, and after a transaction that was rolled back."""
    if day.database._engine.dialect.name != "postgresql":
        pytest.skip("of PostgreSQL alone")
    for opened in (day.database.reading, day.database.reading):
        with opened() as connection:
            assert connection.exec_driver_sql("SHOW jit").scalar() == "off"
            connection.rollback()
            assert connection.exec_driver_sql("SHOW jit").scalar() == "off"


def test_upsert_updates_what_it_is_told_and_insert_missing_nothing(day: Day) -> None:
    call = recording()
    day.discover(call)
    (row,) = day.rows(CallRow)
    changed = {**row, "uri": "elsewhere", "state": CallState.FAILED, "agent": "Kim"}

    with day.database.writing() as connection:
        insert_missing(connection, CallRow, [changed])
    assert day.rows(CallRow) == [row]
    with day.database.writing() as connection:
        upsert(connection, CallRow, [changed], ["call_id"], update=["uri"])
    assert day.rows(CallRow) == [{**row, "uri": "elsewhere"}]
    with day.database.writing() as connection:
        upsert(connection, CallRow, [changed], ["call_id"])
    assert day.rows(CallRow) == [changed]


def test_work_that_the_database_refuses_for_now_is_done_again_whole(tmp_path: Path) -> None:
    database, tried = Database(f"sqlite:///{tmp_path / 'a.db'}", patience_s=30), []

    def work(connection: Connection) -> str:
        tried.append(connection)
        connection.exec_driver_sql("CREATE TABLE once (n INTEGER)")
        if len(tried) < 3:
            raise OperationalError("INSERT", {}, Exception("database is locked"))
        return "done"

    assert database.write(work) == "done"
    assert len(tried) == 3
    assert database.read(lambda c: c.exec_driver_sql("SELECT count(*) FROM once").scalar_one()) == 0


def test_patience_with_a_database_ends_and_other_errors_have_none(tmp_path: Path) -> None:
    database, tried = Database(f"sqlite:///{tmp_path / 'a.db'}", patience_s=0), []

    def away(connection: Connection) -> None:
        tried.append(connection)
        raise OperationalError("SELECT", {}, Exception("server closed the connection"))

    with pytest.raises(OperationalError):
        database.read(away)
    assert len(tried) == 1
    with pytest.raises(IntegrityError):
        Database(f"sqlite:///{tmp_path / 'a.db'}").write(_violates)


def _violates(connection: Connection) -> None:
    raise IntegrityError("INSERT", {}, Exception("unique"))


def test_nothing_to_write_is_no_error(database: Database) -> None:
    with database.writing() as connection:
        upsert(connection, CallRow, [], ["call_id"])
        insert_missing(connection, CallRow, [])


def test_chunks_hold_every_value_once_in_order() -> None:
    values = list(range(2500))
    pieces = list(chunks(values))
    assert [value for piece in pieces for value in piece] == values
    assert max(map(len, pieces)) == 1000
