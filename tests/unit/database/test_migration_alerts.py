"""What was stored before people were told of anything stays as it was; what was sent then is not owed."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from alembic import command
from sqlalchemy import text

from include.alerts import once
from include.database.engine import Database
from include.database.migrations import config, upgrade
from tests.unit.alerts.test_once import NOW, alert

pytestmark = pytest.mark.long

BEFORE_ALERTS, BEFORE_OWED = "0017", "0028"
SENT = (
    "INSERT INTO alerts (key, subject, text, sent_by, sent_at) "
    "VALUES ('old', 'It', 'Is.', 'who', '2026-11-16 06:00:00')"
)


def rows(url: str, query: str) -> list[tuple[object, ...]]:
    database = Database(url)
    with database.reading() as connection:
        found = [tuple(row) for row in connection.execute(text(query))]
    database.close()
    return found


def test_alerts_can_be_kept(stored_at: Callable[[str], str]) -> None:
    url = stored_at(BEFORE_ALERTS)
    upgrade(url)
    database = Database(url)
    assert database.write(lambda c: once.claimed(c, [alert()], "me", NOW)) == [alert()]
    database.close()


@pytest.fixture
def with_one_sent(stored_at: Callable[[str], str]) -> str:
    url = stored_at(BEFORE_OWED)
    database = Database(url)
    with database.writing() as connection:
        connection.execute(text(SENT))
    database.close()
    return url


def test_what_was_stored_was_sent(with_one_sent: str) -> None:
    upgrade(with_one_sent)
    same = (
        "SELECT count(*) FROM alerts WHERE raised_at = sent_at AND claimed_at = sent_at AND sent_by = 'who'"
    )
    assert rows(with_one_sent, same) == [(1,)]
    database = Database(with_one_sent)
    since = NOW - timedelta(days=30)
    assert database.write(lambda c: once.claimed_of_owed(c, "me", NOW, since)) == []
    database.close()


def test_the_version_before_raises_again_what_was_owed(with_one_sent: str) -> None:
    upgrade(with_one_sent)
    database = Database(with_one_sent)
    database.write(lambda c: once.claimed(c, [alert("sent"), alert("owed")], "me", NOW))
    database.write(lambda c: once.sent(c, ["sent"], "me", NOW))
    database.close()
    command.downgrade(config(with_one_sent), BEFORE_OWED)
    assert rows(with_one_sent, "SELECT key FROM alerts ORDER BY key") == [("old",), ("sent",)]
