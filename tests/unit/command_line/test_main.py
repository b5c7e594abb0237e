"""What holds for every command: help with an example, one sentence for an error, JSON, the version."""

import json
import os
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.main import get_command

import include
from include.command_line import main as program
from include.command_line.main import MODULES, assembled
from tests.unit.command_line.conftest import Typed

ROOT = Path(__file__).parents[3]


def commands(group: object = None, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], object]]:
    """Every command that can be typed, with its words."""
    group = group or get_command(assembled(list(MODULES)))
    for name, command in group.commands.items():  # type: ignore[attr-defined]
        if hasattr(command, "commands"):
            yield from commands(command, (*path, name))
        else:
            yield (*path, name), command


ALL = dict(commands())
LONG_RUNNING = {
    ("gpu-host",),
    ("emulate", "gpu-host"),
    ("emulate", "llm"),
    ("emulate", "proxy"),
    ("airflow",),
}


def test_all_of_them_are_there() -> None:
    assert {words[0] for words in ALL} == set(MODULES)


@pytest.mark.parametrize("words", ALL, ids=" ".join)
def test_the_help_has_an_example_of_the_command(words: tuple[str, ...], typed: Typed) -> None:
    code, told, _ = typed(*words, "--help")
    assert code == 0
    _, _, after = told.partition("Example:")
    assert f"cofi {' '.join(words)}" in " ".join(after.split())


@pytest.mark.parametrize("words", [words for words in ALL if words not in LONG_RUNNING], ids=" ".join)
def test_what_comes_to_an_end_can_answer_in_json(words: tuple[str, ...]) -> None:
    options = {option for parameter in ALL[words].params for option in parameter.opts}  # type: ignore[attr-defined]
    assert "--json" in options


@pytest.mark.parametrize(
    ("words", "code", "mend"),
    [
        (["nosuch"], 2, "see `cofi --help`"),
        (["plan", "--hsts", "3"], 2, "see `cofi plan --help`"),
        (["plan", "--hosts", "many"], 2, "see `cofi plan --help`"),
        (["plan", "--stage-s", "1,2"], 1, "enter one, or four"),
        (["status", "--db", "mysql://x"], 1, "write sqlite:////folder/cofi.db"),
        (["evidence", "x"], 1, "`cofi up` makes it"),
        (["db", "migrate", "--reports", "/no/such"], 1, "name that of [cofi] runs_folder"),
        (["scorecard", "/no/such.yaml"], 1, "/no/such.yaml"),
        (["prompts", "list"], 1, "give --prompts-dir"),
        (["webhooks", "replay", "--dead", "x"], 1, "--dead for all dead letters"),
        (["probe", "/no/such"], 1, "correct the location"),
    ],
)
def test_an_error_is_one_sentence_with_its_mend(words: list[str], code: int, mend: str, typed: Typed) -> None:
    ended, out, error = typed(*words)
    assert ended == code
    assert out == ""
    assert mend in error
    assert error.count("\n") == 1 and "Traceback" not in error


def test_what_nobody_foresaw_is_a_sentence_too_unless_one_debugs(
    typed: Typed, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError("of all things")

    monkeypatch.setattr("include.command_line.plan.advise", broken)
    code, _, error = typed("plan")
    assert (code, error.count("\n")) == (1, 1)
    assert "ZeroDivisionError: of all things" in error and "`cofi --debug …` shows where" in error
    with pytest.raises(ZeroDivisionError):
        typed("--debug", "plan")


def test_a_library_that_is_missing_is_named(typed: Typed, monkeypatch: pytest.MonkeyPatch) -> None:
    def imported(name: str) -> object:
        raise ModuleNotFoundError("No module named 'sqlalchemy'", name="sqlalchemy")

    monkeypatch.setattr(program, "import_module", imported)
    code, _, error = typed("status")
    assert (code, error.count("\n")) == (1, 1)
    assert "needs the library sqlalchemy" in error


def test_help_lists_what_can_be_run_where_a_library_is_missing(
    typed: Typed, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = program.import_module

    def imported(name: str) -> object:
        if name.endswith(("status", "evidence")):
            raise ModuleNotFoundError(name="sqlalchemy")
        return whole(name)

    monkeypatch.setattr(program, "import_module", imported)
    code, told, _ = typed("--help")
    assert code == 0
    assert "gpu-host" in told and "evidence" not in told


def test_there_is_one_version(typed: Typed) -> None:
    assert typed("--version") == (0, f"cofi {include.__version__}\n", "")
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    assert project["project"]["dynamic"] == ["version"]
    assert project["tool"]["setuptools"]["dynamic"]["version"] == {"attr": "include.__version__"}


def test_json_is_all_that_is_printed(typed: Typed) -> None:
    code, out, _ = typed("plan", "--files", "100", "--json")
    assert code == 0
    assert json.loads(out)["expected"]["makespan_s"] > 0


@pytest.mark.process
def test_the_program_runs_from_any_folder_and_makes_nothing_there(tmp_path: Path) -> None:
    environment = {name: text for name, text in os.environ.items() if not name.startswith("AIRFLOW")}
    environment |= {"HOME": str(tmp_path), "PYTHONPATH": str(ROOT)}
    command = [
        sys.executable,
        "-m",
        "include.command_line",
        "scorecard",
        ROOT / "include/scorecards/service_call.yaml",
    ]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "url", ["mysql://me:s3cret@db/cofi", "postgresql://me:s3cret@db:port/cofi", "me:s3cret@db/cofi"]
)
def test_a_database_that_is_refused_tells_no_password(typed: Typed, url: str) -> None:
    code, out, error = typed("db", "index", "--db", url)
    assert (code, out) == (1, "")
    assert "is no database of cofi: write sqlite:////folder/cofi.db or postgresql+psycopg://" in error
    assert "s3cret" not in error


@pytest.mark.parametrize("group", ["db", "prompts", "webhooks", "emulate"])
def test_a_group_alone_shows_its_commands_and_asks_which(typed: Typed, group: str) -> None:
    code, out, error = typed(group)
    assert (code, error) == (2, "Which of these commands?\n")
    assert "Commands" in out


@pytest.mark.process
@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "utf-8"])
def test_output_that_its_terminal_cannot_show_is_shown_with_question_marks(encoding: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "include.command_line", "--help"],
        env={**os.environ, "PYTHONIOENCODING": encoding, "NO_COLOR": "1"},
        capture_output=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, b"")
    assert b"Audits a contact centre" in done.stdout


@pytest.mark.process
def test_whoever_reads_no_further_is_told_nothing() -> None:
    typed_words = [sys.executable, "-m", "include.command_line", "plan", "--json", "--files", "10"]
    with subprocess.Popen(typed_words, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout and process.stderr
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 1


@pytest.mark.parametrize(
    ("content", "mend"),
    [
        (b"no database at all, and long enough to be looked at" * 50, "it is no database, or damaged"),
        (b"SQLite format 3\x00" + b"\xff" * 5000, "it is no database, or damaged"),
        (b"", "bring its tables to this version with `cofi db migrate`"),
    ],
)
def test_a_file_that_is_no_database_of_cofi_is_told_with_its_mend(
    typed: Typed, tmp_path: Path, content: bytes, mend: str
) -> None:
    (tmp_path / "x.db").write_bytes(content)
    code, _, error = typed("webhooks", "dead", "--db", f"sqlite:///{tmp_path}/x.db")
    assert code == 1
    assert mend in error


def test_a_database_is_made_in_a_folder_that_is_there(typed: Typed, tmp_path: Path) -> None:
    code, _, error = typed("db", "migrate", "--no-reports", "--db", f"sqlite:///{tmp_path}/no/x.db")
    assert (code, error) == (
        1,
        f"There is no folder {tmp_path}/no: make it, or name another file with --db.\n",
    )
