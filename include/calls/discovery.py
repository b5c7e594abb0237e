"""Finding a day's recordings in any fsspec location, and what is wrong with each of them.

Every file below the day's folders is accounted for, but for the manifest and hidden files: recordings as
calls, what lies beside them by kind. What can be told from the listing, the header and the content's hash is
told here, before anything is uploaded.
"""

import logging
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import date
from enum import StrEnum

from include.calls.call import Call, CallMetadata, CallState, ChannelRole
from include.calls.day_folder import DayFolder, listed_day, modified_at, sha256_of_files
from include.calls.files import DayFiles
from include.calls.headers import are_sides, header_of
from include.calls.listed_calls import Listing, absent, call_of, now_a_side, parts_of
from include.calls.manifest import read_manifest
from include.calls.recorders.days import day_of, folder_dates
from include.calls.recorders.knowing import Knowing, with_roles
from include.calls.recorders.loading import plain_recorder
from include.calls.recorders.profile import Recorder
from include.calls.recorders.sorting import Recorded, apart, sort_files
from include.calls.recorders.telling import told_of
from include.errors import InvalidInput

log = logging.getLogger(__name__)

# Headers are read over the network: the wait is for latency, not for the CPU.
_PROBES_AT_ONCE = 16
_UNFINISHED = {CallState.PENDING, CallState.FAILED}


class Redo(StrEnum):
    """What a run does with calls that an earlier run worked on."""

    SKIP = "skip"
    FAILED_ONLY = "failed only"
    ALL = "all"


@dataclass(frozen=True)
class DiscoveryRules:
    """What to look for, and what to leave out.

    Attributes:
        manifest_name: File name of the manifest in the day's folder.
        timezone: Of the site: of times that state none, and of the day.
        min_duration_s: Shorter recordings are skipped.
        max_duration_s: Longer ones are skipped.
        stereo_roles: Of the two channels of a stereo call where neither manifest, sidecar nor recorder says.
        redo: Which calls that were worked on before are looked at again.
        limit: Only so many recordings, in order of path; None for all.
        recorder: What the files are.
    """

    manifest_name: str
    timezone: str
    min_duration_s: float
    max_duration_s: float
    stereo_roles: tuple[ChannelRole, ...] = ()
    redo: Redo = Redo.SKIP
    limit: int | None = None
    recorder: Recorder = field(default_factory=plain_recorder)


@dataclass(frozen=True)
class DayFound:
    """What lies in a day's folders.

    Attributes:
        calls: In order of path; those in a final state say why.
        files: What lies beside them.
    """

    calls: list[Call]
    files: DayFiles


def find_recordings(folder: DayFolder, rules: DiscoveryRules, known: Mapping[str, Call]) -> list[Call]:
    """The calls of `find_day`."""
    return find_day(folder, rules, known).calls


def find_day(folder: DayFolder, rules: DiscoveryRules, known: Mapping[str, Call]) -> DayFound:
    """Lists, probes and describes a day's recordings, and counts what lies beside them.

    Args:
        folder: The day's folder; one that does not exist is a day without calls.
        rules: What to leave out.
        known: Calls of that day by path, as found before: a file that has not changed is not probed again.

    Raises:
        InvalidInput: The manifest cannot be read.
    """
    listing = listed_day(folder, rules.manifest_name)
    manifest = manifest_of(folder, rules.manifest_name, rules.timezone)
    files = sort_files(listing, rules.recorder)
    with ThreadPoolExecutor(_PROBES_AT_ONCE) as pool:
        look = _Look(folder, rules, known, listing, manifest, pool)
        files.recordings = look.calls_told_apart(files.recordings)
        knowing = Knowing(folder, files, rules.recorder, rules.timezone, manifest=manifest, pool=pool)
        of_day, of_no_day = look.of_day(files.recordings, knowing)
        scope = look.scope(of_day)
        calls = list(
            pool.map(lambda one: _examined(folder, one, knowing, known.get(one[0].path), rules), scope)
        )
    other_days = len(files.recordings) - len(of_day) - len(of_no_day)
    told = told_of(files, of_day, knowing, rules.recorder, other_days=other_days, of_no_day=of_no_day)
    return DayFound(calls, told)


@dataclass(frozen=True)
class _Look:
    """One look at a day's folders."""

    folder: DayFolder
    rules: DiscoveryRules
    known: Mapping[str, Call]
    listing: Listing
    manifest: Mapping[str, CallMetadata]
    pool: ThreadPoolExecutor

    def calls_told_apart(self, recordings: Sequence[Recorded]) -> list[Recorded]:
        """The calls, without pairs of files that are named like two sides and are none."""
        found = [one for some in self.pool.map(self._confirmed, recordings) for one in some]
        return sorted(found, key=lambda one: one.path)

    def of_day(self, recordings: list[Recorded], knowing: Knowing) -> tuple[list[Recorded], list[str]]:
        """The recordings of the day, and the paths of those that no day can be told of.

        Where the recorder's folders are the site's days, all of them are of the day.
        """
        recorder, timezone = self.rules.recorder, self.rules.timezone
        dates = folder_dates(recorder, self.folder.day, timezone)
        if recorder.days.are_folders and dates == [self.folder.day]:
            return recordings, []

        def its_day(one: Recorded) -> date | None:
            began = knowing.by_path(one).started_at or knowing.of(one).metadata.started_at
            written = modified_at(self.listing[one.path])
            return day_of(recorder, one.path, dates, timezone, started_at=began, written_at=written)

        days = list(zip(recordings, self.pool.map(its_day, recordings), strict=True))
        of_no_day = [one.path for one, day in days if day is None]
        return [one for one, day in days if day == self.folder.day], of_no_day

    def scope(self, recordings: Sequence[Recorded]) -> list[tuple[Call, Recorded | None]]:
        """The calls to look at, in order of path; with their files, where these are there."""
        folder, known, rules = self.folder, self.known, self.rules
        found = [(call_of(folder, one, self.listing, rules.recorder), one) for one in recordings]
        missing = [
            absent(folder, path, row, known.get(path))
            for path, row in self.manifest.items()
            if path not in self.listing
        ]
        sides = {path: one.path for one in recordings for path in one.paths if path != one.path}
        named = self.listing.keys() | self.manifest.keys()
        left = [call for call in known.values() if call.state in _UNFINISHED]
        gone = [call for call in left if call.path not in named]
        gone += [now_a_side(call, sides[call.path]) for call in left if call.path in sides]
        without_files = ((call, None) for call in [*missing, *gone])
        scope = sorted([*found, *without_files], key=lambda one: one[0].path)
        if rules.redo is Redo.FAILED_ONLY:
            scope = [(c, r) for c, r in scope if c.path in known and known[c.path].state is CallState.FAILED]
        return scope[: rules.limit]

    def _confirmed(self, one: Recorded) -> list[Recorded]:
        before = self.known.get(one.path)
        if not one.legs or (before and before.parts):
            return [one]
        parts = parts_of(self.folder, one, self.listing, self.rules.recorder)
        return [one] if are_sides(self.folder.filesystem, self.folder.root, parts) else apart(one)


def manifest_of(folder: DayFolder, name: str, timezone: str) -> dict[str, CallMetadata]:
    """The rows of the manifests in the day's folders, by path.

    Raises:
        InvalidInput: One cannot be read.
    """
    rows: dict[str, CallMetadata] = {}
    for begin, part in folder.parts.items():
        path = f"{part.root.rstrip('/')}/{name}"
        if not folder.filesystem.exists(path):
            log.info("No manifest %s", path)
            continue
        with folder.filesystem.open(path, "rb") as file:
            read = read_manifest(file, f"{part.uri}/{name}", timezone)
        rows |= {begin.strip(".") + path: row for path, row in read.items()}
    return rows


def _examined(
    folder: DayFolder,
    found: tuple[Call, Recorded | None],
    knowing: Knowing,
    before: Call | None,
    rules: DiscoveryRules,
) -> Call:
    call, recorded = found
    if recorded:
        call = replace(call, metadata=knowing.of(recorded).metadata)
    if call.state is not CallState.PENDING:
        return call

    def with_their_roles(examined: Call) -> Call:
        told = with_roles(examined.metadata, rules.recorder, recorded, examined.channels, rules.stereo_roles)
        return replace(examined, metadata=told)

    if before is None:
        return with_their_roles(_probed(folder, call, rules))
    try:
        sha256 = _content(folder, call, before)
    except OSError as error:
        log.warning("call_id=%s was written again and cannot be read: %s", call.call_id, error)
        return before  # with its old time, so that the next run looks again
    changed = call.size_bytes != before.size_bytes or sha256 != before.sha256 or _unread(before)
    if changed or (rules.redo is Redo.ALL and before.state is not CallState.DUPLICATE):
        return with_their_roles(replace(_probed(folder, call, rules), sha256=sha256))
    return _as_before(with_their_roles(replace(call, channels=before.channels)), before)


def _as_before(call: Call, before: Call) -> Call:
    """A call that has not changed, with the listing's description."""
    known = call.metadata if call.metadata.channel_roles else before.metadata
    return replace(
        before,
        uri=call.uri,
        modified_at=call.modified_at,
        parts=call.parts,
        metadata=replace(call.metadata, channel_roles=known.channel_roles, roles_told_by=known.roles_told_by),
        # A copy is compared anew: its original may be gone or changed.
        state=CallState.PENDING if before.state is CallState.DUPLICATE else before.state,
    )


def _content(folder: DayFolder, call: Call, before: Call) -> str | None:
    """The hash of a known recording: read again only if it was written again at the same size."""
    if call.size_bytes != before.size_bytes:
        return None
    if call.modified_at == before.modified_at:
        return before.sha256
    return sha256_of_files(folder.filesystem, folder.paths_of(call))


def _unread(before: Call) -> bool:
    """Whether its header could not be read until now."""
    return before.duration_s is None and before.state in _UNFINISHED


def _probed(folder: DayFolder, call: Call, rules: DiscoveryRules) -> Call:
    if call.size_bytes == 0:
        return replace(call, state=CallState.QUARANTINED, state_reason="the file is empty: copy it again")
    try:
        header = header_of(folder.filesystem, folder.root, call.path, call.parts)
    except InvalidInput as error:
        return replace(call, state=CallState.QUARANTINED, state_reason=str(error))
    except OSError as error:
        # Perhaps the store answers when it is distributed; if not, the call fails there and is tried again.
        log.warning("call_id=%s its header cannot be read: %s", call.call_id, error)
        return call
    probed = replace(
        call,
        duration_s=header.duration_s,
        sample_rate_hz=header.sample_rate_hz,
        channels=header.channels,
    )
    if not rules.min_duration_s <= header.duration_s <= rules.max_duration_s:
        reason = (
            f"lasts {header.duration_s:.1f} s; audited are calls of "
            f"{rules.min_duration_s:.0f} to {rules.max_duration_s:.0f} s"
        )
        return replace(probed, state=CallState.SKIPPED, state_reason=reason)
    return probed
