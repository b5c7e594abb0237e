"""Of all who would tell a thing, one does; what reached nobody is sent by another look."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from include.alerts import once
from include.alerts.alert import Alert
from include.database.engine import Database
from tests.empty_database import empty_database

NOW = datetime(2026, 11, 17, 6, tzinfo=UTC)


def alert(key: str = "thing/1") -> Alert:
    return Alert(key, "A thing", "It happened.", "Mend it.", NOW)


@pytest.fixture
def database(tmp_path: Path):
    opened = Database(empty_database(tmp_path / "cofi.db"))
    yield opened
    opened.close()


def claimed(database: Database, token: str, *alerts: Alert) -> list[str]:
    return [one.key for one in database.write(lambda c: once.claimed(c, alerts, token, NOW))]


def test_whoever_is_first_tells(database: Database) -> None:
    assert claimed(database, "first", alert("b"), alert("a")) == ["b", "a"]
    assert claimed(database, "second", alert("a"), alert("c")) == ["c"]
    assert claimed(database, "second", replace(alert("a"), subject="The same in other words")) == []


def test_one_thing_twice_at_once_is_one(database: Database) -> None:
    assert claimed(database, "first", alert(), alert()) == ["thing/1"]
    assert claimed(database, "first") == []


class TestOwed:
    """What reached nobody, by no place's taking it or by its process's death."""

    def owed(self, database: Database, token: str, now: datetime = NOW, since: datetime = NOW) -> list[str]:
        return [one.key for one in database.write(lambda c: once.claimed_of_owed(c, token, now, since))]

    def test_what_is_given_back_is_anybody_s_in_the_order_in_which_it_was_raised(
        self, database: Database
    ) -> None:
        claimed(database, "first", alert("b"), alert("a"))
        assert self.owed(database, "second") == [], "the first sends it"
        database.write(lambda c: once.given_back(c, ["a", "b"], "first"))
        assert self.owed(database, "second") == ["a", "b"]
        assert self.owed(database, "third") == []

    def test_it_says_what_it_said_then(self, database: Database) -> None:
        claimed(database, "first", alert())
        database.write(lambda c: once.given_back(c, ["thing/1"], "first"))
        (owed,) = database.write(lambda c: once.claimed_of_owed(c, "second", NOW, NOW))
        assert (owed.subject, owed.text) == ("A thing", alert().text("UTC"))

    def test_only_who_has_it_gives_it_back(self, database: Database) -> None:
        claimed(database, "first", alert())
        database.write(lambda c: once.given_back(c, ["thing/1"], "second"))
        assert self.owed(database, "second") == []

    def test_only_who_has_it_notes_that_it_was_taken(self, database: Database) -> None:
        claimed(database, "first", alert())
        database.write(lambda c: once.given_back(c, ["thing/1"], "first"))
        assert self.owed(database, "second") == ["thing/1"]
        database.write(lambda c: once.sent(c, ["thing/1"], "first", NOW))
        database.write(lambda c: once.given_back(c, ["thing/1"], "second"))
        assert self.owed(database, "third") == ["thing/1"]
        database.write(lambda c: once.sent(c, ["thing/1"], "third", NOW))
        database.write(lambda c: once.given_back(c, ["thing/1"], "third"))
        assert self.owed(database, "fourth") == []

    def test_whose_process_died_is_owed_when_it_would_have_sent_it(self, database: Database) -> None:
        claimed(database, "dead", alert())
        assert self.owed(database, "second", NOW + timedelta(minutes=10)) == []
        assert self.owed(database, "second", NOW + timedelta(minutes=10, seconds=1)) == ["thing/1"]
        assert self.owed(database, "third", NOW + timedelta(minutes=20)) == [], "the second sends it"

    def test_what_is_old_is_given_up(self, database: Database) -> None:
        claimed(database, "first", alert())
        database.write(lambda c: once.given_back(c, ["thing/1"], "first"))
        assert self.owed(database, "second", since=NOW + timedelta(seconds=1)) == []

    def test_what_is_owed_is_not_raised_again(self, database: Database) -> None:
        claimed(database, "first", alert())
        database.write(lambda c: once.given_back(c, ["thing/1"], "first"))
        assert claimed(database, "second", alert()) == []


def test_an_alert_says_what_since_when_and_what_to_do() -> None:
    assert alert().text("UTC") == "It happened.\nSince: 2026-11-17 06:00 UTC\nWhat to do: Mend it."
    assert replace(alert(), link="http://a/b").text("UTC").endswith("\nThe run: http://a/b")
