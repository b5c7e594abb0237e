"""Migration 0014 on what a demo left in version 0005 and the versions between made of it: all of it stays."""

from collections.abc import Callable

import pytest

from include.access.record import Access, record
from include.access.rights import Person
from include.database.engine import Database
from include.database.migrations import upgrade
from include.database.models import CallAccessRow
from tests.unit.database import version_0005
from tests.unit.database.seeding import Day

pytestmark = pytest.mark.long

BEFORE = "0013"


@pytest.fixture
def url(stored_at: Callable[[str], str]) -> str:
    return stored_at(BEFORE)


def test_who_reads_a_call_of_before_can_be_recorded(url: str) -> None:
    upgrade(url)
    database = Database(url)
    call_id = version_0005.dumped(url)["calls"][0]["call_id"]
    database.write(lambda c: record(c, Person("ana", lambda _: True), call_id, Access.TEXT))
    ((row),) = Day(database).rows(CallAccessRow)
    database.close()
    assert (row["person"], row["call_id"], row["what"]) == ("ana", call_id, "text")
