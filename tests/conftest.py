"""Which tests run in what process, and which of them `make test-unit` runs."""

import gc
from functools import cache
from pathlib import Path

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadFileScheduling

from tests import compiled_statements

compiled_statements.share()
# What collecting makes stays until the end: looking for garbage among it took a third of collecting.
gc.disable()

UNIT = Path(__file__).parent / "unit"
# What takes long or waits.
HEAVY = ("long", "model", "process")
# What a file, or a conftest.py for it, says whose tests run on PostgreSQL, too.
ON_POSTGRESQL = "new_url"
# Files that use the same Airflow: whoever comes first starts it, so they go to one process.
_OF_ONE = ("audit_calls", "documents", "pages_in_airflow", "rescore_calls", "roles")
SHARE_AIRFLOW = {f"tests/integration/test_{name}.py" for name in _OF_ONE}


class _Files(LoadFileScheduling):  # type: ignore[misc]
    def _split_scope(self, nodeid: str) -> str:
        file: str = super()._split_scope(nodeid)
        return "tests/integration" if file in SHARE_AIRFLOW else file


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LoadFileScheduling | None:
    """Spreads tests by files: fixtures of modules are made once."""
    return _Files(config, log) if config.getoption("dist") == "loadfile" else None


@pytest.hookimpl(tryfirst=True)
def pytest_runtestloop() -> None:
    """Garbage is looked for again, once all tests are collected, but not among what that has made."""
    gc.freeze()
    gc.enable()


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """The rest of `make test` reads no file of unit tests alone: importing them takes each process long."""
    rest = config.getoption("markexpr") == "not unit"
    is_test = collection_path.name.startswith("test_")
    return True if rest and is_test and not _is_read_again(collection_path) else None


def _is_read_again(file: Path) -> bool:
    """Whether a file may have tests that `make test-unit` does not run."""
    if not file.is_relative_to(UNIT):
        return True
    folders = [folder for folder in file.parents if folder.is_relative_to(UNIT)]
    fixtures = "".join(map(_text, (folder / "conftest.py" for folder in folders)))
    return ON_POSTGRESQL in fixtures + _text(file) or any(f"mark.{name}" in _text(file) for name in HEAVY)


@cache
def _text(file: Path) -> str:
    return file.read_text() if file.exists() else ""


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Marks what needs no server, Airflow, browser, model or process, and computes briefly.

    Raises:
        UsageError: A test is none of them, and its file is not read by the rest of `make test` either.
    """
    for item in items:
        if not item.path.is_relative_to(UNIT):
            continue
        if not _on_postgresql(item) and not any(map(item.get_closest_marker, HEAVY)):
            item.add_marker("unit")
        elif not _is_read_again(item.path):
            raise pytest.UsageError(
                f"{item.nodeid} would be run by nobody: its file has to say why, see {__file__}."
            )


def _on_postgresql(item: pytest.Item) -> bool:
    parameters = item.callspec.params if hasattr(item, "callspec") else {}
    return bool(parameters.get("new_url") == "postgresql")
