"""`cofi init`: what is asked for, tried and written, with and without a person."""

import json
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from include.command_line import initialising, site_questions
from include.command_line.main import main
from include.command_line.site import Site
from include.errors import HostLost, LlmUnusable
from include.plain_yaml import read_yaml
from tests.unit.calls.site import recording
from tests.unit.command_line.conftest import ROOT, Typed
from tests.yaml_text import as_yaml

pytestmark = pytest.mark.usefixtures("others")


@pytest.fixture
def recordings(tmp_path: Path) -> Path:
    folder = tmp_path / "recordings"
    (folder / "2026-11-16").mkdir(parents=True)
    (folder / "2026-11-16" / "a.wav").write_bytes(recording())
    return folder


def test_without_anything_all_stays_as_shipped(home: Path, typed: Typed) -> None:
    code, told, error = typed("init", "--yes", "--timezone", "Europe/Madrid")
    assert (code, error) == (0, "")
    assert "Next: `cofi up`, then `cofi check`." in told
    assert Site.here().settings == {
        "AIRFLOW__COFI__TIMEZONE": "Europe/Madrid",
        "AIRFLOW__CORE__DEFAULT_TIMEZONE": "Europe/Madrid",
    }


def test_what_recorders_say_that_are_only_tried_is_told_nobody(
    home: Path, typed: Typed, recordings: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (recordings / "2026-11-16" / "a.json").write_text('{"agent": {"name": "Grace"}}')
    code, told, _ = typed("init", "--yes", "--recordings", recordings)
    assert code == 0 and "1 recording on 2026-11-16" in told
    assert not [one.message for one in caplog.records if "tells nothing" in one.message]


def test_all_of_it_can_be_given(
    home: Path, typed: Typed, recordings: Path, tmp_path: Path, others: dict[str, list[object]]
) -> None:
    own = tmp_path / "cards" / "ours.yaml"
    own.parent.mkdir()
    content = read_yaml((ROOT / "include/scorecards/service_call.yaml").read_text())
    own.write_text(as_yaml(content | {"id": "our_calls"}))
    code, told, error = typed(
        *["init", "--yes", "--timezone", "Europe/Madrid", "--recordings", recordings, "--scorecard", own],
        *[
            "--gpu-host",
            "gpu_1=http://one:9001",
            "--gpu-host",
            "gpu_2=http://two:9001/",
            "--gpu-token",
            "it's",
        ],
        *["--llm-url", "http://llm:8000/v1", "--llm-model", "qwen3-8b", "--llm-key", "k'e y"],
    )
    assert (code, error) == (0, "")
    assert "1 recording on 2026-11-16, in the layout of plain" in told
    site = Site.here()
    assert site.value("recordings_location") == f"file://{recordings}"
    assert (site.value("recorder"), site.value("recordings_layout")) == ("plain", "YYYY-MM-DD")
    assert (site.value("scorecards_folder"), site.value("scorecard")) == (str(own.parent), "ours")
    assert site.value("gold_labels") == ""
    assert site.value("gpu_hosts") == "gpu_1, gpu_2"
    assert json.loads(site.settings["AIRFLOW_CONN_GPU_2"]) == {
        "conn_type": "http",
        "host": "http://two:9001",
        "password": "it's",
    }
    llm = json.loads(site.settings["AIRFLOW_CONN_COFI_LLM"])
    assert (llm["host"], llm["password"], llm["extra"]) == (
        "http://llm:8000/v1",
        "k'e y",
        {"model": "qwen3-8b"},
    )
    assert [given[:2] for given in others["hosts"]] == [  # type: ignore[index]
        ("gpu_1", "http://one:9001"),
        ("gpu_2", "http://two:9001"),
    ]
    assert len(others["llm"]) == 1


def test_only_the_owner_can_read_what_is_written_and_keys_stay(home: Path, typed: Typed) -> None:
    typed("init", "--yes")
    first = (home / ".env").read_text()
    typed("init", "--yes", "--llm-url", "http://llm/v1", "--llm-model", "m")
    for name in ("site.cfg", ".env"):
        assert stat.S_IMODE((home / name).stat().st_mode) == 0o600
    again = (home / ".env").read_text()
    assert [line for line in first.splitlines() if line.startswith("JWT_SECRET=")] == [
        line for line in again.splitlines() if line.startswith("JWT_SECRET=")
    ]
    keys = Site.here().environment
    assert len(keys["JWT_SECRET"]) >= 64
    Fernet(keys["FERNET_KEY"])


def test_what_somebody_wrote_into_the_files_stays(home: Path, typed: Typed) -> None:
    (home / "site.cfg").write_text("# ours\n[cofi]\n# why\nlanguages = es\n\n[core]\nparallelism = 3\n")
    (home / ".env").write_text("OURS=1\n")
    typed("init", "--yes", "--timezone", "Europe/Paris")
    typed("init", "--yes", "--timezone", "Europe/Madrid")
    text = (home / "site.cfg").read_text()
    assert text.startswith("# ours\n[cofi]\n# why\nlanguages = es\n")
    assert text.count("\ntimezone = Europe/Madrid\n") == 1 and "Paris" not in text
    assert text.count("[core]") == 1 and "parallelism = 3" in text
    assert (home / ".env").read_text().startswith("OURS=1\n")


def test_going_back_to_the_samples_and_the_demos_hosts(home: Path, typed: Typed, recordings: Path) -> None:
    typed("init", "--yes", "--recordings", recordings, "--gpu-host", "gpu_1=http://one:9001")
    typed("init", "--yes", "--llm-url", "http://llm/v1", "--llm-model", "m")
    code, _, _ = typed("init", "--yes", "--recordings", "samples", "--gpu-host", "demo", "--llm-url", "demo")
    assert code == 0
    assert set(Site.here().settings) == {
        "AIRFLOW__COFI__TIMEZONE",
        "AIRFLOW__CORE__DEFAULT_TIMEZONE",
        "AIRFLOW_CONN_GPU_1",
    }


@pytest.mark.parametrize(
    ("options", "mend"),
    [
        (["--timezone", "Madrid"], "write one like Europe/Madrid."),
        (["--timezone", "Mars"], "write one like UTC or Europe/Madrid."),
        (["--gpu-host", "http://one:9001"], "write a GPU host as NAME=URL"),
        (["--llm-url", "http://llm/v1"], "Which model?"),
        (["--llm-url", "llm", "--llm-model", "m"], "llm is no address of an API"),
        (["--scorecard", "nosuch"], "nosuch.yaml"),
        (["--recordings", "/no/such"], "correct the location"),
    ],
)
def test_what_is_wrong_is_told_and_nothing_is_written(
    home: Path, typed: Typed, options: list[str], mend: str
) -> None:
    code, _, error = typed("init", "--yes", *options)
    assert code == 1
    assert mend in error
    assert not (home / "site.cfg").exists() and not (home / ".env").exists()


def test_a_host_or_an_llm_that_does_not_answer_is_told_unless_nothing_is_tried(
    home: Path, typed: Typed, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lost(*_: object) -> None:
        raise HostLost("gpu_1 does not answer: start it")

    def refused(*_: object) -> None:
        raise LlmUnusable("the key is refused: correct it")

    monkeypatch.setattr(site_questions, "status_of", lost)
    monkeypatch.setattr(site_questions, "llm_tried", refused)
    host = ["--gpu-host", "gpu_1=http://one:9001"]
    llm = ["--llm-url", "http://llm/v1", "--llm-model", "m"]
    assert typed("init", "--yes", *host)[::2] == (1, "gpu_1 does not answer: start it\n")
    assert typed("init", "--yes", *llm)[::2] == (1, "the key is refused: correct it\n")
    assert typed("init", "--yes", "--no-test", *host, *llm)[0] == 0
    assert Site.here().value("gpu_hosts") == "gpu_1"


@pytest.fixture
def person(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Somebody at a terminal, who types these lines."""
    lines: list[str] = []
    monkeypatch.setattr(initialising.sys, "stdin", _Terminal(lines))
    yield lines
    assert lines == [], "not asked for"


class _Terminal:
    def __init__(self, lines: list[str]) -> None:
        self._lines = lines

    def isatty(self) -> bool:
        return True


def test_a_person_is_asked_step_by_step_and_again_where_an_answer_is_wrong(
    home: Path, recordings: Path, person: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    questions: list[str] = []

    def prompt(question: str, default: str, **_: object) -> str:
        questions.append(question.partition(":")[0])
        return person.pop(0) or default

    monkeypatch.setattr("include.command_line.asking.typer.prompt", prompt)
    person += ["Madrid", "Europe/Madrid", str(recordings), "", "gpu_1=http://one:9001", "token"]
    person += ["http://llm/v1", "key", "m"]
    assert main(["init"]) == 0
    assert questions == [
        "Time zone of the site",
        "Time zone of the site",
        "Recordings",
        "Scorecard",
        "GPU hosts, as NAME=URL with commas between, or `demo` for the demo's two on this machine",
        "Token of the GPU hosts",
        "LLM",
        "Its key",
        "Its model",
    ]
    site = Site.here()
    assert site.value("recordings_location") == f"file://{recordings}"
    assert site.value("gpu_hosts") == "gpu_1"
    assert site.environment["LLM_API_KEY"] == "key"


def test_only_what_may_work_later_can_be_kept(
    home: Path, recordings: Path, person: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A host may be down now. No run could use what is no time zone, no host and no scorecard."""
    defaults: list[str] = []
    decided: list[bool] = [False, True]

    def prompt(_: str, default: str, **__: object) -> str:
        defaults.append(default)
        return person.pop(0) or default

    def lost(name: str, *_: object) -> None:
        raise HostLost(f"{name} does not answer: start it")

    monkeypatch.setattr(site_questions, "status_of", lost)
    monkeypatch.setattr("include.command_line.asking.typer.prompt", prompt)
    monkeypatch.setattr("include.command_line.asking.typer.confirm", lambda *_, **__: decided.pop(0))
    person += ["Mars", "Europe/Madrid", str(recordings), "nosuch.yaml", "service_call"]
    person += ["http://one:9001", "gpu_1=http://one:9001", "wrong", "", "token", "demo"]
    assert main(["init"]) == 0
    assert decided == []
    assert defaults[-3] == "gpu_1=http://one:9001", "nobody types an address twice"
    assert json.loads(Site.here().settings["AIRFLOW_CONN_GPU_1"])["password"] == "token"


def test_a_recorder_of_one_s_own_is_named_by_its_file(
    home: Path, typed: Typed, recordings: Path, tmp_path: Path
) -> None:
    own = tmp_path / "recorders" / "our_plain.yaml"
    own.parent.mkdir()
    own.write_text("id: our_plain\ntitle: Ours\ndays: {folders: [YYYY-MM-DD]}\nrecordings: ['*.wav']\n")
    arguments = ["--timezone", "Europe/Madrid", "--recordings", recordings, "--recorder", own]
    code, told, error = typed("init", "--yes", *arguments)
    assert (code, error) == (0, "")
    assert "in the layout of our_plain" in told
    site = Site.here()
    assert (site.value("recorder"), site.value("recorders_folder")) == ("our_plain", str(own.parent))
