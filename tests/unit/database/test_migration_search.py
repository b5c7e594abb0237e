"""What an earlier version heard can be searched after the migration, and every row stays as it was."""

from collections.abc import Callable

import pytest
from sqlalchemy import func, select

from include.database.engine import Database
from include.database.migrations import upgrade
from include.database.models import IndexedCallRow, TranscriptRow
from include.search.filters import Filters
from include.search.finding import find
from include.search.indexing import index_calls

pytestmark = pytest.mark.long

BEFORE = "0011"


@pytest.fixture
def url(stored_at: Callable[[str], str]) -> str:
    return stored_at(BEFORE)


def test_its_transcripts_are_found_once_they_are_indexed(url: str) -> None:
    upgrade(url)
    database = Database(url)
    told: list[int] = []
    indexed = index_calls(database, say=told.append)
    with database.reading() as connection:
        stored = connection.execute(select(func.count()).select_from(TranscriptRow)).scalar_one()
        known = connection.execute(select(func.count()).select_from(IndexedCallRow)).scalar_one()
        found = find(connection, Filters(text='"this conversation is being"'))
    database.close()
    assert indexed == known == stored == told[-1] > 0
    assert found.calls
    assert all(part for call in found.calls for snippet in call.snippets for part in snippet.parts)
