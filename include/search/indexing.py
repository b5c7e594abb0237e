"""Keeps the index up with the transcripts."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Any, NamedTuple

from sqlalchemy import Connection, Select, delete, insert, select

from include.calls.transcript import Transcript
from include.database.engine import Database, upsert
from include.database.given import among
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
        say: Told after each page on which some were indexed, how many were so far.

    Returns:
        How many were indexed.
    """
    indexed, after = 0, ""
    while page := database.write(partial(_index_page, batch_id=batch_id, after=after)):
        after = page.last
        if page.indexed:
            indexed += page.indexed
            say(indexed)
    return indexed


class _Page(NamedTuple):
    """Some calls, one after another by their ids: the last of them, and how many of them were indexed."""

    last: str
    indexed: int


def _index_page(connection: Connection, batch_id: str | None, after: str) -> _Page | None:
    """Indexes the next calls; None when there are none any more.

    Which calls are next is asked first, by itself: in one query with their transcripts, PostgreSQL would for
    each page rather read all of the run's.
    """
    of = BatchCallRow if batch_id is not None else TranscriptRow
    following = select(of.call_id).where(of.call_id > after).order_by(of.call_id).limit(_AT_ONCE)
    if batch_id is not None:
        following = following.where(BatchCallRow.batch_id == batch_id)
    calls = connection.execute(following).scalars().all()
    return _Page(calls[-1], _index(connection, calls)) if calls else None


def _index(connection: Connection, calls: Sequence[str]) -> int:
    rows = connection.execute(_not_indexed(connection, calls)).all()
    if not rows:
        return 0
    if older := [row.call_id for row in rows if row.older]:
        connection.execute(delete(SpokenRow).where(SpokenRow.call_id.in_(older)))
    now = datetime.now(UTC)
    indexed = [{"call_id": row.call_id, "transcript_sha256": row.sha256, "indexed_at": now} for row in rows]
    upsert(connection, IndexedCallRow, indexed, ["call_id"])
    spoken = [
        {"call_id": row.call_id, "speaker": piece.speaker, "words": piece.words}
        for row in rows
        for piece in pieces_of(Transcript.model_validate(row.transcript))
    ]
    if spoken:
        connection.execute(insert(SpokenRow), spoken)
    return len(rows)


def _not_indexed(connection: Connection, calls: Sequence[str]) -> Select[Any]:
    """Their transcripts that the index has not, with the hash of an `older` version that it has."""
    older = IndexedCallRow.transcript_sha256
    return (
        select(TranscriptRow.call_id, TranscriptRow.sha256, TranscriptRow.transcript, older.label("older"))
        .outerjoin(IndexedCallRow, IndexedCallRow.call_id == TranscriptRow.call_id)
        .where(among(connection, TranscriptRow.call_id, calls), older.is_distinct_from(TranscriptRow.sha256))
        .order_by(TranscriptRow.call_id)
    )
