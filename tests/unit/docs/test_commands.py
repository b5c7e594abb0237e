"""Every command in README and docs works as written; docs/getting-started.md says how blocks are marked."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import typer

from include.command_line.reference import PAGE, page
from tests.documents import (
    NOT_RUN,
    ON_THE_STACK,
    PARSE,
    ROOT,
    RUN,
    Block,
    blocks,
    cofi_lines,
    parse,
    typed_lines,
)

ALL = list(blocks())
TYPED_HERE = [block for block in ALL if block.mark == RUN]
LINES = sorted(set(cofi_lines()))


def test_every_block_of_commands_says_how_it_is_tested() -> None:
    of_shells = [block for block in ALL if block.language in ("bash", "sh", "shell")]
    assert of_shells
    marks = (RUN, ON_THE_STACK, PARSE)
    unmarked = [
        str(block)
        for block in of_shells
        if block.mark not in marks and not block.mark.startswith(f"{NOT_RUN}: ")
    ]
    assert unmarked == []


def test_there_is_something_to_type() -> None:
    assert len(TYPED_HERE) >= 3
    assert [block for block in ALL if block.mark == ON_THE_STACK]
    assert len(LINES) >= 20


@pytest.mark.parametrize(("file", "line"), LINES, ids=[f"{file}: {line}"[:80] for file, line in LINES])
def test_every_line_that_begins_with_cofi_can_be_typed(file: str, line: str) -> None:
    try:
        parse(line)
    except typer.TyperException as error:
        raise AssertionError(f"{file}: {line}: {error.format_message()}") from error


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder like a fresh clone, in which nothing is set."""
    folder = tmp_path_factory.mktemp("clone")
    for name in (
        "dags",
        "plugins",
        "include",
        "docs",
        "tests",
        "airflow.cfg",
        "requirements.txt",
        "Makefile",
    ):
        (folder / name).symlink_to(ROOT / name)
    return folder


@pytest.mark.parametrize("block", TYPED_HERE, ids=str)
@pytest.mark.process
def test_a_block_runs_as_it_is_written(block: Block, checkout: Path, tmp_path: Path) -> None:
    for line in typed_lines(block.text):
        done = subprocess.run(
            ["bash", "-ec", line],
            cwd=checkout,
            env=environment_of(checkout, tmp_path),
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        assert done.returncode == 0, f"{block.file}: {line}\n{done.stdout}{done.stderr}"
    assert not (tmp_path / "airflow").exists(), "a new ~/airflow was made"


def environment_of(checkout: Path, home: Path) -> dict[str, str]:
    """Of somebody who has just cloned, and made the environment."""
    kept = {name: text for name, text in os.environ.items() if name in ("LANG", "TMPDIR", "PATH")}
    programs = home / "bin"
    programs.mkdir(exist_ok=True)
    # The command of this environment, for that folder.
    (programs / "cofi").write_text(f'#!/bin/sh\nexec "{sys.executable}" -m include.command_line "$@"\n')
    (programs / "cofi").chmod(0o755)
    path = os.pathsep.join([str(programs), str(Path(sys.executable).parent), kept["PATH"]])
    return {**kept, "PATH": path, "HOME": str(home), "PYTHONPATH": str(checkout)}


def test_the_reference_of_commands_is_what_they_say_now() -> None:
    assert PAGE.read_text() == page(), "run `make reference`"


def test_the_readme_is_read_in_minutes() -> None:
    words = (ROOT / "README.md").read_text().split()
    assert len(words) <= 900, "what is longer belongs into docs"
