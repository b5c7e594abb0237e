"""Finding a day's recordings in any fsspec location, and what is wrong with each of them.

Every file below the day's folders is accounted for: recordings as calls, what lies beside them by kind, what
is being written, and what is neither. Everything that the listing, the header and the content's hash can show
to be wrong with a recording is found here, before a file is uploaded.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date, datetime
from itertools import chain, islice
from typing import TypeVar

from include.calls.call import Call, CallState
from include.calls.day_folder import DayFolder, as_listed, as_text
from include.calls.day_listing import DayListing, list_day
from include.calls.discovery_rules import DiscoveryRules, Redo
from include.calls.examining import UNFINISHED, examined
from include.calls.files import DayFiles
from include.calls.headers import are_sides
from include.calls.listed_calls import absent, call_of, now_a_side, parts_of, stamps
from include.calls.listing import Ignored
from include.calls.on_disk import DiskDict, DiskList, at_once
from include.calls.recorders.collecting import MetadataCollector
from include.calls.recorders.counting import count_files
from include.calls.recorders.days import day_of, folder_dates
from include.calls.recorders.lookalikes import lookalikes
from include.calls.recorders.sorting import Recorded, apart, sort_listing

# Headers are read over the network: the wait is for latency, not for the CPU.
_PROBES_AT_ONCE = 32
_WAITING = 1000

One = TypeVar("One")
Found = TypeVar("Found")


@dataclass(frozen=True)
class Discovery:
    """What lies in a day's folders.

    Attributes:
        recordings: Calls in order of path. Those in a final state say why.
        files: What lies beside them, counted.
        being_written: Files that are left for the next look, by path.
        ignored: Files that are no recordings whatever recorder wrote there, and why.
        problems: A sentence for each thing in the manifest that was not read, and what to write instead.
    """

    recordings: DiskList[Call]
    files: DayFiles
    being_written: DiskList[str]
    ignored: DiskList[Ignored]
    problems: DiskList[str]


def find_recordings(
    folder: DayFolder, rules: DiscoveryRules, known: Mapping[str, Call], now: datetime | None = None
) -> Discovery:
    """Lists, probes and describes a day's recordings, and counts what lies beside them.

    Args:
        folder: The day's folder; one that does not exist is a day without calls.
        rules: What to leave out.
        known: Calls of that day by path, as found before: a file that has not changed is not probed again.
        now: This machine's clock, unless a test says otherwise.

    Raises:
        InvalidInput: The manifest cannot be read.
        StoreFault: The folder, one below it, or the manifest cannot be read at the moment.
    """
    day = list_day(
        folder,
        rules.manifest_name,
        rules.timezone,
        date_order=rules.date_order,
        min_age_s=rules.min_age_s,
        now=now,
        known=DiskDict(stamps(known)).get,
    )
    files = sort_listing(day.listing, rules.recorder)
    described = day.described
    with ThreadPoolExecutor(_PROBES_AT_ONCE) as pool:
        look = _Look(folder, rules, known, day, files.being_written, pool)
        files.recordings = look.calls_told_apart(files.recordings)
        collector = MetadataCollector(
            folder, files, rules.recorder, rules.timezone, manifest=described.files, pool=pool
        )
        of_day, of_no_day = look.of_day(files.recordings, collector)
        calls = look.examined(look.scope(of_day), collector)
    counted = count_files(
        files,
        of_day,
        collector,
        rules.recorder,
        other_days=len(files.recordings) - len(of_day) - len(of_no_day),
        of_no_day=of_no_day,
        manifest_problems=described.problems,
        lookalikes=lookalikes(calls),
    )
    return Discovery(calls, counted, files.being_written, day.listing.ignored, described.problems)


@dataclass(frozen=True)
class _Look:
    """One look at a day's folders."""

    folder: DayFolder
    rules: DiscoveryRules
    known: Mapping[str, Call]
    day: DayListing
    being_written: DiskList[str]
    pool: ThreadPoolExecutor

    def calls_told_apart(self, recordings: DiskList[Recorded]) -> DiskList[Recorded]:
        """The calls, without pairs of files that are named like two sides and are none."""
        told_apart = self._each(self._told_apart, (one for one in recordings if one.legs))
        of_one_file = (one for one in recordings if not one.legs)
        return DiskList((one.path, one) for one in chain(of_one_file, chain.from_iterable(told_apart)))

    def of_day(
        self, recordings: DiskList[Recorded], collector: MetadataCollector
    ) -> tuple[DiskList[Recorded], DiskList[str]]:
        """The recordings of the day, and the paths of those whose day is unknown.

        Where the recorder's folders are the site's days, all of them are of the day.
        """
        recorder, timezone = self.rules.recorder, self.rules.timezone
        dates = folder_dates(recorder, self.folder.day, timezone)
        if recorder.days.are_folders and dates == [self.folder.day]:
            return recordings, DiskList()

        def its_day(one: Recorded) -> date | None:
            began = collector.by_path(one).started_at or collector.of(one).metadata.started_at
            written = self.day.listing.files[one.path].modified_at
            return day_of(recorder, one.path, dates, timezone, started_at=began, written_at=written)

        of_day: DiskList[Recorded] = DiskList()
        of_no_day: DiskList[str] = DiskList()
        for one, day in zip(recordings, self._each(its_day, recordings), strict=True):
            if day is None:
                of_no_day.add(one.path, one.path)
            elif day == self.folder.day:
                of_day.add(one.path, one)
        return of_day, of_no_day

    def scope(self, recordings: DiskList[Recorded]) -> Iterator[Recorded | Call]:
        """What to look at, in order of path: the files of a call, or a call whose files are not there.

        Calls are made of their files one by one as they are examined: as many again, before they are probed,
        would be half of a day's memory.
        """
        scope: DiskList[Recorded | Call] = DiskList()
        found: Iterator[Recorded | Call] = chain(recordings, self._without_files(recordings))
        for one in found:
            path = _path_of(one)
            if self.rules.redo is not Redo.FAILED_ONLY or self._had_failed(path):
                scope.add(path, one)
        return islice(scope, self.rules.limit)

    def _had_failed(self, path: str) -> bool:
        before = self.known.get(path)
        return before is not None and before.state is CallState.FAILED

    def examined(self, scope: Iterable[Recorded | Call], collector: MetadataCollector) -> DiskList[Call]:
        """The calls, probed and described."""

        def one(found: Recorded | Call) -> Call:
            recorded = found if isinstance(found, Recorded) else None
            call = self._listed(found) if isinstance(found, Recorded) else found
            before = self.known.get(call.path)
            return examined(self.folder, call, recorded, collector=collector, before=before, rules=self.rules)

        return DiskList((call.path, call) for call in self._each(one, scope))

    def _without_files(self, recordings: DiskList[Recorded]) -> Iterator[Call]:
        """Calls that only the manifest names, and those that nobody has ended whose files are gone."""
        named: DiskDict[None] = DiskDict()
        for path, row in self.day.described.absent.items():
            missing = absent(self.folder, path, row, self.known.get(as_text(path)))
            named[missing.path] = None
            yield missing
        sides = DiskDict((as_text(path), as_text(one.path)) for one in recordings for path in one.paths[1:])
        for call in self.known.values():
            if call.state not in UNFINISHED:
                continue
            if not (call.path in named or self._is_there(call.path)):
                yield call
            if of := sides.get(call.path):
                yield now_a_side(call, of)

    def _is_there(self, path: str) -> bool:
        """Whether a file is called so, as calls have it; it may be written just now."""
        return any(
            name in self.day.listing.files or self.being_written.has(name) for name in {path, as_listed(path)}
        )

    def _listed(self, recorded: Recorded) -> Call:
        return call_of(self.folder, recorded, self.day.listing.files, self.rules.recorder)

    def _told_apart(self, one: Recorded) -> list[Recorded]:
        before = self.known.get(as_text(one.path))
        if before and before.parts:
            return [one]
        parts = parts_of(self.folder, one, self.day.listing.files, self.rules.recorder)
        return [one] if are_sides(self.folder, parts) else apart(one)

    def _each(self, work: Callable[[One], Found], items: Iterable[One]) -> Iterator[Found]:
        """Does work on each, many at once; what waits for a thread takes more memory than a call."""
        for some in at_once(items, _WAITING):
            yield from self.pool.map(work, some)


def _path_of(one: Recorded | Call) -> str:
    return as_text(one.path)
