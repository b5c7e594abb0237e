"""Migration 0017 on what a demo left in version 0005 and the versions between made of it: all of it stays."""

from collections.abc import Callable

from alembic import command

from include.database.migrations import config, upgrade
from tests.unit.database import version_0005

BEFORE = "0016"


def test_every_row_stays_and_it_can_be_taken_back(new_url: Callable[[], str]) -> None:
    url = new_url()
    version_0005.load(url, version_0005.rows())
    command.upgrade(config(url), BEFORE)
    before = version_0005.dumped(url)
    upgrade(url)
    after = version_0005.dumped(url)
    for table, rows in before.items():
        assert after[table] == rows, table
    command.downgrade(config(url), BEFORE)
    assert version_0005.dumped(url) == before
