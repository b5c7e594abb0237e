"""What docs/llm.md says is so: its extras are taken, its commands run, its table is complete."""

import json
import re
import shlex
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from dotenv import dotenv_values

from include.command_line.main import main
from include.llm.providers.profile import names
from include.llm.settings import LlmSettings

TEXT = (Path(__file__).parents[3] / "docs/llm.md").read_text()
HOSTS = re.findall(r"host\s+`([^`]+)`", TEXT)
EXTRAS = [json.loads(found) for found in re.findall(r"^    (\{.*\})$", TEXT, re.MULTILINE)]
COMMANDS = re.findall(r"^    cofi emulate (.*)$", TEXT, re.MULTILINE)


def test_the_table_names_every_provider() -> None:
    rows = re.findall(r"^\| `([^`]+)` \| .* \| .* \| .* \| .* \|$", TEXT, re.MULTILINE)
    assert sorted(rows) == names()
    assert len(EXTRAS) == len(names())


@pytest.mark.parametrize("extra", EXTRAS, ids=lambda extra: str(extra["model"]))
def test_every_extra_is_taken(extra: dict[str, object]) -> None:
    assert LlmSettings(base_url="https://llm.example/v1", **extra).profile


def test_the_line_of_env_is_a_connection_whose_extra_is_taken(tmp_path: Path) -> None:
    (line,) = re.findall(r"^    (AIRFLOW_CONN_COFI_LLM=.*)$", TEXT, re.MULTILINE)
    (tmp_path / ".env").write_text(f"{line}\n")
    (value,) = dotenv_values(tmp_path / ".env", interpolate=False).values()
    connection = json.loads(value or "")
    settings = LlmSettings(connection["host"], api_key=connection["password"], **connection["extra"])
    assert settings.profile.name == "vllm" and settings.extra_body and settings.reasoning_effort


def test_hosts_lead_to_the_providers_that_they_are_of() -> None:
    found = {LlmSettings(base_url=host, model="m").profile.name for host in HOSTS if "gpu-1:80" not in host}
    assert found >= {"openai", "azure", "anthropic", "gemini", "mistral", "openrouter", "ollama"}


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """What would have been served."""
    found: list[dict[str, Any]] = []

    def serve(app: web.Application, port: int, **_: object) -> None:
        found.append({"port": port, "methods": {route.method for route in app.router.routes()}})

    monkeypatch.setattr(web, "run_app", serve)
    return found


@pytest.mark.parametrize("command", COMMANDS)
def test_the_emulation_starts_as_it_is_said(command: str, served: list[dict[str, Any]]) -> None:
    assert main(["emulate", *shlex.split(command)]) == 0
    [(port, methods)] = [(one["port"], one["methods"]) for one in served]
    assert str(port) in command
    assert methods >= {"GET", "POST"}


@pytest.mark.parametrize("name", names())
def test_every_provider_can_be_emulated_from_the_shell(name: str, served: list[dict[str, Any]]) -> None:
    assert main(["emulate", "llm", "--provider", name, "--port", "1"]) == 0
    assert len(served) == 1
