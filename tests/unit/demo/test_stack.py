"""A stack whose Airflow is a script: its commands, its components, its ports."""

import asyncio
import json
import re
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given as given_by_hypothesis
from hypothesis import strategies

from include.database import migrations
from include.demo import keeping, settings, stack
from include.demo.ports import Reservation
from include.demo.processes import only_one
from include.demo.stack import AIRFLOW_COMPONENTS, Stack
from include.errors import CofiError
from tests.unit.demo.test_connections import LLM, Airflow
from tests.waiting import until

PORTS = {"airflow": 1, "worker_log": 2, "triggerer_log": 3}


def stack_whose_airflow(home: Path, monkeypatch: pytest.MonkeyPatch, does: str) -> Stack:
    """A stack with a shell script for `airflow`; each call adds a line to the file `calls`."""
    program = home / "airflow"
    program.write_text(f'#!/bin/sh\necho "$*" >> {home}/calls\n{does}\n')
    program.chmod(0o755)
    (home / "var" / "stack").mkdir(parents=True)
    (home / "var" / "stack" / "state.json").write_text(json.dumps({"ports": PORTS}))
    monkeypatch.setattr(stack, "_executable", lambda _: str(program))
    monkeypatch.setattr(stack.time, "sleep", lambda _: None)
    return Stack(home)


def test_a_command_that_sqlite_refuses_is_given_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first_two = f"[ $(wc -l < {tmp_path}/calls) -lt 3 ]"
    locked = f"{first_two} && {{ echo 'database is locked' >&2; exit 1; }}; echo made"
    one = stack_whose_airflow(tmp_path, monkeypatch, locked)
    assert one.airflow_command("backfill", "create") == "made\n"
    assert (tmp_path / "calls").read_text() == "backfill create\n" * 3


def test_a_command_that_fails_is_told_with_its_output(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = stack_whose_airflow(tmp_path, monkeypatch, "echo no such dag >&2; exit 2")
    with pytest.raises(CofiError, match=r"`airflow dags test` failed:\nno such dag"):
        broken.airflow_command("dags", "test")
    assert len((tmp_path / "calls").read_text().splitlines()) == 1


@pytest.mark.parametrize("name", ["AIRFLOW__CORE__PARALLELISM", "_AIRFLOW_PARSING_CONTEXT_TASK_ID"])
def test_what_another_airflow_left_in_the_environment_is_not_inherited(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv(name, "of another Airflow")
    given = stack_whose_airflow(tmp_path, monkeypatch, "true").environment
    assert given.get(name) != "of another Airflow"


def given(home: Path, monkeypatch: pytest.MonkeyPatch, **settings: str) -> Stack:
    """A stack for which somebody has set something."""
    stack_whose_airflow(home, monkeypatch, "true")
    return Stack(home, settings)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("AIRFLOW__COFI__SHARD_AUDIO_S", "900"),
        ("AIRFLOW__COFI__LLM_NAMES_KEPT", "Acme"),
        ("AIRFLOW__COFI__EMPTY_DAY", "fail"),
        ("AIRFLOW__COFI__TIMEZONE", "Europe/Madrid"),
        ("AIRFLOW__CORE__PARALLELISM", "3"),
        ("AIRFLOW__DATABASE__SQL_ALCHEMY_CONN", "postgresql+psycopg://db/airflow"),
        ("AIRFLOW__API__BASE_URL", "https://cofi.example/airflow"),
        ("AIRFLOW_CONN_COFI_WEBHOOK", "{}"),
    ],
)
def test_what_was_set_holds_before_what_the_demo_would_set(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    assert given(tmp_path, monkeypatch, **{name: value}).environment[name] == value


def test_tasks_find_the_api_server_whatever_address_people_use(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    base = {"AIRFLOW__API__BASE_URL": "https://cofi.example/airflow"}
    stack = given(tmp_path, monkeypatch, **base)
    assert stack.environment["AIRFLOW__CORE__EXECUTION_API_SERVER_URL"] == (
        "http://127.0.0.1:1/airflow/execution/"
    )


def test_hosts_and_llm_of_ones_own_are_used_instead_of_the_demos(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine = {
        "AIRFLOW__COFI__GPU_HOSTS": "gpu_1, gpu_a",
        "AIRFLOW_CONN_GPU_1": '{"conn_type": "http", "host": "10.0.0.1"}',
        "AIRFLOW_CONN_COFI_LLM": '{"conn_type": "http", "host": "http://llm/v1"}',
    }
    stack = given(tmp_path, monkeypatch, **mine)
    assert (stack.hosts, stack.own_hosts, stack.has_own_llm) == (("gpu_1", "gpu_a"), ("gpu_a",), False)
    assert set(stack.preferred_ports()) == {"airflow", "worker_log", "triggerer_log", "gpu_a"}
    # What was for two small hosts does not hold for others.
    assert "AIRFLOW__COFI__SHARD_AUDIO_S" not in stack.environment


def test_the_sample_calls_settings_are_not_for_other_recordings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    location = {"AIRFLOW__COFI__RECORDINGS_LOCATION": "file:///srv/recordings"}
    own = given(tmp_path, monkeypatch, **location).environment
    assert "AIRFLOW__COFI__MIN_AGE_S" not in own and "AIRFLOW__COFI__EMPTY_DAY" not in own


def test_what_was_set_is_told_with_where() -> None:
    parallelism = {"AIRFLOW__CORE__PARALLELISM": "3"}
    assert next(settings.describe(parallelism, lambda _: "site.cfg")) == (
        "[core] parallelism = 3 from site.cfg, instead of the demo's 8"
    )
    mine = {
        "AIRFLOW__CORE__PARALLELISM": "3",
        "AIRFLOW__CORE__EXECUTOR": "CeleryExecutor",
        "AIRFLOW__COFI__GPU_HOSTS": "gpu_1",
        "AIRFLOW_CONN_COFI_LLM": '{"password": "secret"}',
    }
    described = list(settings.describe(mine, lambda _: "site.cfg"))
    assert [line for line in described if not line.startswith("Set for ")] == [
        "[core] parallelism from site.cfg",
        "[core] executor = CeleryExecutor from site.cfg does not hold here: `cofi up` starts no other.",
        "[cofi] gpu_hosts = gpu_1 from site.cfg, instead of the demo's two",
        "The LLM is the one that site.cfg names, instead of the demo's endpoint",
    ]


MINE = {
    "AIRFLOW__COFI__RECORDINGS_LOCATION": "file:///srv/recordings",
    "AIRFLOW__COFI__GPU_HOSTS": "gpu_1, gpu_2, gpu_3",
    "AIRFLOW_CONN_GPU_A": "{}",
    "AIRFLOW__CORE__PARALLELISM": "64",
    "AIRFLOW__COFI__TASK_RETRY_DELAY_S": "60",
    "AIRFLOW__COFI__MIN_AGE_S": "5",
}


@given_by_hypothesis(strategies.sets(strategies.sampled_from(sorted(MINE))))
def test_whatever_the_stack_sets_itself_is_told(names: set[str]) -> None:
    mine = {name: MINE[name] for name in names}
    told = "\n".join(settings.describe(mine, lambda _: "site.cfg"))
    own = settings.own_settings(mine)
    assert own.keys() - mine.keys()
    for name, value in own.items():
        if name not in mine:
            assert settings.called(name) in told
            assert len(value) > 20 or f"{settings.called(name)} = {value}" in told


@pytest.mark.parametrize(
    ("mine", "parallelism"),
    [
        ({}, "8"),
        ({"AIRFLOW__COFI__RECORDINGS_LOCATION": "file:///srv/recordings"}, "8"),
        ({"AIRFLOW__COFI__GPU_HOSTS": " gpu_a,gpu_b "}, "8"),
        # 3 hosts need 3 x (1 + 2) + 10: what airflow.cfg says must hold.
        ({"AIRFLOW__COFI__GPU_HOSTS": "gpu_1, gpu_2, gpu_3"}, None),
        ({"AIRFLOW_CONN_GPU_B": '{"conn_type": "http", "host": "10.0.0.1"}'}, None),
    ],
)
def test_tasks_at_once_are_few_for_the_demos_hosts_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mine: dict[str, str], parallelism: str | None
) -> None:
    environment = given(tmp_path, monkeypatch, **mine).environment
    assert environment.get("AIRFLOW__CORE__PARALLELISM") == parallelism
    assert environment.get("AIRFLOW__COFI__TASK_RETRY_DELAY_S") == ("5" if parallelism else None)


class WithoutServices(Stack):
    """One of Airflow alone, on ports that no other prefers."""

    def preferred_ports(self) -> dict[str, int]:
        return dict.fromkeys(super().preferred_ports(), 0)

    def start_services(self, ports: Mapping[str, int], gpu_token: str) -> None:
        pass


def of_airflow_alone(home: Path, monkeypatch: pytest.MonkeyPatch, does: str) -> Stack:
    stack_whose_airflow(home, monkeypatch, does)
    monkeypatch.undo()  # time passes
    monkeypatch.setattr(stack, "_executable", lambda _: str(home / "airflow"))
    (home / "include").symlink_to(Path(keeping.__file__).parents[1])
    return WithoutServices(home, hosts=())


@pytest.mark.process
def test_a_component_that_cannot_start_fails_up_with_the_end_of_its_log(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    does = 'case "$1" in scheduler) echo "no such table: job" >&2; exit 3;; db|connections) exit;; esac'
    does += "; sleep 60"
    broken = of_airflow_alone(tmp_path, monkeypatch, does)
    with pytest.raises(CofiError) as raised:
        broken.up(say=lambda _: None)
    first, *log = str(raised.value).splitlines()
    assert first == f"scheduler ends whenever it is started. The end of {tmp_path}/var/stack/scheduler.log:"
    assert log.count("no such table: job") == 3
    assert re.fullmatch(
        "scheduler ended with status 3 at .* UTC after 0 s; starting it again in 4 s", log[-1]
    )
    assert broken.processes.started == [], "nothing of it is left"
    calls = (tmp_path / "calls").read_text().splitlines()
    assert {*AIRFLOW_COMPONENTS} < {*calls}


@pytest.mark.process
def test_what_does_not_answer_in_time_fails_up_with_the_end_of_its_log(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    silent = of_airflow_alone(tmp_path, monkeypatch, 'case "$1" in api-server) echo busy; sleep 60;; esac')

    def unwell(*_: object) -> bool:
        asyncio.run(until(lambda: "busy" in silent.processes.log_of("api-server").read_text()))
        return False

    monkeypatch.setattr(stack.AirflowApi, "healthy", unwell)
    monkeypatch.setattr(stack, "_START_S", 1)
    monkeypatch.setattr(silent, "airflow_command", lambda *_: "")
    ended = r"(?s)api-server is not there after .* process runs.*The end of .*\nbusy"
    with pytest.raises(CofiError, match=ended):
        silent.up(say=lambda _: None)


def test_an_llm_of_ones_own_in_airflow_outlives_a_start_which_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    airflow = Airflow(cofi_llm=LLM)
    one = of_airflow_alone(tmp_path, monkeypatch, "sleep 60")
    monkeypatch.setattr(migrations, "upgrade", lambda *_: None)
    monkeypatch.setattr(
        one, "airflow_command", lambda *given: airflow(*given) if given[0] == "connections" else ""
    )
    monkeypatch.setattr(one, "_await_all", lambda *_: None)
    try:
        (told,) = one.up(say=lambda _: None)
    finally:
        one.down()
    assert "cofi_llm" in told and airflow.connections["cofi_llm"] == LLM


def test_only_a_database_that_was_there_is_asked_for_its_connections(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = of_airflow_alone(tmp_path, monkeypatch, "sleep 60")
    commands: list[tuple[str, ...]] = []

    def noted(*words: str) -> str:
        commands.append(words[:2])
        one._airflow_database.touch()
        return ""

    monkeypatch.setattr(one, "airflow_command", noted)
    monkeypatch.setattr(migrations, "upgrade", lambda *_: None)
    monkeypatch.setattr(one, "start_airflow", lambda *_: None)
    monkeypatch.setattr(one, "_await_all", lambda *_: None)
    migrate, export, take = ("db", "migrate"), ("connections", "export"), ("connections", "import")
    one.up(say=lambda _: None)
    assert commands == [migrate, take]
    one.up(say=lambda _: None)
    assert commands[2:] == [migrate, export, take]


def test_a_command_that_does_not_end_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stack, "_START_S", 1)
    endless = stack_whose_airflow(tmp_path, monkeypatch, "exec sleep 60")
    with pytest.raises(CofiError, match="`airflow dags list` has not ended after 1 s: this machine may be"):
        endless.airflow_command("dags", "list")


def test_two_do_not_start_it_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one = of_airflow_alone(tmp_path, monkeypatch, "sleep 60")
    with only_one(one.var / "stack"), pytest.raises(CofiError, match="Another command is starting the stack"):
        one.up(say=lambda _: None)


@pytest.mark.long
def test_ports_are_held_from_before_a_server_listens_until_the_stack_is_down(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = of_airflow_alone(tmp_path, monkeypatch, "sleep 60")
    monkeypatch.setattr(one, "airflow_command", lambda *_: "")
    monkeypatch.setattr(one, "_await_all", lambda *_: None)
    one.up(say=lambda _: None)
    try:
        with Reservation() as other:
            assert {other.take(port) for port in one.ports.values()}.isdisjoint(one.ports.values())
    finally:
        one.down()
    with Reservation() as other:
        assert {other.take(port) for port in one.ports.values()} == {*one.ports.values()}


def test_the_embedded_airflow_runs_its_own_tasks_and_makes_its_own_logins(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = stack_whose_airflow(tmp_path, monkeypatch, "true").environment
    assert given["AIRFLOW__CORE__EXECUTOR"] == "LocalExecutor"
    assert given["AIRFLOW__CORE__AUTH_MANAGER"].endswith(".SimpleAuthManager")
