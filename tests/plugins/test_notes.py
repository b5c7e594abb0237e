"""A run's note: the day when it begins, the ledger when it has ended; what people wrote stays."""

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest
from cofi_plugin import CofiPlugin

from cofi.notes import NoteWriter
from include.database import owed
from include.database.batches import Batch
from tests.plugins.conftest import Connect
from tests.plugins.shard import CALLS
from tests.unit.database.seeding import Day

BEGAN = datetime(2026, 11, 16, tzinfo=UTC)


def run(**changed: Any) -> Any:
    """A run as Airflow hands it to its listeners."""
    plain = {"dag_id": "audit_calls", "run_id": "run-1", "run_type": "scheduled", "conf": {}, "note": None}
    return SimpleNamespace(**{**plain, "data_interval_start": BEGAN, **changed})


@pytest.fixture(autouse=True)
def in_utc(setting: Connect) -> None:
    setting("timezone", "UTC")


def test_a_run_that_begins_is_noted_with_its_day() -> None:
    dag_run = run()
    NoteWriter().on_dag_run_running(dag_run)
    assert dag_run.note == "[cofi: 2026-11-16 · under way]"


def test_a_day_that_was_entered_counts_and_a_range_is_told() -> None:
    dag_run = run(run_type="manual", conf={"day": "2026-11-10"}, note="for the auditors")
    NoteWriter().on_dag_run_running(dag_run)
    assert dag_run.note == "for the auditors\n[cofi: 2026-11-10 · under way]"
    dag_run = run(dag_id="rescore_calls", conf={"day": "2026-11-10", "last_day": "2026-11-12"})
    NoteWriter().on_dag_run_running(dag_run)
    assert dag_run.note == "[cofi: 2026-11-10 to 2026-11-12 · under way]"


@pytest.mark.parametrize(
    "changed",
    [
        {"data_interval_start": None, "run_type": "manual"},
        {"conf": {"day": "yesterday"}},
        {"dag_id": "sales_figures"},
    ],
)
def test_a_run_whose_day_is_not_known_or_that_is_not_cofis_is_left_alone(changed: dict[str, Any]) -> None:
    dag_run = run(note="mine", **changed)
    NoteWriter().on_dag_run_running(dag_run)
    assert dag_run.note == "mine"


def test_a_run_that_has_ended_is_noted_with_its_ledger(day: Day, batch: Batch) -> None:
    day.audit(batch, *CALLS)
    day.database.write(lambda connection: owed.close(connection, "run-1", None))
    dag_run = run(note="[cofi: 2026-11-16 · under way]\nchecked: Ana")
    NoteWriter().on_dag_run_success(dag_run)
    assert dag_run.note == "[cofi: 2026-11-16 · 3 found: 3 audited]\nchecked: Ana"


def test_a_failed_run_is_noted_with_why(day: Day, batch: Batch) -> None:
    day.database.write(lambda connection: owed.close(connection, "run-1", "The ledger does not close"))
    dag_run = run()
    NoteWriter().on_dag_run_failed(dag_run)
    assert dag_run.note == "[cofi: 2026-11-16 · 3 found: 3 pending · failed: The ledger does not close]"


def test_a_note_that_cannot_be_written_costs_nothing(connection: Connect) -> None:
    connection("cofi_db", conn_type="mysql", host="nowhere")
    dag_run = run(note="mine")
    NoteWriter().on_dag_run_failed(dag_run)
    assert dag_run.note == "mine"


def test_airflow_knows_the_listener() -> None:
    assert any(isinstance(one, NoteWriter) for one in CofiPlugin.listeners)
