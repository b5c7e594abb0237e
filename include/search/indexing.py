"""Keeps the index up with the transcripts."""

from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from typing import Any

from sqlalchemy import Connection, Select, and_, delete, insert, select

from include.calls.transcript import Transcript
from include.database.accounted import lies_among_those_of
from include.database.engine import Database, upsert
from include.database.models import BatchCallRow, IndexedCallRow, SpokenRow, TranscriptRow
from include.search.pieces import pieces_of

_AT_ONCE = 200


def index_calls(
    database: Database, batch_id: str | None = None, say: Callable[[int], None] = lambda _: None
) -> int:
    """Indexes the transcripts that the index has not, or has in an older version.

    Args:
        database: A transaction for each page: it can be broken off, and goes on where it was.
        batch_id: Only the calls of a run; None for all, which a long history takes hours for.
        say: Told after each page how many were indexed.

    Returns:
        How many were indexed.
    """
    indexed, last = 0, ""
    while found := database.write(partial(_index_page, batch_id=batch_id, after=last)):
        indexed, last = indexed + len(found), found[-1]
        say(indexed)
    return indexed


def _index_page(connection: Connection, batch_id: str | None, after: str) -> list[str]:
    """Indexes the next calls, by their ids: those before are not looked through for each page again."""
    rows = connection.execute(_not_indexed(batch_id, after).limit(_AT_ONCE)).all()
    if not rows:
        return []
    connection.execute(delete(SpokenRow).where(SpokenRow.call_id.in_([row.call_id for row in rows])))
    now = datetime.now(UTC)
    calls = [{"call_id": row.call_id, "transcript_sha256": row.sha256, "indexed_at": now} for row in rows]
    upsert(connection, IndexedCallRow, calls, ["call_id"])
    spoken = [
        {"call_id": row.call_id, "speaker": piece.speaker, "words": piece.words}
        for row in rows
        for piece in pieces_of(Transcript.model_validate(row.transcript))
    ]
    if spoken:
        connection.execute(insert(SpokenRow), spoken)
    return [row.call_id for row in rows]


def _not_indexed(batch_id: str | None, after: str) -> Select[str, str, dict[str, Any]]:
    same = and_(
        IndexedCallRow.call_id == TranscriptRow.call_id,
        IndexedCallRow.transcript_sha256 == TranscriptRow.sha256,
    )
    query = (
        select(TranscriptRow.call_id, TranscriptRow.sha256, TranscriptRow.transcript)
        .outerjoin(IndexedCallRow, same)
        .where(IndexedCallRow.call_id.is_(None), TranscriptRow.call_id > after)
        .order_by(TranscriptRow.call_id)
    )
    if batch_id is not None:
        of_run = select(BatchCallRow.call_id).where(BatchCallRow.batch_id == batch_id)
        lie = lies_among_those_of(batch_id, TranscriptRow.call_id)
        query = query.where(TranscriptRow.call_id.in_(of_run), lie)
    return query
