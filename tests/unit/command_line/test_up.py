"""`cofi up` on a stack that runs: what was set since then holds, and what is told is so."""

import json
import os
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

import include
from include.command_line import demo
from include.command_line import stack as command
from include.command_line.site import Site
from include.database import migrations
from include.demo import stack as embedded
from include.demo.stack import AIRFLOW_COMPONENTS, Stack
from include.errors import CofiError
from tests.unit.command_line.conftest import Typed

OWN = "[cofi]\nrecordings_location = file:///srv/recordings\n"
RUNS_SO = "The stack already runs with these settings."


class Scripted(Stack):
    """Its Airflow is a script that waits to be ended; it has neither GPU hosts nor an LLM."""

    def preferred_ports(self) -> dict[str, int]:
        return dict.fromkeys(super().preferred_ports(), 0)

    def start_services(self, ports: Mapping[str, int], gpu_token: str) -> None:
        pass

    def airflow_command(self, *arguments: str) -> str:
        return ""

    def _await_all(self, ports: Mapping[str, int], gpu_token: str) -> None:
        pass


@pytest.fixture
def stack(home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stack]:
    """The site's stack, not started."""
    program = home / "airflow"
    program.write_text("#!/bin/sh\nexec sleep 600\n")
    program.chmod(0o755)
    monkeypatch.setattr(embedded, "_executable", lambda _: str(program))
    monkeypatch.setattr(migrations, "upgrade", lambda *_: None)
    monkeypatch.setattr(command, "Stack", Scripted)
    one = Scripted(home)
    yield one
    one.down()


@pytest.fixture
def unchanged(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a test sets is as it was after it."""
    monkeypatch.setattr(include, "__version__", include.__version__)
    monkeypatch.setenv("COFI_GPU_HOST_LEARN_MIN_CALLS", "")
    monkeypatch.delenv("COFI_GPU_HOST_LEARN_MIN_CALLS")


def pids(stack: Stack) -> dict[str, int]:
    return {process.name: process.pid for process in stack.processes.started if process.alive}


def environment_of(pid: int) -> list[str]:
    return Path(f"/proc/{pid}/environ").read_text().split("\0")


def test_what_was_set_since_the_start_holds_after_up_which_says_so(
    home: Path, typed: Typed, stack: Stack
) -> None:
    assert typed("up")[0] == 0
    before = pids(stack)
    assert set(before) == {*AIRFLOW_COMPONENTS}
    (home / "site.cfg").write_text(OWN)
    code, told, error = typed("up")
    assert code == 0, error
    after = pids(stack)
    assert set(after) == {*AIRFLOW_COMPONENTS} and not {*after.values()} & {*before.values()}
    assert "Set otherwise since the stack was started: [cofi] recordings_location. " in told
    assert "[cofi] recordings_location = file:///srv/recordings from site.cfg" in told
    for pid in after.values():
        assert "AIRFLOW__COFI__RECORDINGS_LOCATION=file:///srv/recordings" in environment_of(pid)


def test_without_a_difference_nothing_is_started_again_and_that_is_said(
    home: Path, typed: Typed, stack: Stack
) -> None:
    typed("up")
    before = pids(stack)
    (home / "site.cfg").write_text("# a thought\n[cofi]\n")
    (home / "airflow.cfg").write_text("# another one\n" + (home / "airflow.cfg").read_text())
    code, told, _ = typed("up")
    assert (code, pids(stack)) == (0, before)
    assert told.count(RUNS_SO) == 1 and "Airflow: http://127.0.0.1:" in told
    assert "Set otherwise" not in told


def other_line(home: Path) -> None:
    file, line = home / "airflow.cfg", "\norphaned_tasks_check_interval = 1"
    assert line in file.read_text()
    file.write_text(file.read_text().replace(line, f"{line}5"))


def other_llm(home: Path) -> None:
    (home / ".env").write_text("LLM_URL=http://llm/v1\nLLM_MODEL=m\n")


def other_hosts(home: Path) -> None:
    os.environ["COFI_GPU_HOST_LEARN_MIN_CALLS"] = "3"  # .env is given to the environment, too


def other_version(home: Path) -> None:
    include.__version__ = "0.0.0"


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (other_line, "[scheduler] orphaned_tasks_check_interval"),
        (other_llm, "the connection cofi_llm"),
        (other_hosts, "COFI_GPU_HOST_LEARN_MIN_CALLS"),
        (other_version, "the version of cofi"),
    ],
)
@pytest.mark.usefixtures("unchanged")
def test_whatever_its_processes_were_given_at_their_start_counts(
    home: Path, typed: Typed, stack: Stack, change: Callable[[Path], None], named: str
) -> None:
    typed("up")
    before = pids(stack)
    change(home)
    code, told, _ = typed("up")
    assert code == 0
    assert f"Set otherwise since the stack was started: {named}. " in told
    assert not {*pids(stack).values()} & {*before.values()}
    assert typed("up")[1].count(RUNS_SO) == 1, "the new settings are those that it runs with"


def test_no_secret_is_kept_to_compare_with(home: Path, typed: Typed, stack: Stack) -> None:
    (home / ".env").write_text("LLM_URL=http://llm/v1\nLLM_MODEL=m\nLLM_API_KEY=secret-key\n")
    typed("up")
    state = (home / "var" / "stack" / "state.json").read_text()
    assert "secret-key" not in state and "AIRFLOW_CONN_COFI_LLM" in json.loads(state)["started_with"]


def test_one_that_an_older_version_has_started_is_started_again(
    home: Path, typed: Typed, stack: Stack
) -> None:
    typed("up")
    before = pids(stack)
    file = home / "var" / "stack" / "state.json"
    file.write_text(json.dumps({"ports": json.loads(file.read_text())["ports"]}))
    assert "since the stack was started: the version of cofi. " in typed("up")[1]
    assert not {*pids(stack).values()} & {*before.values()}


def test_hosts_and_recordings_that_airflow_cfg_names_are_not_the_demos(
    home: Path, typed: Typed, stack: Stack
) -> None:
    text = (home / "airflow.cfg").read_text()
    text = text.replace("\ngpu_hosts = gpu_a, gpu_b\n", "\ngpu_hosts = gpu_1, gpu_2, gpu_3\n")
    text = text.replace("\nrecordings_location = ", "\nrecordings_location = s3://calls\n# ")
    (home / "airflow.cfg").write_text(text)
    _, told, _ = typed("up")
    assert "[cofi] gpu_hosts = gpu_1, gpu_2, gpu_3 from airflow.cfg, instead of the demo's two" in told
    assert "with a day of your recordings" in told
    for pid in pids(stack).values():
        given = dict(line.partition("=")[::2] for line in environment_of(pid))
        assert given["AIRFLOW__COFI__GPU_HOSTS"] == "gpu_1, gpu_2, gpu_3"
        assert not given.keys() & {"AIRFLOW__CORE__PARALLELISM", "AIRFLOW__COFI__MIN_AGE_S"}
    code, _, _ = typed("init", "--yes", "--recordings", "samples", "--gpu-host", "demo", "--llm-url", "demo")
    assert code == 0
    told = typed("up")[1]
    assert "[core] parallelism = 8" in told and "with day 2026-11-16" in told


def test_json_is_all_that_is_printed(home: Path, typed: Typed, stack: Stack) -> None:
    typed("up", "--json")
    (home / "site.cfg").write_text(OWN)
    code, told, _ = typed("up", "--json")
    assert code == 0
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+", json.loads(told)["url"])
    assert Site.here().settings["AIRFLOW__COFI__RECORDINGS_LOCATION"] == "file:///srv/recordings"


def test_the_demo_takes_no_stack_of_other_recordings_and_starts_none_of_its_own_again(
    home: Path, typed: Typed, stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    def triggered(*_: object, **__: object) -> None:
        raise CofiError("triggered")

    monkeypatch.setattr(demo, "Stack", Scripted)
    monkeypatch.setattr(demo, "_trigger", triggered)
    (home / "site.cfg").write_text(OWN)
    typed("up")
    mine = pids(stack)
    code, _, error = typed("demo")
    assert (code, pids(stack)) == (1, mine)
    assert "was started with other settings than the demo's: `cofi down`, then `cofi demo`" in error
    (home / "site.cfg").unlink()
    typed("up")
    of_samples = pids(stack)
    (home / "site.cfg").write_text(OWN)
    assert typed("demo")[2] == "triggered\n"
    assert pids(stack) == of_samples
