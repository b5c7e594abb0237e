"""Whatever comes between two statements of whatever else: each call ends, and nobody waits in a circle."""

from collections.abc import Iterator, Mapping

import pytest

from include.calls.discovery_rules import Redo
from include.calls.stage import Stage
from include.database import prompts
from include.database.engine import Database
from include.database.work import StageJob
from tests.unit.database.interleaving import Operation
from tests.unit.database.schedules import Search
from tests.unit.database.seeding import HOST, Day, success
from tests.unit.database.two_runs import (
    AGAIN,
    ANEW,
    BEFORE,
    FIRST,
    HEARD,
    KNOWN,
    NEW,
    OLD,
    OLDER,
    RESCORE,
    SECOND,
    A,
    B,
    C,
    audited,
    check,
    discovers,
    ends,
    failed,
    make,
    moves,
    opens,
    plans,
    rescores_all,
    saves,
)

pytestmark = pytest.mark.long


def hears_again(database: Database) -> None:
    job = StageJob(FIRST.batch_id, 0, HOST, Stage.IVR)
    database.write(lambda c: prompts.hear_again(c, job, [HEARD.call_id]))


OPERATIONS: Mapping[str, Operation] = {
    "late audits": saves(FIRST, Stage.LLM2, audited(B, "run-1"), audited(A, "run-1")),
    "late audits of calls done again": saves(
        FIRST, Stage.LLM2, audited(ANEW, "run-1"), audited(AGAIN, "run-1")
    ),
    "late failures": saves(FIRST, Stage.LLM2, failed(B), failed(ANEW), failed(A), failed(AGAIN)),
    "late uploads": saves(FIRST, Stage.DISTRIBUTE, success(C, sha256="2" * 64), success(B, sha256="1" * 64)),
    "late language": saves(FIRST, Stage.LID, success(HEARD)),
    "hears again": hears_again,
    "end of the first run": ends(FIRST),
    "the first run opens again": opens(FIRST),
    "the run before opens again": opens(BEFORE),
    "end of the run before": ends(BEFORE),
    "the first run plans again": plans(FIRST, Redo.ALL),
    "move": moves,
    "plan": plans(SECOND, Redo.SKIP, FIRST),
    "plan anew": plans(SECOND, Redo.ALL, FIRST),
    "discovery": discovers(SECOND, (*NEW, *KNOWN)),
    "discovery of a copy": discovers(SECOND, (A, B), C),
    "the second run opens": opens(SECOND),
    "rescore": rescores_all,
    "rescored": saves(RESCORE, Stage.LLM2, audited(OLDER, "rescore"), audited(OLD, "rescore")),
    "rescore fails": saves(RESCORE, Stage.LLM2, failed(OLDER), failed(OLD)),
    "end of the rescore": ends(RESCORE),
}


@pytest.fixture(scope="module")
def search(database_of_module: Database) -> Iterator[Search]:
    make(Day(database_of_module))
    searched = Search(database_of_module, OPERATIONS, check)
    yield searched
    searched.close()


@pytest.mark.parametrize("first", OPERATIONS)
def test_whatever_comes_between_two_statements_each_call_ends(search: Search, first: str) -> None:
    assert search.meet_all(first, OPERATIONS) > 1
