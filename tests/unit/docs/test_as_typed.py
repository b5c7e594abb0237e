"""What documents and DAG docs name as a command can be typed as it stands there."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest
from typer.main import get_command

from include.command_line.main import MODULES, assembled
from tests.documents import ROOT, documents

# Without this site's home Airflow begins a new one, and modules are no programs: `cofi …` leads to both.
BARE = re.compile(r"(?:\$ )?(?:airflow [a-z-]+|python3? -m include)\b")
_VARIABLES = re.compile(r"^(?:PLAN|PROBE) :=((?:.*\\\n)*.*)", re.MULTILINE)
_FENCE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
_WORDS_OF_COMMANDS = re.compile(r"[a-z][a-z-]*")


def texts() -> dict[str, str]:
    """Documents, and the DAG docs that Airflow shows, by the file's name."""
    dags = sorted((ROOT / "dags").glob("*.py"))
    docs = {str(dag.relative_to(ROOT)): ast.get_docstring(ast.parse(dag.read_text())) or "" for dag in dags}
    files = [*documents(), ROOT / "CONTRIBUTING.md", ROOT / "SECURITY.md"]
    return docs | {str(file.relative_to(ROOT)): file.read_text() for file in files}


TEXTS = texts()


def code_of(text: str) -> Iterator[str]:
    """Lines of blocks, and what stands between backticks, on one line each."""
    for block in _FENCE.findall(text):
        yield from block.splitlines()[1:-1]
    plain = _FENCE.sub("", text)
    yield from (line.strip() for line in plain.splitlines() if line.startswith("    "))
    yield from (" ".join(code.split()) for code in re.findall(r"`([^`]+)`", plain))


def said(pattern: re.Pattern[str]) -> list[tuple[str, str]]:
    """Code that begins like this, with its file."""
    return [(file, code) for file, text in TEXTS.items() for code in code_of(text) if pattern.match(code)]


def test_airflow_and_modules_are_called_through_cofi() -> None:
    assert said(BARE) == []


def test_no_variable_of_make_is_given_for_an_option() -> None:
    makefile = (ROOT / "Makefile").read_text()
    names = {name for listed in _VARIABLES.findall(makefile) for name in re.findall(r"[A-Z0-9_]+", listed)}
    assert names >= {"DAY", "COMPANY", "HOSTS"}
    assert said(re.compile(rf"(?:{'|'.join(sorted(names))})(?:=|$)")) == []


def test_every_target_of_make_is_there() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = said(re.compile(r"make [a-z]"))
    assert len(named) > 10
    wanted = [(file, code, re.findall(r"[a-z-]+", code)[1]) for file, code in named]
    assert [(file, code) for file, code, target in wanted if target not in targets] == []


@cache
def program() -> Any:
    return get_command(assembled(list(MODULES)))


@pytest.mark.parametrize(("file", "code"), sorted(set(said(re.compile(r"cofi [a-z]")))))
def test_every_command_of_cofi_is_there(file: str, code: str) -> None:
    command = program()
    for word in code.split()[1:]:
        if not hasattr(command, "commands") or not _WORDS_OF_COMMANDS.fullmatch(word):
            break
        assert word in command.commands, f"{file}: `{code}`: there is no {word}"
        command = command.commands[word]
