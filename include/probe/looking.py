"""What a run would find in a location, without Airflow, a database or a GPU host."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from datetime import date, datetime
from pathlib import Path

from include.calls.call import Call, CallMetadata, CallState
from include.calls.day_folder import DayFolder, sha256_of_files
from include.calls.discovery import find_recordings
from include.calls.discovery_rules import DiscoveryRules
from include.calls.files import DayFiles
from include.calls.recorders.loading import PLAIN, all_recorders, load_recorder
from include.calls.recorders.profile import Recorder
from include.probe.fitting import Fit, fit_of, fits
from include.probe.formats import formats_of
from include.probe.nearby import nearby
from include.probe.place import Place
from include.site_time import moment

# `[cofi] min_duration_s` and `max_duration_s`, as shipped.
_SHORTEST_S, _LONGEST_S = 2.0, 7200.0
_ONE_BY_ONE = 3
_UNKNOWN_ROLES = "unknown: found out by what is said"


@dataclass(frozen=True)
class Probed:
    """What a look at a location found.

    Attributes:
        place: Where.
        fits: Every recorder, the best first; only the one that was asked for, if one was.
        day: Which was looked at; None when there is none.
        calls: The first so many of the day.
        limit: How many were looked at, at most.
        files: Of the whole day.
        formats: How many of the calls have which.
        duplicates: Calls of the same content, by pair of paths.
        roles: How many of the calls have their channels' roles by whom.
        nearby: Folders in the location where a recorder would find days, when none does here.
        recorders_folder: Where the recorder's file lies; None for one that is shipped.
    """

    place: Place
    fits: tuple[Fit, ...]
    day: date | None
    calls: tuple[Call, ...]
    limit: int
    files: DayFiles
    formats: dict[str, int]
    duplicates: tuple[tuple[str, str], ...]
    roles: dict[str, int]
    nearby: tuple[str, ...] = ()
    recorders_folder: Path | None = None

    @property
    def recorder(self) -> Recorder:
        """The recorder by which the location was looked at."""
        return self.fits[0].recorder

    @property
    def fields(self) -> dict[str, tuple[int, str]]:
        """The metadata fields: how many of the calls have each, and one value."""
        found: dict[str, tuple[int, str]] = {}
        for name, value in (
            known for call in self.calls for known in _known(call.metadata, self.place.timezone)
        ):
            count, example = found.get(name, (0, value))
            found[name] = (count + 1, example)
        return found

    @property
    def problems(self) -> list[str]:
        """What somebody should mend, the calls that will not be audited first."""
        reasons = Counter(
            call.state_reason or "" for call in self.calls if call.state is not CallState.PENDING
        )
        of_calls = [f"{n} recording{'s' * (n > 1)}: {reason}" for reason, n in reasons.most_common()]
        return [*of_calls, *self.files.problems]


def look(
    place: Place,
    *,
    day: date | None = None,
    recorder: str | None = None,
    recorders_folder: Path | None = None,
    limit: int = 200,
) -> Probed:
    """Looks at a day of a location.

    Args:
        place: Where.
        day: Which; None for the newest that there is.
        recorder: With which; None for the one that fits best.
        recorders_folder: Of recorders of one's own.
        limit: How many recordings are opened, in order of path.

    Raises:
        InvalidInput: A recorder's file or a manifest is wrong.
    """
    wanted = [load_recorder(recorder, recorders_folder)] if recorder else all_recorders(recorders_folder)
    found = fits(place, wanted, day) if not recorder or recorder == PLAIN else [fit_of(place, wanted[0], day)]
    best = found[0]
    if best.day is None or not best.recordings:
        around = tuple(nearby(place, wanted))
        return Probed(place, tuple(found), day, (), limit, DayFiles(), {}, (), {}, around)
    folder = place.folder(best.recorder, best.day)
    rules = DiscoveryRules(
        place.manifest_name, place.timezone, _SHORTEST_S, _LONGEST_S, limit=limit, recorder=best.recorder
    )
    looked = find_recordings(folder, rules, {})
    return Probed(
        place=place,
        fits=tuple(found),
        day=best.day,
        calls=tuple(looked.recordings),
        limit=limit,
        files=looked.files,
        formats=formats_of(folder, looked.recordings),
        duplicates=tuple(_duplicates(folder, looked.recordings)),
        roles=_roles(looked.recordings),
        recorders_folder=_own_folder(best.recorder.id, recorders_folder),
    )


def _own_folder(recorder: str, folder: Path | None) -> Path | None:
    return folder.absolute() if folder and (folder / f"{recorder}.yaml").is_file() else None


def _known(metadata: CallMetadata, timezone: str) -> Iterator[tuple[str, str]]:
    for field in fields(metadata):
        value = getattr(metadata, field.name)
        if value in (None, (), {}) or field.name in ("roles_source", "extra"):
            continue
        yield field.name, _shown(value, timezone)
    yield from ((f"extra: {name}", value) for name, value in metadata.extra.items())


def _shown(value: object, timezone: str) -> str:
    if isinstance(value, datetime):
        return moment(value, timezone)
    return ", ".join(map(str, value)) if isinstance(value, tuple) else str(value)


def _duplicates(folder: DayFolder, calls: Sequence[Call]) -> Iterator[tuple[str, str]]:
    """Of calls of the same size, those that have the same content."""
    by_size: dict[int, list[Call]] = defaultdict(list)
    for call in calls:
        if call.state is CallState.PENDING:
            by_size[call.size_bytes].append(call)
    for same in (some for some in by_size.values() if len(some) > 1):
        first: dict[str, Call] = {}
        for call in same:
            content = sha256_of_files(folder.filesystem, folder.paths_of(call))
            original = first.setdefault(content, call)
            if original is not call:
                yield call.path, original.path


def _roles(calls: Sequence[Call]) -> dict[str, int]:
    """Counts the calls with several channels by the source of their roles."""
    several = [call.metadata for call in calls if (call.channels or 0) > 1]
    return dict(Counter(one.roles_source or _UNKNOWN_ROLES for one in several))
