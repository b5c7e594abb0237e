"""A recording is opened as it was listed, whatever its name, from discovery to its way to a GPU host."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import fsspec
import pytest
from airflow.sdk import ObjectStoragePath
from airflow.sdk.io import attach, has_fs

from cofi import batch as tasks
from cofi.discovering import discover
from cofi.recordings import located, opened
from include.calls.call import CallState
from include.database.models import CallRow
from tests.plugins.params import params
from tests.unit.calls.odd_names import LINUX_NAMES, ODD_NAMES
from tests.unit.calls.site import recording
from tests.unit.database.seeding import Day

DAY = date(2026, 11, 16)
# One recording: a name that opens another file gives other bytes.
SOUNDS = {name: recording(3, seed=seed) for seed, name in enumerate([*ODD_NAMES, *LINUX_NAMES])}


# Airflow knows the filesystems of its providers; this one stands for a store that is none of them.
attach(protocol="memory", fs=fsspec.filesystem("memory"))


@pytest.fixture(params=["file", "memory", "odd location"])
def location(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[str]:
    """Where the day's folder lies."""
    monkeypatch.setattr("cofi.stores.has_fs", lambda scheme: scheme == "memory" or has_fs(scheme))
    memory = fsspec.filesystem("memory")
    memory.store.clear()
    places = {
        "file": f"file://{tmp_path}/calls",
        "memory": "memory://site/calls",
        "odd location": f"file://{tmp_path}/calls #1 (50%)",
    }
    yield places[request.param]
    memory.store.clear()


def put(location: str, name: str) -> None:
    """Writes a file by its filesystem alone: no URI is read."""
    folder = ObjectStoragePath(location)
    path = f"{folder.path}/2026-11-16/{name}"
    folder.fs.makedirs(path.rpartition("/")[0], exist_ok=True)
    folder.fs.pipe_file(path, SOUNDS[name])


def test_every_recording_is_opened_as_it_was_listed(day: Day, setting, connection, location: str) -> None:
    setting("gpu_hosts", "gpu_a")
    connection("cofi_llm", conn_type="http", host="http://llm/v1", extra={"model": "m"})
    names = ODD_NAMES + (LINUX_NAMES if location.startswith("file") else [])
    for name in names:
        put(location, name)
    wanted = params(Path(), location=location)

    by_state = discover(tasks.open_batch("run-1", wanted, None), wanted, lambda _: False)

    assert by_state["pending"] == len(names), by_state
    found = {row["path"]: row for row in day.rows(CallRow)}
    assert {path.encode(errors="backslashreplace").decode() for path in names} == set(found)
    for name in names:
        row = found[name.encode(errors="backslashreplace").decode()]
        assert row["duration_s"] == 3, name
        with opened(row["uri"]) as file:
            assert file.read() == SOUNDS[name], name


def test_a_copy_with_an_odd_name_is_told_by_its_content(day: Day, setting, connection, location: str) -> None:
    setting("gpu_hosts", "gpu_a")
    connection("cofi_llm", conn_type="http", host="http://llm/v1", extra={"model": "m"})
    folder = ObjectStoragePath(location)
    for name in ("a?.wav", "b::c#.wav"):
        put_as = f"{folder.path}/2026-11-16/{name}"
        folder.fs.makedirs(put_as.rpartition("/")[0], exist_ok=True)
        folder.fs.pipe_file(put_as, SOUNDS["plain.wav"])
    wanted = params(Path(), location=location)

    by_state = discover(tasks.open_batch("run-1", wanted, None), wanted, lambda _: False)

    assert (by_state["pending"], by_state["duplicate"]) == (1, 1)


@pytest.mark.parametrize(
    ("uri", "protocol", "path"),
    [
        ("file:///calls/2026-11-16/a?.wav", "file", "/calls/2026-11-16/a?.wav"),
        ("memory://site/2026-11-16/a::b.wav", "memory", "/site/2026-11-16/a::b.wav"),
        ("/calls/2026-11-16/a#.wav", "file", "/calls/2026-11-16/a#.wav"),
    ],
)
def test_a_location_is_read_as_airflow_reads_it(uri: str, protocol: str, path: str) -> None:
    filesystem, found = located(uri)
    assert (protocol in filesystem.protocol, found) == (True, path)
    assert filesystem is ObjectStoragePath(uri.partition("/2026")[0]).fs


def test_what_is_gone_is_told_as_such(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        opened(f"file://{tmp_path}/gone?.wav")


def test_a_name_that_no_library_opens_is_told(day: Day, setting, connection, tmp_path: Path) -> None:
    setting("gpu_hosts", "gpu_a")
    connection("cofi_llm", conn_type="http", host="http://llm/v1", extra={"model": "m"})
    folder = tmp_path / "2026-11-16"
    folder.mkdir()
    (folder / "a.wav?versionId=3").write_bytes(SOUNDS["plain.wav"])
    (folder / "b\\udcff.wav").write_bytes(SOUNDS["plain.wav"])
    wanted = params(tmp_path)

    discover(tasks.open_batch("run-1", wanted, None), wanted, lambda _: False)

    reasons = {row["path"]: (row["state"], row["state_reason"]) for row in day.rows(CallRow)}
    assert {state for state, _ in reasons.values()} == {CallState.QUARANTINED}
    assert all(reason.endswith("rename it") for _, reason in reasons.values())
