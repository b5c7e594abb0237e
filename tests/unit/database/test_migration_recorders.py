"""Migration 0009 on what a demo left in version 0006 and the versions between made of it: all of it stays."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from sqlalchemy import text

from include.calls.call import CallMetadata, ChannelRole
from include.database.calls import calls_of_day
from include.database.engine import Database
from include.database.migrations import config, upgrade
from include.database.models import CallRow
from tests.unit.database import version_0005
from tests.unit.database.seeding import DAY, Day

pytestmark = pytest.mark.long

BEFORE = "0008"
LATE_FEE = "20261116-a3ae2d194970cd3e1198"


def stored() -> version_0005.Rows:
    """As the demo left it; one call's manifest had columns that cofi had no field for."""
    rows: version_0005.Rows = json.loads(Path(__file__).with_name("version_0006.json").read_text("utf-8"))
    call = next(row for row in rows["calls"] if row["call_id"] == LATE_FEE)
    call["extra"] = {"team": "North", "agent_id": "dreed", "caller": "+15551234567", "campaign": "autumn"}
    return rows


@pytest.fixture
def url(new_url: Callable[[], str]) -> str:
    made = new_url()
    version_0005.load(made, stored(), "0006")
    command.upgrade(config(made), BEFORE)
    return made


def all_of(url: str, table: str) -> list[dict[str, Any]]:
    database = Database(url)
    with database.reading() as connection:
        key = "call_id" if table != "batches" else "batch_id"
        found = [
            dict(r) for r in connection.execute(text(f"SELECT * FROM {table} ORDER BY {key}")).mappings()
        ]
    database.close()
    return found


def test_every_row_stays_as_it_was(url: str) -> None:
    before = {table: all_of(url, table) for table in ("batches", "calls", "batch_calls", "transcripts")}
    assert len(before["calls"]) == 31
    upgrade(url)
    for table, rows in before.items():
        after = all_of(url, table)
        kept = [{name: row[name] for name in rows[0] if name != "extra"} for row in after]
        assert kept == [{name: row[name] for name in row if name != "extra"} for row in rows], table


def test_what_has_a_field_now_moves_there(url: str) -> None:
    upgrade(url)
    database = Database(url)
    with database.reading() as connection:
        calls = {call.call_id: call for call in calls_of_day(connection, DAY)}
    database.close()
    late_fee = calls.pop(LATE_FEE).metadata
    assert (late_fee.agent, late_fee.agent_id, late_fee.team) == ("Daniel Reed", "dreed", "North")
    assert (late_fee.caller, late_fee.extra) == ("+15551234567", {"campaign": "autumn"})
    assert late_fee.channel_roles == (ChannelRole.AGENT, ChannelRole.CUSTOMER)
    assert late_fee.roles_source is None  # by what, the older version did not keep
    assert calls
    unknown = CallMetadata()
    for call in calls.values():
        assert (call.metadata.team, call.metadata.caller, call.parts) == (None, unknown.caller, ())


def test_a_day_that_was_audited_before_is_found_again(url: str) -> None:
    upgrade(url)
    database = Database(url)
    day = Day(database)
    with database.reading() as connection:
        known = list(calls_of_day(connection, DAY))
    day.discover(*known, batch_id="run-2")
    states = {row["call_id"]: row["state"] for row in day.rows(CallRow)}
    assert states == {row["call_id"]: row["state"] for row in stored()["calls"]}
    database.close()


def test_it_can_be_taken_back_with_rows_in_it(url: str) -> None:
    before = all_of(url, "calls")
    upgrade(url)
    command.downgrade(config(url), BEFORE)
    assert [row.keys() for row in all_of(url, "calls")] == [row.keys() for row in before]
