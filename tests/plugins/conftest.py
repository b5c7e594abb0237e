"""Airflow's home comes first: Airflow reads it when it is imported."""

# isort: off
from tests.airflow_home import AIRFLOW_HOME
# isort: on

import json
import os
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import URL, create_engine, make_url, text

from include.database.batches import Batch
from include.database.engine import Database
from include.database.migrations import upgrade
from include.delivery import report
from tests.empty_database import empty_database
from tests.plugins.demo_site import as_, demo_file, entries, people, site, site_file  # noqa: F401 - fixtures
from tests.plugins.nights import FRIDAY, Nights
from tests.plugins.shard import CALLS, CONTENTS
from tests.undrawn import undrawn  # noqa: F401 - a fixture
from tests.unit.database.seeding import Day
from tests.unit.gpu.fake_host import FakeGpuHost

Connect = Callable[..., None]
POSTGRES_URL = os.environ.get("COFI_TEST_POSTGRES_URL", "")
# Modules whose runs meet in the database, and what one database takes and the other does not.
ON_BOTH = {"test_batch", "test_ending", "test_late", "test_recovery", "test_redo", "test_rescoring"}
ON_BOTH |= {"test_odd_params", "test_pages_odd_text"}


@pytest.fixture(scope="session")
def airflow_home() -> Path:
    """AIRFLOW_HOME of these tests."""
    return AIRFLOW_HOME


@pytest.fixture
def connection(monkeypatch: pytest.MonkeyPatch) -> Connect:
    """Defines an Airflow connection, as an environment variable does."""

    def define(conn_id: str, **fields: object) -> None:
        monkeypatch.setenv(f"AIRFLOW_CONN_{conn_id.upper()}", json.dumps(fields))

    return define


@pytest.fixture
def setting(monkeypatch: pytest.MonkeyPatch) -> Connect:
    """Overrides a line of `[cofi]`."""

    def override(name: str, value: object) -> None:
        monkeypatch.setenv(f"AIRFLOW__COFI__{name.upper()}", str(value))

    return override


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """What runs do to one another is tried on both databases; the others' statements are tested elsewhere."""
    if "backend" in metafunc.fixturenames and metafunc.module.__name__.rpartition(".")[2] in ON_BOTH:
        without = pytest.mark.skipif(not POSTGRES_URL, reason="needs COFI_TEST_POSTGRES_URL")
        metafunc.parametrize(
            "backend", ["sqlite", pytest.param("postgresql", marks=without)], scope="session"
        )


@pytest.fixture(scope="session")
def backend() -> str:
    """Which database a test runs on."""
    return "sqlite"


@pytest.fixture(scope="session")
def postgres() -> Iterator[URL]:
    """A database of its own on the server of COFI_TEST_POSTGRES_URL, with all tables."""
    name = f"cofi_plugins_{uuid4().hex[:12]}"
    server = create_engine(POSTGRES_URL, isolation_level="AUTOCOMMIT")
    with server.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    url = make_url(POSTGRES_URL).set(database=name)
    upgrade(url.render_as_string(hide_password=False))
    yield url
    with server.connect() as connection:
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    server.dispose()


@pytest.fixture
def day(backend: str, request: pytest.FixtureRequest, tmp_path: Path, connection: Connect) -> Iterator[Day]:
    """cofi's database with all tables and no rows, behind the connection `cofi_db`."""
    if backend == "postgresql":
        url = request.getfixturevalue("postgres")
        place = {"host": url.host, "port": url.port, "login": url.username, "password": url.password}
        connection("cofi_db", conn_type="postgres", schema=url.database, **place)
        made = Day(Database(url.render_as_string(hide_password=False)))
        made.clear()
    else:
        url = empty_database(tmp_path / "cofi.db")
        connection("cofi_db", conn_type="sqlite", host=make_url(url).database)
        made = Day(Database(url))
    yield made
    made.database.close()


@pytest.fixture
async def gpu_a(connection: Connect, setting: Connect) -> AsyncIterator[FakeGpuHost]:
    """A GPU host behind the connection `gpu_a`; what fails is not tried again."""
    setting("gpu_attempts", 1)
    setting("gpu_busy_patience_s", 0)
    async with FakeGpuHost(token="s3cret") as host:
        connection("gpu_a", conn_type="http", host="127.0.0.1", port=host.port, password="s3cret")
        yield host


@pytest.fixture
def batch(day: Day, tmp_path: Path) -> Batch:
    """Three calls that lie in a store and wait in shard 0 of `gpu_a`."""
    for path, content in CONTENTS.items():
        (tmp_path / path).write_bytes(content)
    return day.planned(*(replace(call, uri=f"file://{tmp_path}/{call.path}") for call in CALLS))


@pytest.fixture
def runs_folder(setting: Connect, tmp_path: Path) -> Path:
    """Where reports are written."""
    setting("runs_folder", tmp_path / "runs")
    return tmp_path / "runs"


@pytest.fixture
def nights(
    day: Day, tmp_path: Path, setting: Connect, connection: Connect, monkeypatch: pytest.MonkeyPatch
) -> Nights:
    """A site whose folder of Friday has two calls."""
    # Charts have tests of their own: drawing them would be a fifth of what a night takes.
    monkeypatch.setattr(report, "_charts", lambda _: defaultdict(str))
    setting("runs_folder", tmp_path / "runs")
    setting("gpu_hosts", "gpu_a")
    connection("cofi_llm", conn_type="http", host="http://llm/v1", extra={"model": "m"})
    made = Nights(day, tmp_path / "calls")
    made.put(FRIDAY, "a.wav", "b.wav")
    return made
