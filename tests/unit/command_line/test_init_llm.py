"""`cofi init`, about the LLM: what is tried is what runs use, and what would hold nowhere is refused."""

import json
from pathlib import Path

import pytest

from include.command_line.site import Site
from include.llm.settings import LlmSettings
from tests.unit.command_line.conftest import Typed

pytestmark = pytest.mark.usefixtures("others")

LLM_TYPED = ("--llm-url", "http://llm/v1", "--llm-model", "m")
CONNECTION = json.dumps({"conn_type": "http", "host": "http://mine/v1", "extra": {"model": "mine"}})


@pytest.mark.parametrize("place", [".env", "the environment"])
def test_an_address_that_a_connection_would_overrule_is_refused(
    home: Path, typed: Typed, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    (home / ".env").write_text("LLM_URL=http://old/v1\n")
    if place == ".env":
        (home / ".env").write_text(f"AIRFLOW_CONN_COFI_LLM='{CONNECTION}'\n")
    else:
        monkeypatch.setenv("AIRFLOW_CONN_COFI_LLM", CONNECTION)
    before = (home / ".env").read_text()
    for given in (LLM_TYPED, ("--llm-url", "demo"), ("--llm-key", "k"), ("--llm-provider", "openai")):
        code, _, error = typed("init", "--yes", *given)
        assert code == 1 and f"AIRFLOW_CONN_COFI_LLM in {place} goes before" in error
        assert (home / ".env").read_text() == before
    code, told, _ = typed("init", "--yes")
    assert code == 0 and f"The LLM is that of AIRFLOW_CONN_COFI_LLM in {place}" in told
    assert json.loads(Site.here().settings["AIRFLOW_CONN_COFI_LLM"]) == json.loads(CONNECTION)


@pytest.mark.parametrize("name", ["LLM_URL", "LLM_API_KEY", "LLM_MODEL", "LLM_PROVIDER"])
def test_an_answer_about_the_llm_that_the_environment_would_overrule_is_refused(
    home: Path, typed: Typed, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    typed("init", "--yes", *LLM_TYPED)
    before = (home / ".env").read_text()
    monkeypatch.setenv(name, "of the shell")
    options = ["--llm-url", "http://new/v1", "--llm-key", "k", "--llm-model", "n", "--llm-provider", "openai"]
    code, _, error = typed("init", "--yes", *options)
    assert code == 1 and f"{name} in the environment goes before" in error and "of the shell" not in error
    assert (home / ".env").read_text() == before


OPENAI = ("--llm-url", "https://gateway/v1", "--llm-model", "m", "--llm-key", "its key")


@pytest.mark.parametrize(
    ("steps", "held"),
    [
        ([(*OPENAI, "--llm-provider", "azure")], ("azure", "its key")),
        # Asked again, it is what was answered before.
        ([(*OPENAI, "--llm-provider", "azure"), ()], ("azure", "its key")),
        ([(*OPENAI, "--llm-provider", "azure"), ("--llm-url", "https://gateway/v1/")], ("azure", "its key")),
        ([(*OPENAI, "--llm-provider", "azure"), ("--llm-provider", "vllm")], ("vllm", "its key")),
        ([(*OPENAI, "--llm-provider", "azure"), ("--llm-provider", "")], ("", "its key")),
        # Another address is another's: neither the provider nor the key of the one before is for it.
        ([(*OPENAI, "--llm-provider", "azure"), LLM_TYPED], ("", "")),
        ([(*OPENAI, "--llm-provider", "azure"), ("--llm-url", "demo"), LLM_TYPED], ("", "its key")),
    ],
)
def test_what_is_tried_is_what_runs_use(
    home: Path,
    typed: Typed,
    others: dict[str, list[object]],
    steps: list[tuple[str, ...]],
    held: tuple[str, str],
) -> None:
    for options in steps:
        assert typed("init", "--yes", *options)[0] == 0
    tried = others["llm"][-1]
    assert isinstance(tried, LlmSettings)
    used = json.loads(Site.here().settings["AIRFLOW_CONN_COFI_LLM"])
    assert (tried.provider, tried.api_key) == held
    assert (used["extra"].get("provider", ""), used["password"]) == held


def test_what_the_environment_goes_before_is_told(
    home: Path, typed: Typed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRFLOW__COFI__TIMEZONE", "Asia/Tokyo")
    monkeypatch.setenv("AIRFLOW_CONN_GPU_1", CONNECTION)
    _, told, _ = typed("init", "--yes", "--timezone", "Europe/Madrid", "--gpu-host", "gpu_1=http://one:9001")
    assert "AIRFLOW__COFI__TIMEZONE in the environment goes before what is written into site.cfg" in told
    assert "AIRFLOW_CONN_GPU_1 in the environment goes before what is written into .env" in told
    monkeypatch.delenv("AIRFLOW__COFI__TIMEZONE")
    monkeypatch.delenv("AIRFLOW_CONN_GPU_1")
    assert "goes before" not in typed("init", "--yes")[1]


def test_a_key_in_the_file_is_an_answer_of_before_and_for_its_own_address(
    home: Path, typed: Typed, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The program has the lines of .env in its environment, where an option would be read from, too."""
    typed("init", "--yes", *OPENAI)
    monkeypatch.setenv("LLM_API_KEY", "its key")
    monkeypatch.setenv("COFI_FROM_ENV_FILE", "LLM_API_KEY LLM_URL LLM_MODEL")
    typed("init", "--yes")
    assert Site.here().from_file["LLM_API_KEY"] == "its key"
    typed("init", "--yes", "--llm-url", "https://another/v1", "--llm-model", "m")
    assert "its key" not in (home / ".env").read_text(), "nobody else gets it"
