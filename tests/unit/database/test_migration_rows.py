"""What a demo left in version 0005 stays as it was through every later revision, there and back."""

from collections.abc import Callable

import pytest
from alembic import command
from alembic.script import ScriptDirectory

from include.database.migrations import config
from tests.unit.database import version_0005
from tests.unit.database.renamed import as_before

pytestmark = pytest.mark.long

# Those before change rows, and have tests of their own.
FIRST = "0011"


def revisions_after(revision: str) -> list[str]:
    """All later ones, in their order."""
    script = ScriptDirectory.from_config(config("sqlite://"))
    return [one.revision for one in script.iterate_revisions("head", revision)][::-1]


def test_every_row_stays_there_and_back(stored_at: Callable[[str], str]) -> None:
    url = stored_at(FIRST)
    found = revisions_after(FIRST)
    assert len(found) >= 10
    for last, revision in zip([FIRST, *found], found, strict=False):
        before = version_0005.dumped(url)
        command.upgrade(config(url), revision)
        after = version_0005.dumped(url)
        for table, rows in before.items():
            assert as_before(table, rows, after[table]) == rows, (revision, table)
        command.downgrade(config(url), last)
        assert version_0005.dumped(url) == before, revision
        command.upgrade(config(url), revision)
