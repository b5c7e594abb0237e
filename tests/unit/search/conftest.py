"""Databases of both kinds, as the database's own tests have them, and calls with transcripts."""

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from typing import Any

import pytest
from sqlalchemy import insert

from include.calls.call import ChannelRole
from include.calls.transcript import Transcript, Turn
from include.database.engine import Database
from include.database.models import CallRow, TranscriptRow
from tests.unit.database.conftest import database, migrated_url, new_url

__all__ = ["database", "migrated_url", "new_url"]

DAY = date(2026, 11, 16)
NOW = datetime(2026, 11, 17, tzinfo=UTC)
Said = Sequence[tuple[str, str]]
AddCall = Callable[..., str]


def transcript_of(call_id: str, said: Said, language: str | None = "en") -> Transcript:
    """Turns of ten seconds, without the times of words."""
    turns = [
        Turn(
            id=f"t{n}",
            speaker=ChannelRole(speaker),
            channel=0,
            start_ms=n * 10_000,
            end_ms=n * 10_000 + 9_000,
            text=text,
            confidence=0.9,
        )
        for n, (speaker, text) in enumerate(said, 1)
    ]
    return Transcript(call_id=call_id, language=language, turns=turns)


def call_row(call_id: str, day: date = DAY, **changes: Any) -> dict[str, Any]:
    row = {
        "call_id": call_id,
        "day": day,
        "path": f"{call_id}.wav",
        "uri": f"file:///calls/{call_id}.wav",
        "size_bytes": 1,
        "state": "audited",
        "channel_roles": [],
        "extra": {},
        "discovered_at": NOW,
        "changed_at": NOW,
    }
    return row | changes


def transcript_row(transcript: Transcript) -> dict[str, Any]:
    return {
        "call_id": transcript.call_id,
        "sha256": transcript.sha256,
        "language": transcript.language,
        "transcript": transcript.model_dump(mode="json"),
        "created_at": NOW,
    }


@pytest.fixture
def add_call(database: Database) -> AddCall:
    """Stores a call, and what was said in it: speaker and text by turn."""

    def add(call_id: str, *said: tuple[str, str], day: date = DAY, **changes: Any) -> str:
        with database.writing() as connection:
            connection.execute(insert(CallRow), [call_row(call_id, day, **changes)])
            if said:
                connection.execute(insert(TranscriptRow), [transcript_row(transcript_of(call_id, said))])
        return call_id

    return add
