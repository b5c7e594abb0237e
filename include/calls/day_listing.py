"""The files of a day's folders in one listing, with what the manifests in them say."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime

from include.calls.day_folder import DayFolder
from include.calls.day_manifest import day_manifest
from include.calls.listing import Listing, Stamp, listed
from include.calls.manifest_paths import Described
from include.calls.moments import DateOrder


@dataclass
class DayListing:
    """A day's files, by path below its folder's root.

    Attributes:
        listing: All but the manifests.
        described: What those say.
    """

    listing: Listing = field(default_factory=Listing)
    described: Described = field(default_factory=Described)


def list_day(
    folder: DayFolder,
    manifest_name: str,
    timezone: str,
    *,
    date_order: DateOrder | None = None,
    min_age_s: float = 0,
    now: datetime | None = None,
    known: Callable[[str], Stamp | None] = lambda _: None,
) -> DayListing:
    """Lists a day's folders, and reads the manifest of each; see `listed` and `day_manifest`.

    Raises:
        InvalidInput: A manifest cannot be read as one.
        StoreFault: A folder or a manifest cannot be read at the moment.
    """
    whole = DayListing()
    for name, part in folder.parts.items():
        begin = "" if name == "." else name
        listing = listed(
            part.filesystem,
            part.root,
            nested=part.nested,
            min_age_s=min_age_s,
            now=now,
            known=lambda path, begin=begin: known(begin + path),  # type: ignore[misc]
        )
        described = day_manifest(part, listing, manifest_name, timezone, date_order)
        if folder.names == ("",):
            return DayListing(listing, described)
        _add(whole, begin, listing, described)
    return whole


def _add(whole: DayListing, begin: str, listing: Listing, described: Described) -> None:
    files, ignored = listing.files.items(), listing.ignored
    whole.listing.files.add_all((begin + path, file) for path, file in files)
    whole.listing.being_written.add_all((begin + path, begin + path) for path in listing.being_written)
    whole.listing.ignored.add_all((begin + one.path, replace(one, path=begin + one.path)) for one in ignored)
    whole.described.files.add_all((begin + path, row) for path, row in described.files.items())
    whole.described.absent.add_all((begin + path, row) for path, row in described.absent.items())
    where = f"in {begin.rstrip('/')}, " if begin else ""
    whole.described.problems.add_all(("", f"{where}{problem}") for problem in described.problems)
