"""What was stored before people were told of anything stays as it was."""

from collections.abc import Callable

import pytest

from include.alerts import once
from include.database.engine import Database
from include.database.migrations import upgrade
from tests.unit.alerts.test_once import NOW, alert

pytestmark = pytest.mark.long

BEFORE = "0017"


@pytest.fixture
def url(stored_at: Callable[[str], str]) -> str:
    return stored_at(BEFORE)


def test_alerts_can_be_kept(url: str) -> None:
    upgrade(url)
    database = Database(url)
    assert database.write(lambda c: once.claimed(c, [alert()], "me", NOW)) == [alert()]
    database.close()
