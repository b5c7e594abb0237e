"""Listings of object stores page by page, a thousand files each.

`find` of fsspec reads all pages before it tells of a file, with all that a store says of each: some gigabytes
for a million. S3, with what speaks as it does, and Google's store are asked by their libraries' own calls.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from fsspec import AbstractFileSystem

Info = Mapping[str, Any]
Pages = Iterator[Mapping[str, Any]]


def files_below(filesystem: AbstractFileSystem, root: str) -> Iterator[tuple[str, Info]] | None:
    """The files whose names begin with a folder's; None of a store that is not asked by pages.

    Args:
        filesystem: fsspec's.
        root: The folder on it, with its bucket.

    Raises:
        FileNotFoundError: There is no such bucket. Other errors are those of the store's library.
    """
    bucket, _, folder = filesystem._strip_protocol(root).partition("/")
    prefix = f"{folder}/" if folder else ""
    if hasattr(filesystem, "call_s3"):
        return _of_s3(filesystem, bucket, prefix)
    if _protocols(filesystem) & {"gs", "gcs"}:
        return _of_google(filesystem, bucket, prefix)
    return None


def _of_s3(filesystem: AbstractFileSystem, bucket: str, prefix: str) -> Iterator[tuple[str, Info]]:
    asked = {"Bucket": bucket, "Prefix": prefix, **getattr(filesystem, "req_kw", {})}
    pages = _pages(
        lambda token: filesystem.call_s3("list_objects_v2", **asked, **token),
        "NextContinuationToken",
        "ContinuationToken",
    )
    for page in pages:
        for file in page.get("Contents", ()):
            yield f"{bucket}/{file['Key']}", {"size": file["Size"], "LastModified": file["LastModified"]}


def _of_google(filesystem: AbstractFileSystem, bucket: str, prefix: str) -> Iterator[tuple[str, Info]]:
    asked = {"prefix": prefix, "json_out": True}
    pages = _pages(
        lambda token: filesystem.call("GET", "b/{}/o", bucket, **asked, **token), "nextPageToken", "pageToken"
    )
    for page in pages:
        for file in page.get("items", ()):
            yield f"{bucket}/{file['name']}", {"size": int(file["size"]), "updated": file.get("updated")}


def _pages(ask: Callable[[Mapping[str, str]], Mapping[str, Any]], told: str, given: str) -> Pages:
    """The answers one after the other: each tells under one name what the next question gives as another."""
    token: Mapping[str, str] = {}
    while True:
        page = ask(token)
        yield page
        if not page.get(told):
            return
        token = {given: page[told]}


def _protocols(filesystem: AbstractFileSystem) -> set[str]:
    named = filesystem.protocol
    return {named} if isinstance(named, str) else set(named)
