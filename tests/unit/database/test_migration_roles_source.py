"""The roles of a transcript's channels keep their source under the name that it has elsewhere."""

import json
from collections.abc import Callable

import pytest
from alembic import command
from sqlalchemy import Connection, select, text

from include.database.engine import Database
from include.database.migrations import config, upgrade
from include.database.models import NewTranscriptRow, TranscriptRow
from include.roles.speaker_role import RoleSource, SpeakerRole

BEFORE = "0027"
# What is quoted from a call may look like a key.
SAID = 'they say "told_by": nobody'
OLD = [
    {"channel": 0, "role": "agent", "told_by": "content", "confidence": 0.99, "because": [SAID]},
    {"channel": 1, "role": "unknown", "told_by": "nobody", "confidence": 0.5, "because": []},
]


@pytest.fixture
def url(stored_at: Callable[[str], str]) -> str:
    """A database of the version before: of two calls one has such roles, of one a new transcript waits."""
    made = stored_at(BEFORE)
    database = Database(made)
    with database.writing() as connection:
        call_id = _first_call(connection)
        connection.execute(text("UPDATE transcripts SET channel_roles = NULL"))
        update = text("UPDATE transcripts SET channel_roles = :roles WHERE call_id = :call")
        if connection.dialect.name == "postgresql":
            update = text(
                "UPDATE transcripts SET channel_roles = CAST(:roles AS JSONB) WHERE call_id = :call"
            )
        connection.execute(update, {"roles": json.dumps(OLD), "call": call_id})
        connection.execute(
            text(
                "INSERT INTO new_transcripts "
                "(call_id, batch_id, sha256, language, transcript, channel_roles, created_at) "
                "SELECT t.call_id, (SELECT min(batch_id) FROM batches), t.sha256, t.language, t.transcript, "
                "t.channel_roles, t.created_at FROM transcripts t WHERE t.call_id = :call"
            ),
            {"call": call_id},
        )
    database.close()
    return made


def _first_call(connection: Connection) -> str:
    return str(connection.execute(text("SELECT min(call_id) FROM transcripts")).scalar_one())


@pytest.mark.long
def test_the_source_is_read_under_its_new_name_and_nothing_else_changes(url: str) -> None:
    upgrade(url)
    database = Database(url)
    with database.reading() as connection:
        call_id = _first_call(connection)
        for table in (TranscriptRow, NewTranscriptRow):
            stored = connection.scalar(select(table.channel_roles).where(table.call_id == call_id))
            roles = [SpeakerRole.model_validate(one) for one in stored or []]
            assert [one.source for one in roles] == [RoleSource.CONTENT, RoleSource.NOBODY]
            assert roles[0].because == [SAID]
        without = select(TranscriptRow.channel_roles).where(TranscriptRow.call_id != call_id)
        assert set(connection.scalars(without)) == {None}
    database.close()


def test_it_can_be_taken_back(url: str) -> None:
    command.upgrade(config(url), "0028")
    command.downgrade(config(url), BEFORE)
    database = Database(url)
    with database.reading() as connection:
        for table in (TranscriptRow, NewTranscriptRow):
            found = connection.scalar(
                select(table.channel_roles).where(table.call_id == _first_call(connection))
            )
            assert found == OLD
    database.close()
