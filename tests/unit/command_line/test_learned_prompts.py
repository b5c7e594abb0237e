"""Learned prompts, as the site's engineer looks at them, names and refuses them."""

import json
from pathlib import Path

import pytest

from include.database import prompts
from include.database.engine import Database
from tests.empty_database import empty_database
from tests.unit.command_line.conftest import Typed
from tests.unit.gpu_host.ivr.learned_prompts import learned_prompt
from tests.unit.gpu_host.ivr.sounds import melody

ID = "0123456789abcdef"


@pytest.fixture
def db(tmp_path: Path) -> str:
    return empty_database(tmp_path / "cofi.db")


@pytest.fixture
def learned(db: str) -> str:
    database = Database(db)
    database.write(lambda c: prompts.add(c, learned_prompt(melody(1), ID), "gpu_a"))
    database.close()
    return db


def test_nothing_learned_says_so(db: str, typed: Typed) -> None:
    code, told, _ = typed("prompts", "learned", "--db", db)
    assert code == 0 and "Nothing is learned yet" in told


@pytest.mark.long
def test_what_was_learned_is_listed_named_and_refused(learned: str, typed: Typed) -> None:
    code, told, _ = typed("prompts", "learned", "--db", learned)
    assert code == 0 and ID in told and "0:00:01.2" in told
    assert typed("prompts", "name", "01234567", "notice", "--db", learned)[:1] == (0,)
    code, told, _ = typed("prompts", "refuse", ID, "--db", learned)
    assert code == 0 and "left in calls" in told
    code, told, _ = typed("prompts", "learned", "--json", "--db", learned)
    [row] = json.loads(told)
    assert (row["name"], row["refused"], row["host"]) == ("notice", "yes", "gpu_a")
    assert typed("prompts", "refuse", ID, "--undo", "--db", learned)[0] == 0


def test_an_unknown_one_is_an_error_with_its_mend(learned: str, typed: Typed) -> None:
    code, _, error = typed("prompts", "name", "ffff", "notice", "--db", learned)
    assert code == 1 and "cofi prompts learned" in error
