"""Prompts that stood for themselves are listed again, and go on to stand for the others."""

from collections.abc import Callable

import pytest
from sqlalchemy import text

from include.database import prompts
from include.database.engine import Database
from include.database.migrations import upgrade
from tests.unit.gpu_host.ivr.learned_prompts import learned_prompt
from tests.unit.gpu_host.ivr.sounds import melody

pytestmark = pytest.mark.long

BEFORE = "0024"
ONE, OTHER = "0123456789abcdef", "0123ffffffffffff"


@pytest.fixture
def url(stored_at: Callable[[str], str]) -> str:
    return stored_at(BEFORE)


def test_a_prompt_that_stood_for_itself_is_listed_again(url: str) -> None:
    database = Database(url)
    with database.writing() as connection:
        for prompt_id in (ONE, OTHER):
            prompts.add(connection, learned_prompt(melody(1), prompt_id), "gpu_a")
        connection.execute(text("UPDATE learned_prompts SET same_as = :one"), {"one": ONE})
        assert prompts.listed(connection) == []
    database.close()
    upgrade(url)
    database = Database(url)
    assert [one.prompt.prompt_id for one in database.read(prompts.listed)] == [ONE]
    database.close()
