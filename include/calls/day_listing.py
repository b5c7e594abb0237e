"""The files of a day's folders in one listing, with what the manifests in them say."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from include.calls.day_folder import DayFolder
from include.calls.day_manifest import day_manifest
from include.calls.listing import Listing, listed
from include.calls.manifest_paths import Described
from include.calls.moments import DateOrder

# Size and time of a file, as the store lists them.
Stamp = tuple[int, datetime | None]


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
    known: Mapping[str, Stamp] | None = None,
) -> DayListing:
    """Lists a day's folders, and reads the manifest of each; see `listed` and `day_manifest`.

    Raises:
        InvalidInput: A manifest cannot be read as one.
        StoreFault: A folder or a manifest cannot be read at the moment.
    """
    whole = DayListing()
    for name, part in folder.parts.items():
        begin = "" if name == "." else name
        before = {
            path.removeprefix(begin): stamp for path, stamp in (known or {}).items() if path.startswith(begin)
        }
        listing = listed(
            part.filesystem, part.root, nested=part.nested, min_age_s=min_age_s, now=now, known=before
        )
        described = day_manifest(part, listing, manifest_name, timezone, date_order)
        _add(whole, begin, listing, described)
    return whole


def _add(whole: DayListing, begin: str, listing: Listing, described: Described) -> None:
    whole.listing.files |= {begin + path: info for path, info in listing.files.items()}
    whole.listing.being_written += [begin + path for path in listing.being_written]
    whole.listing.ignored += [replace(file, path=begin + file.path) for file in listing.ignored]
    whole.described.files |= {begin + path: row for path, row in described.files.items()}
    whole.described.absent |= {begin + path: row for path, row in described.absent.items()}
    where = f"in {begin.rstrip('/')}, " if begin else ""
    whole.described.problems += [f"{where}{problem}" for problem in described.problems]
