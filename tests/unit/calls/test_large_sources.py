"""What is held of a large listing of an object store, and of a large manifest, does not grow with them."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
from fsspec import AbstractFileSystem

from include.calls import csv_text, listing, on_disk
from include.calls.listing import listed
from include.calls.manifest import read_manifest
from include.calls.manifest_paths import describe
from tests.memory import peak_bytes

pytestmark = pytest.mark.long

FEW, MANY = 1_000, 4_000
FEW_ROWS, MANY_ROWS = 400, 1_600
MOST_TIMES = 1.3
ROOT = "bucket/calls/2026-11-16"
WRITTEN = datetime(2026, 11, 16, 20, 30, tzinfo=UTC)
PAGE = 50


@pytest.fixture(autouse=True)
def little_in_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(on_disk, "_IN_MEMORY", PAGE)
    monkeypatch.setattr(on_disk, "_ROWS_AT_ONCE", PAGE)
    monkeypatch.setattr(csv_text, "_PIECE_BYTES", 4096)


class Store(AbstractFileSystem):
    """A bucket of so many recordings, of each of which it tells ten fields; `asked` counts its answers."""

    cachable = False

    def __init__(self, count: int, protocol: str = "s3") -> None:
        super().__init__()
        self.count, self.protocol, self.asked = count, protocol, 0

    def _names(self, first: int = 0) -> Iterator[str]:
        return (f"calls/2026-11-16/{number:06}.wav" for number in range(first, self.count))

    def find(self, path: str, maxdepth=None, withdirs=False, detail=False, **_: Any) -> dict[str, Any]:
        return {f"bucket/{name}": {**of(name), "name": f"bucket/{name}", "size": 8} for name in self._names()}


class S3(Store):
    """As s3fs is."""

    def call_s3(
        self, method: str, *, Bucket: str, Prefix: str, ContinuationToken: str = "0"
    ) -> dict[str, Any]:
        assert (method, Bucket, Prefix) == ("list_objects_v2", "bucket", "calls/2026-11-16/")
        self.asked += 1
        after = int(ContinuationToken) + PAGE
        page = [of(name) for name in islice(self._names(int(ContinuationToken)), PAGE)]
        more = {"NextContinuationToken": str(after)} if after < self.count else {}
        return {"Contents": page, "IsTruncated": bool(more), **more} if page else {"IsTruncated": False}


class Google(Store):
    """As gcsfs is."""

    def __init__(self, count: int) -> None:
        super().__init__(count, "gs")

    def call(
        self, method: str, path: str, bucket: str, *, prefix: str, json_out: bool, pageToken: str = "0"
    ) -> dict[str, Any]:
        assert (method, path, bucket, json_out) == ("GET", "b/{}/o", "bucket", True)
        self.asked += 1
        after = int(pageToken) + PAGE
        page = [
            {"name": name, "size": "8", "updated": WRITTEN.isoformat()}
            for name in islice(self._names(int(pageToken)), PAGE)
        ]
        return {"items": page, "nextPageToken": str(after)} if after < self.count else {"items": page}


def of(name: str) -> dict[str, Any]:
    """What S3 tells of an object."""
    fields = {field: f"{field} of {name}" for field in ("ETag", "StorageClass", "Owner", "ChecksumType")}
    return {"Key": name, "Size": 8, "LastModified": WRITTEN, "type": "file", **fields}


@pytest.mark.parametrize("kind", [S3, Google])
def test_an_object_store_is_listed_page_by_page(kind: Callable[[int], Store]) -> None:
    few, many = (peak_bytes(partial(listed, kind(count), ROOT)) for count in (FEW, MANY))
    print(f"\n{few:,} bytes for {FEW:,}, {many:,} bytes for {MANY:,} keys")
    assert many < MOST_TIMES * few


@pytest.mark.parametrize("kind", [S3, Google])
@pytest.mark.parametrize(("count", "pages"), [(0, 1), (1, 1), (PAGE, 1), (PAGE + 1, 2)])
def test_every_page_of_it_is_read(kind: Callable[[int], Store], count: int, pages: int) -> None:
    store = kind(count)
    found = listed(store, ROOT)
    assert list(found.files) == [f"{number:06}.wav" for number in range(count)]
    assert store.asked == pages
    for file in islice(found.files.values(), 1):
        assert file == listing.ListedFile(8, WRITTEN)


def test_a_large_manifest_is_read_row_by_row(tmp_path: Path) -> None:
    def read(count: int) -> None:
        with (tmp_path / str(count)).open("rb") as file:
            manifest = read_manifest(file, "manifest.csv", "UTC")
        names = (f"{number:06}.wav" for number in range(count))
        assert len(describe(manifest, names, ROOT).files) == count

    for count in (FEW_ROWS, MANY_ROWS):
        rows = (f"{number:06}.wav,agent {number},2026-11-16T09:12:00Z" for number in range(count))
        (tmp_path / str(count)).write_text("\n".join(["file,agent,started_at", *rows]))
    few, many = (peak_bytes(partial(read, count)) for count in (FEW_ROWS, MANY_ROWS))
    print(f"\n{few:,} bytes for {FEW_ROWS:,}, {many:,} bytes for {MANY_ROWS:,} rows")
    assert many < MOST_TIMES * few
