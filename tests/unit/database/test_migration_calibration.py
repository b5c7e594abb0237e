"""Migration 0022: a session of before is neither closed nor called off by it, and its answers stay."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from alembic import command
from sqlalchemy import create_engine, text

from include.database.engine import Database
from include.database.migrations import config, upgrade
from include.review.sessions import list_sessions, own_answers
from tests.unit.database import version_0005
from tests.unit.database.renamed import as_before

pytestmark = pytest.mark.long

BEFORE = "0021"
NOW = datetime(2026, 11, 20, tzinfo=UTC)
SHA = "a" * 64
ROWS = {
    "calibration_sessions": {
        **{"session_id": "s1", "title": "November", "scorecard_sha256": SHA, "questions": '["care"]'},
        **{"opened_by": "ana", "opened_at": NOW, "due_at": NOW},
    },
    "calibration_people": {"session_id": "s1", "person": "ana", "expert": False},
}


def test_sessions_of_before_stay_and_it_can_be_taken_back(stored_at: Callable[[str], str]) -> None:
    url = stored_at(BEFORE)
    _insert(url)
    before = version_0005.dumped(url)

    upgrade(url)

    after = version_0005.dumped(url)
    for table, rows in before.items():
        assert as_before(table, rows, after[table]) == rows, table
    database = Database(url)
    (session,) = database.read(list_sessions)
    assert (session.title, session.open, session.calls[0]) == ("November", True, _call_id(url))
    own = database.read(lambda connection: own_answers(connection, "s1", "ana"))
    assert [one.answer for one in own.values()] == ["yes"]
    database.close()
    command.downgrade(config(url), BEFORE)
    assert version_0005.dumped(url) == before


def _call_id(url: str) -> str:
    engine = create_engine(url)
    with engine.connect() as connection:
        found = connection.execute(text("SELECT min(call_id) FROM calls")).scalar_one()
    engine.dispose()
    return str(found)


def _insert(url: str) -> None:
    call = {"session_id": "s1", "call_id": _call_id(url)}
    rows = ROWS | {
        "calibration_calls": {**call, "place": 0},
        "calibration_answers": {
            **{**call, "person": "ana", "criterion_id": "care", "answer": "yes", "answered_at": NOW}
        },
    }
    engine = create_engine(url)
    with engine.begin() as connection:
        sha = connection.execute(text("SELECT min(sha256) FROM scorecards")).scalar_one()
        rows["calibration_sessions"] = rows["calibration_sessions"] | {"scorecard_sha256": sha}
        for table, row in rows.items():
            names = ", ".join(row)
            values = ", ".join(f":{name}" for name in row)
            connection.execute(text(f"INSERT INTO {table} ({names}) VALUES ({values})"), row)
    engine.dispose()
