"""Which tests run in what process, and which of them `make test-unit` runs."""

from pathlib import Path

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadFileScheduling

UNIT = Path(__file__).parent / "unit"
# Files that use the same Airflow: whoever comes first starts it, so they go to one process.
_OF_ONE = ("audit_calls", "documents", "pages_in_airflow", "roles")
SHARE_AIRFLOW = {f"tests/integration/test_{name}.py" for name in _OF_ONE}


class _Files(LoadFileScheduling):  # type: ignore[misc]
    def _split_scope(self, nodeid: str) -> str:
        file: str = super()._split_scope(nodeid)
        return "tests/integration" if file in SHARE_AIRFLOW else file


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LoadFileScheduling | None:
    """Spreads tests by files: fixtures of modules are made once."""
    return _Files(config, log) if config.getoption("dist") == "loadfile" else None


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Marks what needs no server, no Airflow and no browser."""
    for item in items:
        if item.path.is_relative_to(UNIT) and "postgresql" not in item.name:
            item.add_marker("unit")
