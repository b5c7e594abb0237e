"""Of all who would tell a thing, one does; what reached nobody is anybody's again."""

from dataclasses import replace
from datetime import UTC, datetime
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


def test_only_who_has_it_gives_it_back(database: Database) -> None:
    claimed(database, "first", alert())
    database.write(lambda c: once.given_back(c, [alert()], "second"))
    assert claimed(database, "second", alert()) == []
    database.write(lambda c: once.given_back(c, [alert()], "first"))
    assert claimed(database, "second", alert()) == ["thing/1"]


def test_an_alert_says_what_since_when_and_what_to_do() -> None:
    assert alert().text("UTC") == "It happened.\nSince: 2026-11-17 06:00 UTC\nWhat to do: Mend it."
    assert replace(alert(), link="http://a/b").text("UTC").endswith("\nThe run: http://a/b")
