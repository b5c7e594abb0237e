"""A GPU host has the libraries of its own list and no others: `cofi gpu-host` starts with them."""

import re
import subprocess
import sys
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, packages_distributions, requires
from pathlib import Path

import pytest

from tests.unit.calls.site import recording
from tests.unit.command_line.conftest import ROOT

_NAME = re.compile(r"^[A-Za-z0-9._-]+")
# Refuses to import what a GPU host has not, and types the command.
_TYPED = """
import sys
from importlib.abc import MetaPathFinder

class Missing(MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {missing}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)

sys.meta_path.insert(0, Missing())
from include.command_line.main import main
sys.exit(main({words}, entering=True))
"""


def installed_there() -> set[str]:
    """The packages of the host's list, and those that they need."""
    text = (ROOT / "include/gpu_host/requirements.txt").read_text()
    left = [line for line in text.splitlines() if line and not line.startswith("#")]
    found: set[str] = set()
    while left:
        match = _NAME.match(left.pop())
        name = match[0].lower().replace("_", "-") if match else ""
        if name and name not in found:
            found.add(name)
            with suppress(PackageNotFoundError):  # of another platform
                left += [one for one in requires(name) or [] if "extra ==" not in one]
    return found


def missing_there() -> set[str]:
    """The top-level modules that are installed here, and not on a GPU host."""
    there = installed_there()
    return {
        module
        for module, packages in packages_distributions().items()
        if not {package.lower().replace("_", "-") for package in packages} & {*there, "cofi"}
    }


def typed_there(*words: object) -> "subprocess.CompletedProcess[str]":
    missing = missing_there()
    assert {"cryptography", "sqlalchemy", "airflow"} <= missing
    return subprocess.run(
        [sys.executable, "-c", _TYPED.format(missing=sorted(missing), words=list(map(str, words)))],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.process
def test_what_the_documents_have_people_type_there_needs_nothing_else(tmp_path: Path) -> None:
    prompts = tmp_path / "prompts"
    welcome = tmp_path / "welcome.wav"
    welcome.write_bytes(recording(duration_s=4))
    for words in (
        ["--version"],
        ["gpu-host", "--help"],
        ["prompts", "add", welcome, "--prompts-dir", prompts],
        ["prompts", "check", welcome, "--prompts-dir", prompts],
        ["prompts", "list", "--prompts-dir", prompts],
    ):
        done = typed_there(*words)
        assert (done.returncode, done.stderr) == (0, ""), words
        assert done.stdout


@pytest.mark.process
def test_what_needs_more_says_where_it_runs() -> None:
    done = typed_there("prompts", "learned")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        "`cofi prompts` needs the library sqlalchemy, which is not installed here: install requirements.txt, "
        "or run it where Airflow runs.\n"
    )
