"""Recordings in their store: opened by filesystem and path, as they were listed.

A recording's URI is that of the location and its path, letter by letter. Read as a URI, a name with `?`, `#`,
`::` or a tab would be another: part of it a query, a fragment, a chain of filesystems, or left out.
"""

import re
from typing import IO, cast

from airflow.sdk import ObjectStoragePath
from fsspec import AbstractFileSystem

from include.calls.day_folder import as_listed

_STORE = re.compile(r"([a-z][a-z0-9+.\-]*://[^/]*/)(.*)", re.DOTALL | re.IGNORECASE)


def located(uri: str) -> tuple[AbstractFileSystem, str]:
    """The filesystem that a recording lies on, and its path there."""
    store = _STORE.fullmatch(uri)
    begin, path = (store[1], store[2]) if store else ("file:///", uri.lstrip("/"))
    root = ObjectStoragePath(begin)
    return root.fs, f"{root.path.rstrip('/')}/{as_listed(path)}"


def opened(uri: str) -> IO[bytes]:
    """Opens a recording for reading.

    Raises:
        FileNotFoundError: It is gone.
        Exception: What the store's library raises when it does not give it.
    """
    filesystem, path = located(uri)
    return cast(IO[bytes], filesystem.open(path, "rb"))
