"""A store on loopback, a bucket for each test, and a GPU host to send recordings to."""

# isort: off
from tests.airflow_home import AIRFLOW_HOME  # noqa: F401 - Airflow reads it when it is imported
# isort: on

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest
import requests

from include.demo.ports import free_port
from tests.integration.s3.bucket import FRIDAY, KEYS, Bucket
from tests.integration.s3.object_store import ObjectStore, started
from tests.plugins import conftest as plugins
from tests.unit.database.seeding import Day

connection, setting = plugins.connection, plugins.setting
backend, day = plugins.backend, plugins.day
_NUMBERS = count(1)


@pytest.fixture(scope="module")
def running() -> Iterator[ObjectStore]:
    with started() as store:
        yield store


@pytest.fixture
def bucket(running: ObjectStore, day: Day, setting, connection, monkeypatch) -> Iterator[Bucket]:
    """A new one, behind a connection of its own. Nothing beyond this machine is asked for credentials."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", os.devnull)
    monkeypatch.setenv("AWS_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("AWS_ENDPOINT_URL", running.url)
    setting("gpu_hosts", "gpu_a")
    setting("gpu_attempts", 1)
    connection("cofi_llm", conn_type="http", host="http://llm/v1", extra={"model": "m"})
    made = Bucket(running, f"bucket-{next(_NUMBERS)}", day)
    connection(made.conn_id, **running.connection())
    running.put(made.name)
    running.asked.clear()
    yield made
    running.fault = None


@pytest.fixture(scope="module")
def filled(running: ObjectStore) -> str:
    """A bucket with a day of many recordings, all of them empty; its name."""
    running.put("full", **{f"{Bucket.prefix}/{FRIDAY}/{number:04}.wav": b"" for number in range(KEYS)})
    return "full"


@pytest.fixture
def full(filled: str, bucket: Bucket, connection) -> Bucket:
    """The same, behind a connection."""
    bucket.name = filled
    connection(bucket.conn_id, **bucket.store.connection())
    bucket.store.asked.clear()
    return bucket


@pytest.fixture
def gpu_host(connection, tmp_path: Path) -> Iterator[str]:
    """An emulated GPU host as a process; its URL."""
    port, log = free_port(), tmp_path / "gpu-host.log"
    command = [
        sys.executable,
        "-m",
        "include.command_line",
        "emulate",
        "gpu-host",
        "--port",
        str(port),
        "--stage-seconds=0",
    ]
    url = f"http://127.0.0.1:{port}"
    connection("gpu_a", conn_type="http", host=url)
    with log.open("wb") as file:
        process = subprocess.Popen(command, stdout=file, stderr=file, cwd=Path(__file__).parents[3])
    try:
        deadline_s = time.monotonic() + 60
        while not _answers(url):
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < deadline_s
            time.sleep(0.1)
        yield url
    finally:
        process.terminate()
        process.wait()


def _answers(url: str) -> bool:
    try:
        return requests.get(f"{url}/health", timeout=5).ok
    except requests.ConnectionError:
        return False
