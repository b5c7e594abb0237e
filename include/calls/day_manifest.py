"""The manifest in a day's folder: found, read, and laid beside the files that are there."""

import logging
from collections.abc import Iterator
from itertools import chain, islice
from posixpath import splitext

from include.calls.day_folder import DayFolder
from include.calls.listing import Listing
from include.calls.manifest import read_manifest
from include.calls.manifest_paths import Described, describe
from include.calls.moments import DateOrder
from include.errors import StoreFault

log = logging.getLogger(__name__)

# A column in a form that nobody understands is a problem of every row.
_LOGGED = 50
# How people save tables.
_TABLES = (".csv", ".tsv", ".txt", ".json", ".xls", ".xlsx", ".ods")


def day_manifest(
    folder: DayFolder,
    listing: Listing,
    manifest_name: str,
    timezone: str,
    date_order: DateOrder | None = None,
) -> Described:
    """Reads the day's manifest, and takes it out of the listing.

    Args:
        folder: The day's folder.
        listing: Its files.
        manifest_name: File name of the manifest; where no file has it, one that differs by case alone serves.
        timezone: Of times that state none.
        date_order: What 03/04/2026 means.

    Raises:
        InvalidInput: It cannot be read as a manifest.
        StoreFault: The store does not give it.
    """
    named = [path for path in _present(listing) if path.casefold() == manifest_name.casefold()]
    if not named:
        log.info("No manifest %s/%s: calls are audited without metadata", folder.uri, manifest_name)
        alike = Described()
        alike.problems.add_all(("", problem) for problem in _named_alike(listing, manifest_name))
        return alike
    name = manifest_name if manifest_name in named else min(named)
    described = _read(folder, listing, name, timezone, date_order)
    if listing.being_written.has(name):
        listing.being_written.remove(name)
        described.problems.add("", "it was written just now: if rows are missing, run the day again")
    listing.files.pop(name, None)
    for problem in islice(described.problems, _LOGGED):
        log.warning("Manifest %s/%s: %s", folder.uri, name, problem)
    if (count := len(described.problems)) > _LOGGED:
        log.warning("Manifest %s/%s: %d problems in all", folder.uri, name, count)
    return described


def _present(listing: Listing) -> Iterator[str]:
    return chain(listing.files, listing.being_written)


def _named_alike(listing: Listing, manifest_name: str) -> list[str]:
    """What may be meant as the manifest, and is not read as it."""
    stem = splitext(manifest_name)[0].casefold()
    alike = sorted(
        path
        for path in _present(listing)
        if "/" not in path and path.casefold().startswith(stem) and path.casefold().endswith(_TABLES)
    )
    return [f"{path} is not read: save it as CSV under the name {manifest_name}" for path in alike]


def _read(
    folder: DayFolder, listing: Listing, name: str, timezone: str, date_order: DateOrder | None
) -> Described:
    uri = f"{folder.uri}/{name}"
    try:
        with folder.filesystem.open(f"{folder.root.rstrip('/')}/{name}", "rb") as file:
            manifest = read_manifest(file, uri, timezone, date_order)
    except OSError as error:
        raise StoreFault(
            f"Manifest {uri} cannot be read ({error}): check its store and connection."
        ) from error
    ignored = (file.path for file in listing.ignored)
    described = describe(manifest, chain(_present(listing), ignored), folder.root)
    for file in listing.ignored:
        if file.path in described.files:
            described.problems.add("", f"{file.path} is no recording: {file.reason}; rename it if it is one")
    for path in described.absent:
        if _comes(path, listing):
            del described.absent[path]
    return described


def _comes(path: str, listing: Listing) -> bool:
    """Whether a recording that the manifest names is still being written, under a name for the time being."""
    folder, slash, name = path.rpartition("/")
    return any(other.startswith((path, f"{folder}{slash}~${name}")) for other in listing.being_written)
