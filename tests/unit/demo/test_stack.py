"""Commands of Airflow on a stack."""

import json
from pathlib import Path

import pytest

from include.demo import stack
from include.demo.stack import Stack
from include.errors import CofiError

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
    monkeypatch.setenv("AIRFLOW__COFI__TIMEZONE", "Europe/Madrid")
    given = stack_whose_airflow(tmp_path, monkeypatch, "true").environment
    assert given.get(name) != "of another Airflow"
    assert given["AIRFLOW__COFI__TIMEZONE"] == "Europe/Madrid"
