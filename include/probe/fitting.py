"""Which recorder fits a location best."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, fields
from datetime import date

from include.calls.call import CallMetadata
from include.calls.day_folder import DayFolder
from include.calls.day_listing import DayListing, list_day
from include.calls.recorders.collecting import MetadataCollector
from include.calls.recorders.loading import PLAIN
from include.calls.recorders.profile import Recorder
from include.calls.recorders.sorting import SortedFiles, sort_listing
from include.probe.days import days_there
from include.probe.place import Place

# How people name a day's folder, for recordings of nowhere in particular.
_LAYOUTS = (
    *("YYYY-MM-DD", "YYYY/MM/DD", "YYYYMMDD", "YYYY/MM/YYYY-MM-DD", "YYYY/YYYY-MM-DD", "YYYY_MM_DD"),
    *("YYYY.MM.DD", "DD-MM-YYYY", "DD.MM.YYYY", "DDMMYYYY", "YYYY/MMDD", "YYYY-MM/DD", "YYYYMM/DD"),
)
# So many calls are looked at to judge a recorder.
_SAMPLE = 20
# So many fields are all that anybody can wish for.
_MANY_FIELDS = 8
_OWN = {"channel_roles", "roles_source", "extra"}


@dataclass(frozen=True)
class Fit:
    """How well a recorder fits a day.

    Attributes:
        score: 0..1: which share of the files it explains, and how much they then tell.
        day: Which was looked at; None when it has none.
        recordings: Calls with a file.
        explained: Share of the files that are what the recorder expects.
        fields: How many fields are known of a call, on average.
    """

    recorder: Recorder
    score: float
    day: date | None
    recordings: int = 0
    explained: float = 0.0
    fields: float = 0.0


def fits(place: Place, recorders: Sequence[Recorder], day: date | None) -> list[Fit]:
    """Every recorder, the best first; of plain folders the layout that fits best."""
    tried = [fit_of(place, one, day) for recorder in recorders for one in _layouts(recorder)]
    best: dict[str, Fit] = {}
    for fit in tried:
        known = best.get(fit.recorder.id)
        if known is None or fit.score > known.score:
            best[fit.recorder.id] = fit
    return sorted(best.values(), key=_order)


def _order(fit: Fit) -> tuple[float, bool, int, str]:
    """The best first; of two alike the one that expects less."""
    return -fit.score, fit.recorder.id == PLAIN, len(fit.recorder.days.folders), fit.recorder.id


def fit_of(place: Place, recorder: Recorder, day: date | None) -> Fit:
    """How well one recorder fits the day, or the newest day that it finds."""
    wanted = [day] if day else days_there(place.filesystem, place.root, recorder, place.timezone, 1)
    for one in wanted:
        folder = place.folder(recorder, one)
        listed = list_day(folder, place.manifest_name, place.timezone)
        if listed.listing.files:
            return _judged(folder, listed, sort_listing(listed.listing, recorder), recorder, place)
    return Fit(recorder, 0.0, None)


def _layouts(recorder: Recorder) -> Iterator[Recorder]:
    if recorder.id != PLAIN:
        yield recorder
        return
    yield from (recorder.laid_out(layout) for layout in _LAYOUTS)


def _judged(
    folder: DayFolder, listed: DayListing, files: SortedFiles, recorder: Recorder, place: Place
) -> Fit:
    if not files.recordings:
        return Fit(recorder, 0.0, folder.day)
    with ThreadPoolExecutor(8) as pool:
        rows = listed.described.files
        collector = MetadataCollector(folder, files, recorder, place.timezone, manifest=rows, pool=pool)
        step = max(1, len(files.recordings) // _SAMPLE)
        sample = files.recordings[::step][:_SAMPLE]
        known = [one.metadata for one in pool.map(collector.of, sample)]
    described = sum(
        bool(collector.path_fits(one)) or one.path in files.sidecars or collector.listed(one)
        for one in files.recordings
    )
    # A recording without metadata is one all the same, but a sign of plain folders rather than of a
    # recorder, whose paths or sidecars would tell.
    untold = (len(files.recordings) - described) * (0.5 if recorder.id == PLAIN else 0.25)
    sides = sum(len(one.paths) - 1 for one in files.recordings)
    others = sum(map(len, files.sidecars.values())) + len(files.shared) + len(files.ignored)
    count = len(listed.listing.files) + len(listed.listing.ignored)
    unread = len(collector.problems)
    explained = max(0.0, described + untold + sides + others - unread) / count
    fields_mean = sum(map(_fields_known, known)) / len(known)
    score = explained * (0.7 + 0.3 * min(1.0, fields_mean / _MANY_FIELDS))
    return Fit(recorder, round(score, 3), folder.day, len(files.recordings), round(explained, 3), fields_mean)


def _fields_known(metadata: CallMetadata) -> int:
    values = (getattr(metadata, field.name) for field in fields(metadata) if field.name not in _OWN)
    return sum(value not in (None, ()) for value in values)


def nothing_like_it(found: Sequence[Fit]) -> bool:
    """Whether no recorder finds a recording."""
    return all(fit.recordings == 0 for fit in found)
