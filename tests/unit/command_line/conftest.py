"""A site in a folder of its own: airflow.cfg as shipped, nothing else set."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from include.command_line import site_questions
from include.command_line.main import main
from include.command_line.trying import LlmTried
from include.gpu.wire import Engine, HostStatus

ROOT = Path(__file__).parents[3]
_OF_SITES = ("AIRFLOW", "LLM_", "COFI_GPU_HOST_", "COFI_EMULATED_")

Typed = Callable[..., tuple[int, str, str]]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """AIRFLOW_HOME of the site; what the machine has set is left behind."""
    for name in [name for name in os.environ if name.startswith(_OF_SITES)]:
        monkeypatch.delenv(name)
    folder = tmp_path / "home"
    (folder / "dags").mkdir(parents=True)
    (folder / "dags" / "audit_calls.py").touch()
    (folder / "include").symlink_to(ROOT / "include")
    (folder / "plugins").symlink_to(ROOT / "plugins")
    shutil.copy(ROOT / "airflow.cfg", folder)
    monkeypatch.setenv("AIRFLOW_HOME", str(folder))
    return folder


@pytest.fixture
def typed(home: Path, capsys: pytest.CaptureFixture[str]) -> Typed:
    """Types a command; returns its exit code, output and errors."""

    def run(*words: object) -> tuple[int, str, str]:
        code = main([str(word) for word in words])
        printed = capsys.readouterr()
        return code, printed.out, printed.err

    return run


STATUS = HostStatus(
    ready=True,
    engines={
        stage: Engine(name="e", version="1", device="cpu") for stage in ("denoise", "ivr", "lid", "stt")
    },
    capacity=2,
    in_flight=0,
    free_disk_bytes=1,
)


@pytest.fixture
def others(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[object]]:
    """What hosts and LLM were asked; all of them answer."""
    asked: dict[str, list[object]] = {"hosts": [], "llm": []}

    def status_of(*given: object) -> HostStatus:
        asked["hosts"].append(given)
        return STATUS

    def llm_tried(settings: object, _: object) -> LlmTried:
        asked["llm"].append(settings)
        return LlmTried("m", 6000, 1.0, False)

    monkeypatch.setattr(site_questions, "status_of", status_of)
    monkeypatch.setattr(site_questions, "llm_tried", llm_tried)
    return asked
