"""Whatever hosts and people say of learned prompts at the same time: of the same audio one stands for all."""

from collections.abc import Iterator, Mapping

import pytest
from sqlalchemy import Connection, select

from include.database import prompts
from include.database.engine import Database
from include.database.models import LearnedPromptRow
from include.errors import InvalidInput
from tests.unit.database.interleaving import Operation
from tests.unit.database.schedules import Search
from tests.unit.gpu_host.ivr.learned_prompts import learned_prompt
from tests.unit.gpu_host.ivr.sounds import melody

ONE, TWO, THREE, FOUR = (f"{digit:x}" * 16 for digit in (1, 2, 3, 4))


@pytest.fixture(scope="module")
def search(database_of_module: Database) -> Iterator[Search]:
    for number, prompt_id in enumerate((ONE, TWO, THREE, FOUR)):
        prompt = learned_prompt(melody(number), prompt_id)
        database_of_module.write(lambda c, prompt=prompt: prompts.add(c, prompt, "gpu_a"))
    replaces(TWO, ONE)(database_of_module)
    searched = Search(database_of_module, OPERATIONS, check)
    yield searched
    searched.close()


def replaces(prompt_id: str, other: str) -> Operation:
    """A host takes another prompt for the same audio."""
    return lambda database: database.write(lambda c: prompts.replaced_by(c, prompt_id, other))


def names(database: Database) -> None:
    """Somebody names a prompt, which may have been replaced meanwhile: then they are told so."""
    told = ""
    try:
        database.write(lambda c: prompts.name_prompt(c, ONE, "notice", "ana"))
    except InvalidInput as error:
        told = str(error)
    [row] = database.read(lambda c: c.execute(_ROWS.where(LearnedPromptRow.prompt_id == ONE)).all())
    assert bool(told) == (row.name != "notice"), (told, row)


_ROWS = select(LearnedPromptRow.prompt_id, LearnedPromptRow.same_as, LearnedPromptRow.name)
OPERATIONS: Mapping[str, Operation] = {
    "the third replaces the first": replaces(ONE, THREE),
    "the first replaces the third": replaces(THREE, ONE),
    "the fourth replaces the second": replaces(TWO, FOUR),
    "the second replaces the fourth": replaces(FOUR, TWO),
    "somebody names the first": names,
}


def check(connection: Connection, told: str) -> None:
    """Nobody stands for another who does not stand for itself, and the pair of before is still one."""
    rows = {row.prompt_id: row for row in connection.execute(_ROWS)}
    stands = {prompt_id: row.same_as or prompt_id for prompt_id, row in rows.items()}
    assert all(rows[other].same_as is None for other in stands.values()), (told, stands)
    assert stands[ONE] == stands[TWO], (told, stands)


@pytest.mark.long
@pytest.mark.parametrize("first", OPERATIONS)
def test_whatever_comes_between_two_statements_one_stands_for_all(search: Search, first: str) -> None:
    assert search.meet_all(first, OPERATIONS) > 1
