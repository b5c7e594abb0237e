"""Stores to discover."""

from collections.abc import Iterator
from pathlib import Path

import fsspec
import pytest
from fsspec.implementations.memory import MemoryFileSystem

from tests.unit.calls.site import Site


@pytest.fixture
def local_site(tmp_path: Path) -> Site:
    """A day on a disk: its listing tells when a file was written."""
    return Site(fsspec.filesystem("file"), str(tmp_path / "2026-11-16"), "file")


@pytest.fixture
def memory_site() -> Iterator[Site]:
    """A day in a store whose listing says nothing but name and size."""
    memory = fsspec.filesystem("memory")
    _clear(memory)
    yield Site(memory, "/calls/2026-11-16", "memory")
    _clear(memory)


def _clear(memory: MemoryFileSystem) -> None:
    memory.store.clear()
    memory.pseudo_dirs[:] = [""]


@pytest.fixture(params=["local", "memory"])
def site(request: pytest.FixtureRequest) -> Site:
    """Either."""
    return request.getfixturevalue(f"{request.param}_site")
