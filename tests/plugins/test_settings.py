"""`[cofi]` in airflow.cfg and the settings in the code are the same list, and a wrong value says so."""

import re
from configparser import RawConfigParser
from dataclasses import fields
from pathlib import Path

import pytest

from cofi.settings import Settings
from include.calls.call import ChannelRole
from include.calls.moments import DateOrder
from include.calls.terms import Terms
from include.errors import InvalidInput
from include.scorecards.loading import load_scorecard
from tests.airflow_home import REPOSITORY

CONFIGURATION = (REPOSITORY / "airflow.cfg").read_text()


def test_airflow_cfg_and_the_code_name_the_same_settings() -> None:
    parser = RawConfigParser()
    parser.read_string(CONFIGURATION)
    assert sorted(parser["cofi"]) == sorted(field.name for field in fields(Settings))


def test_every_setting_is_explained_where_it_stands() -> None:
    section = CONFIGURATION.partition("[cofi]")[2]
    explained = re.findall(r"^# [^\n]+\n(?:# [^\n]+\n)*((?:\w+ =[^\n]*\n)+)", section, re.MULTILINE)
    named = [line.split(" =")[0] for block in explained for line in block.splitlines()]
    assert sorted(named) == sorted(field.name for field in fields(Settings))


def test_the_shipped_values_are_read_in_their_kinds(airflow_home: Path) -> None:
    settings = Settings.load()
    for field in fields(Settings):
        assert type(getattr(settings, field.name)) in {field.type, type(Path())}, field.name
    assert settings.hosts == ["gpu_a", "gpu_b"]
    assert settings.allowed_languages == ["en", "es"]
    assert settings.roles_of_stereo == ()  # nobody guesses
    assert settings.recorder_profile.days.folders == ("YYYY-MM-DD",)
    assert settings.llm_redact_pii is True
    assert settings.runs_folder == airflow_home / "var" / "runs"
    assert settings.scorecard in settings.scorecards
    for name in settings.scorecards:
        assert load_scorecard(settings.scorecards_folder / f"{name}.yaml").criteria


def test_the_environment_overrides_a_line(setting) -> None:
    setting("gpu_hosts", " g1 ,, g2,")
    setting("languages", "")
    setting("llm_redact_pii", "False")
    setting("shard_audio_s", "1e3")
    settings = Settings.load()
    assert (settings.hosts, settings.allowed_languages) == (["g1", "g2"], [])
    assert settings.llm_redact_pii is False
    assert settings.shard_audio_s == 1000


def test_what_is_no_term_of_the_vocabulary_is_refused_by_name(setting) -> None:
    setting("vocabulary", "Riverside Telecom, 4711")
    with pytest.raises(InvalidInput, match=r"\[cofi\] vocabulary: '4711' is no name or term"):
        _ = Settings.load().terms
    setting("vocabulary", "Riverside Telecom, Fibre 300")
    assert Settings.load().terms == Terms(("Riverside Telecom", "Fibre 300"), ("vocabulary",))
    setting("vocabulary_columns", "agent, caller")
    with pytest.raises(InvalidInput, match=r"vocabulary_columns: caller gives no terms"):
        _ = Settings.load().terms


@pytest.mark.parametrize(
    ("name", "value", "kind"),
    [
        ("gpu_attempts", "three", "int"),
        ("gpu_attempts", "3.5", "int"),
        ("shard_audio_s", "3 hours", "float"),
        ("shard_audio_s", "", "float"),
        pytest.param(
            "llm_redact_pii",
            "perhaps",
            "bool",
        ),
    ],
)
def test_a_value_of_the_wrong_kind_is_refused_by_name(setting, name: str, value: str, kind: str) -> None:
    setting(name, value)
    with pytest.raises(InvalidInput, match=rf"\[cofi\] {name} = {value} .*not of the kind {kind}: correct"):
        Settings.load()


def test_without_a_round_of_recovery_nothing_would_be_moved(setting) -> None:
    setting("recovery_rounds", 0)
    with pytest.raises(InvalidInput, match=r"recovery_rounds = 0: enter 1 or more"):
        Settings.load()


def test_days_to_look_back_at_are_none_or_more(setting) -> None:
    setting("lookback_days", -1)
    with pytest.raises(InvalidInput, match=r"lookback_days = -1: enter 0 or more"):
        Settings.load()


def test_a_role_that_nobody_knows_is_refused_by_name(setting) -> None:
    setting("stereo_roles", "agent, caller")
    with pytest.raises(InvalidInput, match="stereo_roles"):
        _ = Settings.load().roles_of_stereo


@pytest.mark.parametrize(("written", "order"), [("", None), ("dmy", DateOrder.DAY_FIRST), (" MDY ", "MDY")])
def test_the_order_of_dates_may_be_told(setting, written: str, order: DateOrder | None) -> None:
    setting("manifest_date_order", written)
    assert Settings.load().order_of_dates == order


def test_an_order_of_dates_that_is_none_is_refused_by_name(setting) -> None:
    setting("manifest_date_order", "european")
    with pytest.raises(InvalidInput, match=r"manifest_date_order = EUROPEAN: write DMY, MDY, YMD or nothing"):
        _ = Settings.load().order_of_dates


def test_a_setting_that_is_missing_says_how_to_add_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cofi.settings.SECTION", "cofy")
    with pytest.raises(InvalidInput, match=r"no \[cofy\] timezone: add it, or set AIRFLOW__COFI__TIMEZONE"):
        Settings.load()


def test_stereo_roles_are_two_or_none(setting) -> None:
    setting("stereo_roles", "customer, agent")
    assert Settings.load().roles_of_stereo == (ChannelRole.CUSTOMER, ChannelRole.AGENT)
    setting("stereo_roles", "agent")
    with pytest.raises(InvalidInput, match=r"stereo_roles = agent: name two"):
        _ = Settings.load().roles_of_stereo


def test_a_recorder_of_ones_own_lies_in_the_folder_that_is_named(setting, tmp_path: Path) -> None:
    setting("recorder", "ours")
    with pytest.raises(InvalidInput, match=r"There is no recorder 'ours': choose from amazon_connect, "):
        _ = Settings.load().recorder_profile
    setting("recorders_folder", tmp_path / "none")
    with pytest.raises(InvalidInput, match=r"There is no folder .*none: correct .cofi. recorders_folder"):
        _ = Settings.load().recorder_profile
    setting("recorders_folder", tmp_path)
    (tmp_path / "ours.yaml").write_text("id: ours\ntitle: Ours\ndays: {folders: YYYY/MM/DD}\n")
    assert Settings.load().recorder_profile.title == "Ours"


def test_the_layout_is_that_of_plain_folders_only(setting) -> None:
    setting("recordings_layout", "YYYY/MM")
    assert Settings.load().recorder_profile.days.folders == ("YYYY/MM",)
    setting("recorder", "freepbx")
    assert Settings.load().recorder_profile.days.folders == ("YYYY/MM/DD",)
