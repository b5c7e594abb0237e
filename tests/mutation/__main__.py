"""Runs the unit tests against mutants of the code that must not be wrong: `make mutants`.

Each mutant is a process of its own, in which the module is loaded changed. A mutant that no test notices has
survived: the tests say nothing about that line. Those that behave as the code does stand in equivalent.yaml.
"""

import argparse
import os
import signal
import sys
import time
from collections.abc import Iterator, Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path
from types import ModuleType
from typing import Any

from include.plain_yaml import read_yaml
from tests.mutation.choosing import chosen
from tests.mutation.mutants import Mutant, mutants

ROOT = Path(__file__).parents[2]
# The tests of a module without any change, on a busy machine; with one they may take so many times as long.
_UNCHANGED_S = 1800
_TIMES_AS_LONG = 5
_LEAST_S = 120
_WHY_CHARS = 90
# Loaded once, before anything of cofi: most of a start of the tests.
_HEAVY = [
    "pytest",
    "hypothesis",
    "sqlalchemy.orm",
    "alembic.command",
    "pydantic",
    "aiohttp.test_utils",
    "tenacity",
]
_HEAVY += ["pytest_asyncio", "fsspec", "numpy", "jinja2"]


class Changed(Loader, MetaPathFinder):
    """Loads one module from a mutant instead of its file."""

    def __init__(self, module: str, mutant: Mutant) -> None:
        self._module = module
        self._mutant = mutant

    def find_spec(self, name: str, path: Any, target: ModuleType | None = None) -> ModuleSpec | None:
        if name != self._module:
            return None
        spec = PathFinder.find_spec(name, path)
        assert spec
        spec.loader = self
        return spec

    def exec_module(self, module: ModuleType) -> None:
        exec(compile(self._mutant.tree, module.__spec__.origin, "exec"), module.__dict__)  # type: ignore[union-attr,arg-type]


def main() -> int:
    arguments = _arguments()
    accepted = read_yaml((ROOT / "tests/mutation/equivalent.yaml").read_text())
    survived, number = [], 0
    for path, tests in _targets(arguments.only):
        picked = list(_picked(path, everything=arguments.all))
        if arguments.list:
            print(*(f"{path}:{mutant.name}" for mutant in picked), sep="\n")
            continue
        if not picked:
            continue
        # A suite that fails by itself would kill every mutant.
        began_s = time.monotonic()
        if how := _killed(path, None, tests, _UNCHANGED_S):
            print(f"{path}: its tests fail without any change, {how}")
            return 2
        longest_s = max(_LEAST_S, _TIMES_AS_LONG * (time.monotonic() - began_s))
        for mutant in picked:
            number += 1
            began_s = time.monotonic()
            how = _killed(path, mutant, tests, longest_s)
            why = accepted.get(f"{path}: {mutant.change}")
            told = how or (f"equivalent: {why}" if why else "SURVIVED")
            print(f"{number:4} {time.monotonic() - began_s:5.1f} s {path}:{mutant.name}: {told}", flush=True)
            if not how and not why:
                survived.append(f"{path}:{mutant.name}")
    print(f"{number - len(survived)} of {number} mutants are killed or equivalent, {len(survived)} survived")
    return bool(survived)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.mutation", description=__doc__)
    parser.add_argument("--all", action="store_true", help="every mutant, not the most dangerous hundred")
    parser.add_argument("--only", default="", help="part of a path: mutants of these files")
    parser.add_argument("--list", action="store_true", help="show them, and run nothing")
    return parser.parse_args()


def _targets(only: str) -> Iterator[tuple[str, Sequence[str]]]:
    targets = read_yaml((ROOT / "tests/mutation/targets.yaml").read_text())
    for path, tests in targets.items():
        if only in path:
            yield path, tests


def _picked(path: str, *, everything: bool) -> Iterator[Mutant]:
    found = mutants((ROOT / path).read_text())
    return iter(found if everything else chosen(list(found)))


def _killed(path: str, mutant: Mutant | None, tests: Sequence[str], longest_s: float) -> str:
    """How the tests notice a mutant; empty when they do not."""
    heard, told = os.pipe()
    child = os.fork()
    if not child:
        _child(path, mutant, tests, told)
    os.close(told)
    # Processes that the tests started may hold the other end.
    os.set_blocking(heard, False)
    with os.fdopen(heard, "rb") as pipe:
        status = _ended(child, longest_s)
        if status is None:
            return "killed: the tests do not end"
        # A test that ran out of time on a busy machine has noticed nothing: people see which one it was.
        return (
            f"killed by {(pipe.read() or b'').decode() or 'no test: pytest itself failed'}" if status else ""
        )


def _ended(child: int, longest_s: float) -> int | None:
    """Its status; None when it had to be ended."""
    deadline_s = time.monotonic() + longest_s
    while time.monotonic() < deadline_s:
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            return status
        time.sleep(0.05)
    os.killpg(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return None


class Telling:
    """Tells which test fails first, and by which error."""

    def __init__(self, told: int) -> None:
        self._told = told

    def pytest_runtest_logreport(self, report: Any) -> None:
        if report.failed:
            crash = getattr(report.longrepr, "reprcrash", None)
            why = str(crash.message if crash else "").partition("\n")[0][:_WHY_CHARS]
            os.write(self._told, f"{report.nodeid}: {why}".encode())


def _child(path: str, mutant: Mutant | None, tests: Sequence[str], told: int) -> None:
    """Never returns."""
    try:
        os.setpgid(0, 0)
        quiet = os.open(os.devnull, os.O_WRONLY)
        os.dup2(quiet, 1)
        os.dup2(quiet, 2)
        if mutant:
            module = path.removesuffix(".py").replace("/", ".")
            sys.meta_path.insert(0, Changed(module, mutant))
        import pytest

        options = ["-x", "-q", "-n0", "-p", "no:cacheprovider", "--timeout=60", "--durations=0"]
        code = int(pytest.main([*options, *tests], plugins=[Telling(told)]))
    except BaseException:
        code = 1
    os._exit(code)


if __name__ == "__main__":
    os.chdir(ROOT)
    sys.path[:0] = [str(ROOT), str(ROOT / "plugins")]
    for heavy in _HEAVY:
        __import__(heavy)
    sys.exit(main())
