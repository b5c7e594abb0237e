"""Which settings hold: airflow.cfg, then site.cfg, then .env, then the environment."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from include.command_line.site import Site
from include.demo.settings import LOCATION, SAMPLES_LOCATION
from include.errors import InvalidInput
from tests.unit.command_line.conftest import ROOT, Typed


def test_each_source_goes_before_the_one_before_it(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert Site.here().value("timezone") == "UTC"
    (home / "site.cfg").write_text(
        "[cofi]\ntimezone = Europe/Madrid\nlanguages = es\n[core]\nparallelism = 3\n"
    )
    assert Site.here().value("timezone") == "Europe/Madrid"
    (home / ".env").write_text("AIRFLOW__COFI__TIMEZONE='Europe/Paris'\n")
    assert Site.here().value("timezone") == "Europe/Paris"
    monkeypatch.setenv("AIRFLOW__COFI__TIMEZONE", "Asia/Tokyo")
    site = Site.here()
    assert site.value("timezone") == "Asia/Tokyo"
    assert site.settings == {
        "AIRFLOW__COFI__TIMEZONE": "Asia/Tokyo",
        "AIRFLOW__COFI__LANGUAGES": "es",
        "AIRFLOW__CORE__PARALLELISM": "3",
    }
    assert [site.source_of(name) for name in site.settings] == ["the environment", "site.cfg", "site.cfg"]


@pytest.mark.parametrize(
    ("line", "edited", "variable"),
    [
        ("gpu_hosts = gpu_a, gpu_b", "gpu_hosts = gpu_1, gpu_2, gpu_3", "AIRFLOW__COFI__GPU_HOSTS"),
        (f"recordings_location = {SAMPLES_LOCATION}", "recordings_location = s3://calls", LOCATION),
        ("[core]", "[core]\nexecutor = CeleryExecutor", "AIRFLOW__CORE__EXECUTOR"),
    ],
)
def test_what_the_demo_would_overrule_in_airflow_cfg_is_the_sites(
    home: Path, line: str, edited: str, variable: str
) -> None:
    assert Site.here().settings == {}
    text = (home / "airflow.cfg").read_text()
    assert f"{line}\n" in text
    (home / "airflow.cfg").write_text(text.replace(f"{line}\n", f"{edited}\n"))
    site = Site.here()
    assert site.settings == {variable: edited.rpartition(" = ")[2]}
    assert site.source_of(variable) == "airflow.cfg"
    (home / "site.cfg").write_text("[cofi]\ngpu_hosts = gpu_7\nrecordings_location = file:///srv\n")
    assert Site.here().settings["AIRFLOW__COFI__GPU_HOSTS"] == "gpu_7"
    assert Site.here().source_of(LOCATION) == "site.cfg"


def test_a_source_is_told_of_env_files_too(home: Path) -> None:
    (home / ".env").write_text('AIRFLOW_CONN_GPU_1=\'{"host": "gpu"}\'\nLLM_URL=http://llm/v1\nLLM_MODEL=m\n')
    site = Site.here()
    assert {name: site.source_of(name) for name in site.settings} == {
        "AIRFLOW_CONN_GPU_1": ".env",
        "AIRFLOW_CONN_COFI_LLM": ".env",
    }
    assert json.loads(site.settings["AIRFLOW_CONN_COFI_LLM"]) == {
        "conn_type": "http",
        "host": "http://llm/v1",
        "password": "",
        "extra": {"model": "m"},
    }


def test_what_a_command_took_over_from_the_file_is_still_told_as_the_files(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (home / ".env").write_text("LLM_URL=http://llm/v1\nLLM_MODEL=m\n")
    environment = dict(os.environ)
    monkeypatch.setattr("include.command_line.site.os.environ", environment)
    monkeypatch.setattr("include.command_line.site.os.umask", lambda _: 0)
    Site.here().enter()
    assert environment["LLM_URL"] == "http://llm/v1"
    assert Site.here(environment).source_of("AIRFLOW_CONN_COFI_LLM") == ".env"


def test_a_name_that_is_no_setting_is_refused_with_the_one_that_was_meant(home: Path, typed: Typed) -> None:
    (home / "site.cfg").write_text("[cofi]\nrecordings_locaton = /srv\n")
    code, _, error = typed("check")
    assert code == 1
    assert error.strip() == (
        f"{home}/site.cfg: [cofi] has no setting recordings_locaton; did you mean recordings_location?"
    )


@pytest.mark.parametrize("text", ["timezone = UTC\n", "[cofi]\ntimezone = UTC\ntimezone = UTC\n", "[cofi\n"])
def test_a_file_that_cannot_be_read_is_named(home: Path, text: str) -> None:
    (home / "site.cfg").write_text(text)
    with pytest.raises(InvalidInput, match=r"site\.cfg cannot be read: .*line"):
        _ = Site.here().settings


def test_an_airflow_of_something_else_is_not_taken_for_the_home(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRFLOW_HOME", str(tmp_path))
    assert Site.here().home == ROOT


def test_airflow_gets_the_sites_settings_home_and_programs(home: Path) -> None:
    (home / "site.cfg").write_text("[core]\nparallelism = 3\n")
    given = Site.here().airflow_environment()
    assert given["AIRFLOW_HOME"] == str(home)
    assert given["AIRFLOW__CORE__PARALLELISM"] == "3"
    assert given["PYTHONPATH"].split(os.pathsep)[:2] == [str(home), str(home / "plugins")]


@pytest.mark.parametrize("asked", [None, "default"])
def test_airflows_command_is_typed_as_it_is_and_its_libraries_warn_nobody_who_has_not_asked(
    home: Path, typed: Typed, monkeypatch: pytest.MonkeyPatch, asked: str | None
) -> None:
    ran: list[tuple[list[str], dict[str, str]]] = []
    monkeypatch.setattr(os, "execve", lambda _, words, environment: ran.append((words, environment)))
    monkeypatch.delenv("PYTHONWARNINGS", raising=False)
    if asked:
        monkeypatch.setenv("PYTHONWARNINGS", asked)
    typed("airflow", "dags", "list", "--output", "plain")
    [(words, environment)] = ran
    assert words[1:] == ["-m", "cofi.airflow_command", "dags", "list", "--output", "plain"]
    assert environment["PYTHONWARNINGS"] == (asked or "ignore")


@pytest.mark.process
def test_airflows_command_waits_for_no_database_library() -> None:
    """It hands over to Airflow, which loads its own: these took two thirds of the time until then."""
    loaded = "import sys, include.command_line.airflow; print({'sqlalchemy', 'alembic'} & set(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", loaded], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout == "set()\n"


def test_whoever_asks_where_an_error_came_from_gets_airflows_own_command(
    home: Path, typed: Typed, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran: list[list[str]] = []
    monkeypatch.setattr(os, "execve", lambda _, words, environment: ran.append(words))
    typed("--debug", "airflow", "dags", "list")
    [(program, *words)] = ran
    assert program.endswith("/airflow") and words == ["dags", "list"]


@pytest.mark.parametrize(
    ("given", "url"),
    [
        ('{"conn_type": "sqlite", "host": "/srv/cofi.db"}', "sqlite:////srv/cofi.db"),
        (
            '{"conn_type": "postgres", "host": "db", "port": 5433, "schema": "cofi", "login": "me",'
            ' "password": "p@"}',
            "postgresql+psycopg://me:p%40@db:5433/cofi",
        ),
        ("postgres://me:secret@db/cofi", "postgresql+psycopg://me:secret@db/cofi"),
        ("sqlite:////srv/cofi.db", "sqlite:////srv/cofi.db"),
        (
            '{"conn_type": "postgres", "host": "db", "schema": "cofi", "extra": {"sslmode": "verify-full"}}',
            "postgresql+psycopg://db/cofi?sslmode=verify-full",
        ),
        (
            '{"conn_type": "postgres", "host": "db", "extra": "{\\"sslmode\\": \\"require\\"}"}',
            "postgresql+psycopg://db?sslmode=require",
        ),
    ],
)
def test_the_database_is_that_of_the_connection(
    home: Path, monkeypatch: pytest.MonkeyPatch, given: str, url: str
) -> None:
    assert Site.here().database_url == f"sqlite:///{home}/var/cofi.db"
    monkeypatch.setenv("AIRFLOW_CONN_COFI_DB", given)
    assert Site.here().database_url == url


@pytest.mark.parametrize(
    "given",
    [
        *("mysql://db/cofi", '{"conn_type": "mysql"}', "{", "{}", "sqlite:///cofi.db"),
        *('{"conn_type": "sqlite"}', '{"conn_type": "postgres", "extra": "x"}', '{"conn_type": 5}'),
    ],
)
def test_another_database_is_refused_without_telling_what_was_given(
    home: Path, monkeypatch: pytest.MonkeyPatch, given: str
) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_COFI_DB", given)
    with pytest.raises(InvalidInput, match="AIRFLOW_CONN_COFI_DB is no connection to a database of cofi"):
        _ = Site.here().database_url
