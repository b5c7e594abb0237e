"""kill -9 at random, of whatever a run needs, on both kinds of stack: nothing is lost, nothing paid twice.

    make test-faults FAULTS=tests/faults/test_random_kills.py ROUNDS=15 [KILLS=2] [SEED=…] [ONLY=worker]

Each round is a day of its own; the table at the end tells what each has cost beside an undisturbed one.
"""

import random
from collections.abc import Iterator

import pytest

from tests.faults.celery_stack import CeleryStack, redis_server
from tests.faults.conftest import EMULATION, HOSTS, SETTINGS, Cofi, audit_undisturbed, started
from tests.faults.killing import Round, play, table, what_is_wrong
from tests.postgres import programs, running

pytestmark = [pytest.mark.airflow, pytest.mark.timeout(0)]


@pytest.fixture(params=["sqlite-local", "postgres-celery"])
def stack(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cofi]:
    home = tmp_path_factory.mktemp(request.param)
    if request.param == "sqlite-local":
        with started(home, SETTINGS, HOSTS, **EMULATION) as cofi:
            yield cofi
        return
    installed = programs()
    if installed is None or redis_server() is None:
        pytest.skip("needs the programs of PostgreSQL and Redis")
    with running(installed) as server:
        server.create("airflow")
        server.create("cofi")
        with started(home, SETTINGS, HOSTS, kind=CeleryStack, server=server, **EMULATION) as cofi:
            yield cofi


def test_rounds_of_random_kills(stack: Cofi, request: pytest.FixtureRequest) -> None:
    option = request.config.getoption
    seed = option("--seed")
    first = random.randrange(10**6) if seed is None else seed
    only = [kind for kind in option("--only").split(",") if kind]
    undisturbed_s = audit_undisturbed(stack)
    rounds: list[Round] = []
    wrong: dict[int, list[str]] = {}
    for number in range(option("--rounds")):
        played = play(stack, first + number, option("--kills"), undisturbed_s, only)
        rounds.append(played)
        print(table([played], undisturbed_s).splitlines()[1], flush=True)
        if found := what_is_wrong(stack, played):
            wrong[played.seed] = found
    print(f"\n{request.node.callspec.id}\n{table(rounds, undisturbed_s)}")
    assert wrong == {}
