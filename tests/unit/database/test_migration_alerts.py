"""What was stored before people were told of anything stays as it was."""

from collections.abc import Callable

import pytest
from alembic import command

from include.alerts import once
from include.database.engine import Database
from include.database.migrations import config, upgrade
from tests.unit.alerts.test_once import NOW, alert
from tests.unit.database import version_0005

BEFORE = "0017"


@pytest.fixture
def url(new_url: Callable[[], str]) -> str:
    made = new_url()
    version_0005.load(made, version_0005.rows())
    command.upgrade(config(made), BEFORE)
    return made


def test_every_row_stays_and_alerts_can_be_kept(url: str) -> None:
    before = version_0005.dumped(url)
    upgrade(url)
    after = version_0005.dumped(url)
    for table, rows in before.items():
        assert after[table] == rows, table
    database = Database(url)
    assert database.write(lambda c: once.claimed(c, [alert()], "me", NOW)) == [alert()]
    database.close()
    command.downgrade(config(url), BEFORE)
    assert version_0005.dumped(url) == before
