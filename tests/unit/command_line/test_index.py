"""`cofi db index`: search and trends learn what an older version has heard and audited."""

import json
from pathlib import Path

import pytest
from alembic import command

from include.database.engine import Database
from include.database.migrations import config, upgrade
from include.review.machine import newest_day
from include.search.filters import Filters
from include.search.finding import find
from include.trends.reading import scorecards_counted
from tests.unit.command_line.conftest import Typed
from tests.unit.database import version_0005


@pytest.mark.long
def test_calls_of_an_older_version_are_found_and_counted(typed: Typed, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'old.db'}"
    version_0005.load(url, version_0005.rows())
    command.upgrade(config(url), "0011")
    upgrade(url)

    code, printed, _ = typed("db", "index", "--db", url, "--json")

    told = json.loads(printed)
    assert code == 0
    assert told["transcripts"] > 0
    assert told["days"]
    database = Database(url)
    with database.reading() as connection:
        assert find(connection, Filters(text="riverside")).calls
        assert scorecards_counted(connection)
        assert newest_day(connection)
    database.close()
    again = json.loads(typed("db", "index", "--db", url, "--json")[1])
    assert again == {"transcripts": 0, "days": []}
