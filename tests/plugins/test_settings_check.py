"""`cofi check` tells all that is wrong with settings at once: of cofi, and of Airflow."""

import json
import os
import subprocess
import sys
from dataclasses import fields
from pathlib import Path

import pytest

from cofi import settings_check
from cofi.settings import Settings
from include.errors import InvalidInput
from tests.airflow_home import REPOSITORY
from tests.empty_database import empty_database
from tests.plugins.conftest import Connect

NUMBERS = sorted(field.name for field in fields(Settings) if field.type in (int, float))


def test_as_shipped_nothing_is_wrong() -> None:
    assert settings_check.of_cofi() == []
    odd = settings_check.of_airflow()
    assert odd["wrong"] == {}


def test_all_that_is_wrong_is_told_at_once(setting: Connect) -> None:
    setting("gpu_attempts", "three")
    setting("min_age_s", "nan")
    setting("uploads_at_once", 0)
    setting("traced_calls_share", 7)
    assert settings_check.of_cofi() == [
        "[cofi] min_age_s = nan: enter 0 or more.",
        "[cofi] gpu_attempts = three is not of the kind int: correct it.",
        "[cofi] uploads_at_once = 0: enter 1 or more.",
        "[cofi] traced_calls_share = 7: enter a share from 0 to 1.",
    ]


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("timezone", "Mars/Phobos", "there is no such time zone"),
        ("timezone", "../etc/passwd", "there is no such time zone"),
        ("schedule", "99 * * * *", "write it as cron does"),
        ("close_runs_schedule", "daily", "write it as cron does"),
        ("alert_deadline", "8 o'clock", "write a time of day like 08:00"),
        ("expected_recordings_min", "many", "write a number of recordings"),
        ("empty_day", "sigh", "enter one of"),
        ("stereo_roles", "agent, caller", "the roles are"),
        ("recorder", "ours", "There is no recorder 'ours'"),
        ("manifest_date_order", "european", "write DMY, MDY, YMD or nothing"),
        ("webhook_retry_delays_min", "5, soon", "write minutes"),
        ("agents_of_people", "/no/such.csv", "/no/such.csv"),
        ("vocabulary", "4711", "is no name or term"),
        ("languages", "en, English", "there is no language english; write codes of ISO 639-1"),
        ("languages", "en-US", "there is no language en-us"),
        ("uploads_per_task", 65, "is more than uploads_at_once = 64"),
    ],
)
def test_what_only_some_tasks_or_pages_read_is_told_too(
    setting: Connect, name: str, value: object, expected: str
) -> None:
    setting(name, value)
    [problem] = settings_check.of_cofi()
    assert expected in problem


@pytest.mark.parametrize("value", ["nan", "inf", "-inf", "-2", "1e999", "-0.5"])
@pytest.mark.parametrize("name", NUMBERS)
def test_no_number_is_negative_endless_or_none(setting: Connect, name: str, value: str) -> None:
    setting(name, value)
    with pytest.raises(InvalidInput, match=rf"^\[cofi\] {name} = "):
        Settings.load()


def test_lines_for_airflow_that_it_does_not_know_or_cannot_read_are_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, value in {
        "AIRFLOW__CORE__PARALELISM": "3",
        "AIRFLOW__CORE__MAX_ACTIVE_TASKS_PER_DAG": "many",
        "AIRFLOW__SCHEDULAR__PARSING_PROCESSES": "1",
        "AIRFLOW__CORE__DEFAULT_TIMEZONE": "Mars",
        # These are right.
        "AIRFLOW__CELERY__BROKER_URL_CMD": "echo redis://",
        "AIRFLOW__CELERY_BROKER_TRANSPORT_OPTIONS__VISIBILITY_TIMEOUT": "60",
        "AIRFLOW__CORE__MAX_ACTIVE_RUNS_PER_DAG": "2",
        "AIRFLOW_CONN_X": "http://x",
    }.items():
        monkeypatch.setenv(name, value)
    odd = settings_check.of_airflow()
    ours = {
        name: text for kind in odd.values() for name, text in kind.items() if name.startswith("AIRFLOW__")
    }
    assert ours["AIRFLOW__CORE__PARALELISM"] == (
        "Airflow knows no [core] paralelism; write parallelism, if that is meant."
    )
    assert ours["AIRFLOW__SCHEDULAR__PARSING_PROCESSES"].startswith(
        "Airflow knows no section [schedular]; write scheduler, if that is meant"
    )
    assert set(odd["wrong"]) == {
        "AIRFLOW__CORE__MAX_ACTIVE_TASKS_PER_DAG",
        "AIRFLOW__CORE__DEFAULT_TIMEZONE",
    }
    assert not {name for name in ours if "BROKER" in name or "RUNS_PER_DAG" in name or "CONN" in name}


@pytest.mark.process
def test_whatever_airflow_says_meanwhile_the_output_is_the_json(airflow_home: object) -> None:
    old_name = "AIRFLOW__SCHEDULER__DAG_DIR_LIST_INTERVAL"  # Airflow warns of it, on stdout
    done = subprocess.run(
        [sys.executable, "-m", "cofi.site_as_json"],
        env={**os.environ, old_name: "4", "PYTHONPATH": f"{REPOSITORY}:{REPOSITORY / 'plugins'}"},
        capture_output=True,
        text=True,
        check=True,
    )
    found = json.loads(done.stdout)
    assert old_name not in found["airflow_settings"]["unknown"]
    assert "dag_dir_list_interval" in done.stderr


@pytest.mark.process
@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("AIRFLOW__COFI__MIN_AGE_S", "-3", "[cofi] min_age_s = -3: enter 0 or more."),
        ("AIRFLOW__COFI__GOLD_LABELS", "/no/x.csv", "There is no /no/x.csv: correct the path, or make it."),
    ],
)
def test_the_agreement_tells_a_wrong_setting_in_a_sentence(
    airflow_home: object, tmp_path: Path, name: str, value: str, told: str
) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "cofi.promotion", empty_database(tmp_path / "cofi.db"), "service_call"],
        env={**os.environ, name: value, "PYTHONPATH": f"{REPOSITORY}:{REPOSITORY / 'plugins'}"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert told in done.stderr and "Traceback" not in done.stderr
