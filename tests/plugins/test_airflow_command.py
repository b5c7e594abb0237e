"""`cofi airflow …` ends in a sentence where Airflow ends in a traceback; its own usage errors stay."""

import json
import os
import subprocess
import sys
from collections.abc import Callable

import pytest
from airflow.exceptions import DagNotFound

from cofi.airflow_command import sentence_of
from tests.airflow_home import REPOSITORY

WHERE = "`cofi --debug airflow …` shows where."
Told = tuple[int, str]


@pytest.fixture
def typed() -> Callable[..., Told]:
    """Runs a command of Airflow; its exit code, and what it says of an error."""

    def run(*words: str) -> Told:
        folders = os.pathsep.join([str(REPOSITORY), str(REPOSITORY / "plugins")])
        environment = {**os.environ, "PYTHONPATH": folders, "PYTHONWARNINGS": "ignore"}
        command = [sys.executable, "-m", "cofi.airflow_command", *words]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        return done.returncode, done.stderr.strip()

    return run


def test_an_error_is_a_sentence(typed: Callable[..., Told], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW__DATABASE__SQL_ALCHEMY_CONN", "sqlite:///airflow.db")
    code, told = typed("dags", "list")
    assert code == 1
    assert told.startswith("Cannot use relative path: `sqlite:///airflow.db` to connect to sqlite.")
    assert told.endswith(WHERE) and len(told.splitlines()) == 1


def test_wrong_usage_is_told_by_airflow(typed: Callable[..., Told]) -> None:
    code, told = typed("dags", "trigger", "audit_calls", "--logical-date", "nonsense")
    assert code == 2
    assert "argument -l/--logical-date: invalid parse value: 'nonsense'" in told
    assert "Traceback" not in told and WHERE not in told


def test_of_text_that_is_no_json_it_is_quoted() -> None:
    with pytest.raises(ValueError, match="Expecting value") as error:
        json.loads("day=2026-11-16")
    assert sentence_of(error.value).startswith("'day=2026-11-16' is no JSON (Expecting value: line 1")


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (DagNotFound("Dag id nosuch not found in DagModel"), "Dag id nosuch not found in DagModel. "),
        (ValueError("It ends with a stop."), "It ends with a stop. "),
        (ValueError("\n first \nthe schema of it"), "first. "),
        (NotImplementedError(), "NotImplementedError. "),
    ],
)
def test_a_message_is_told_by_its_first_line(error: Exception, sentence: str) -> None:
    assert sentence_of(error) == sentence + WHERE
