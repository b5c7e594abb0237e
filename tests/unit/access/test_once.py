"""What is asked for twice is done once."""

import pytest

from include.access.once import once
from include.access.rights import Person
from include.database.engine import Database
from include.database.models import AnsweredRequestRow
from tests.unit.database.conftest import database, day, migrated_url, new_url
from tests.unit.database.seeding import Day

__all__ = ["database", "day", "migrated_url", "new_url"]

ANA, BEN = (Person(name, lambda _: True) for name in ("ana", "ben"))


def _asked(database: Database, person: Person, key: str, done: list[str]) -> dict[str, object]:
    def work() -> dict[str, object]:
        done.append(key)
        return {"number": len(done)}

    return database.write(lambda connection: once(connection, person, key, work))


@pytest.mark.long
def test_the_same_key_of_the_same_person_is_done_once(database: Database) -> None:
    done: list[str] = []
    told = [_asked(database, ANA, "k1", done) for _ in range(3)]
    assert done == ["k1"]
    assert told == [{"number": 1}] * 3


def test_keys_of_others_and_empty_ones_are_requests_of_their_own(database: Database) -> None:
    done: list[str] = []
    for person, key in ((ANA, "k1"), (BEN, "k1"), (ANA, "k2"), (ANA, ""), (ANA, "")):
        _asked(database, person, key, done)
    assert done == ["k1", "k1", "k2", "", ""]


def test_what_fails_is_not_taken_for_done(database: Database, day: Day) -> None:
    def fail() -> dict[str, object]:
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        database.write(lambda connection: once(connection, ANA, "k1", fail))
    assert not day.rows(AnsweredRequestRow)
