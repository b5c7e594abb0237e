"""Which connections the stack gives Airflow, and which it leaves as somebody has made them."""

import json
from pathlib import Path
from typing import Any

import pytest

from include.demo.connections import connections_of, import_into
from include.errors import CofiError

OF_STACK = connections_of({"gpu_a": 9001, "llm": 9100}, "token")
DATABASE = {"conn_type": "sqlite", "host": "/srv/cofi.db"}
LLM: dict[str, Any] = {"conn_type": "http", "host": "http://llm:8000/v1", "extra": '{"model": "qwen3-8b"}'}


class Airflow:
    """Its command `connections`, on connections in memory, exported with all fields that Airflow has."""

    def __init__(self, **known: dict[str, Any]) -> None:
        self.connections = known

    def __call__(self, *arguments: str) -> str:
        verb = arguments[:2]
        if verb == ("connections", "export"):
            fields = dict.fromkeys(("description", "login", "password", "host", "port", "schema", "extra"))
            whole = {name: {**fields, **connection} for name, connection in self.connections.items()}
            Path(arguments[4]).write_text(json.dumps(whole))
        else:
            assert verb == ("connections", "import") and arguments[3] == "--overwrite"
            self.connections |= json.loads(Path(arguments[2]).read_text())
        return "a line of some log\n"


def imported(airflow: Airflow, folder: Path) -> list[str]:
    return import_into(airflow, folder, OF_STACK, DATABASE)


def test_on_a_new_database_all_of_them_are_made(tmp_path: Path) -> None:
    airflow = Airflow()
    assert imported(airflow, tmp_path) == []
    assert airflow.connections == {"cofi_db": DATABASE, **OF_STACK}


def test_those_of_an_earlier_start_get_their_new_ports_and_token(tmp_path: Path) -> None:
    airflow = Airflow(cofi_db=DATABASE, **connections_of({"gpu_a": 32001, "llm": 32002}, "old"))
    assert imported(airflow, tmp_path) == []
    assert airflow.connections == {"cofi_db": DATABASE, **OF_STACK}


@pytest.mark.parametrize(
    "mine",
    [
        LLM,
        {**LLM, "host": "http://127.0.0.1:9100/v1"},
        {**LLM, "host": "http://127.0.0.1:9100/v1", "extra": "no JSON"},
        {**LLM, "host": "https://api.openai.com/v1", "password": "key"},
        {**OF_STACK["cofi_llm"], "extra": '{"model": "cofi-rules-1", "temperature": 0}'},
        {**OF_STACK["cofi_llm"], "password": "key"},
    ],
)
def test_an_llm_that_somebody_has_connected_is_kept_and_named(tmp_path: Path, mine: dict[str, Any]) -> None:
    airflow = Airflow(cofi_llm=mine)
    (told,) = imported(airflow, tmp_path)
    assert told.startswith("The connection cofi_llm under Admin > Connections is yours: it is kept")
    assert airflow.connections == {"cofi_db": DATABASE, "gpu_a": OF_STACK["gpu_a"], "cofi_llm": mine}


def test_the_stacks_own_is_known_again_after_the_page_has_saved_it(tmp_path: Path) -> None:
    saved = {
        **OF_STACK["cofi_llm"],
        "extra": '{\n  "model": "cofi-rules-1"\n}',
        "description": "",
        "login": "",
    }
    airflow = Airflow(cofi_llm=saved)
    assert imported(airflow, tmp_path) == []
    assert airflow.connections["cofi_llm"] == OF_STACK["cofi_llm"]


@pytest.mark.parametrize(
    "mine", [{"host": "10.0.0.7"}, {"host": "http://gpu-7:9001"}, {"extra": '{"verify": false}'}]
)
def test_a_gpu_host_that_somebody_has_connected_is_kept_too(tmp_path: Path, mine: dict[str, Any]) -> None:
    airflow = Airflow(gpu_a={**OF_STACK["gpu_a"], **mine})
    (told,) = imported(airflow, tmp_path)
    assert "gpu_a" in told
    assert airflow.connections["gpu_a"] == {**OF_STACK["gpu_a"], **mine}


def test_what_airflow_exported_is_kept_in_no_file(tmp_path: Path) -> None:
    imported(Airflow(cofi_llm={**LLM, "password": "secret-key"}), tmp_path)
    assert [file.name for file in tmp_path.iterdir()] == ["connections.json"]
    assert "secret-key" not in (tmp_path / "connections.json").read_text()


def test_what_nobody_can_decrypt_any_more_is_made_anew(tmp_path: Path) -> None:
    class OfALostKey(Airflow):
        def __call__(self, *arguments: str) -> str:
            if arguments[1] == "export":
                raise CofiError("`airflow connections export` failed:\ncryptography.fernet.InvalidToken")
            return super().__call__(*arguments)

    airflow = OfALostKey(cofi_llm=LLM)
    assert imported(airflow, tmp_path) == []
    assert airflow.connections["cofi_llm"] == OF_STACK["cofi_llm"]


def test_an_airflow_that_does_not_tell_its_connections_loses_none(tmp_path: Path) -> None:
    class Broken(Airflow):
        def __call__(self, *arguments: str) -> str:
            raise CofiError("no such table")

    with pytest.raises(CofiError, match="no such table"):
        imported(Broken(), tmp_path)
    assert list(tmp_path.iterdir()) == []
