"""Discovery: the recordings of a run's day, and what came late for the days before it."""

import logging
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from datetime import date
from functools import partial
from itertools import islice
from typing import Any

from sqlalchemy import Connection

from cofi import stores
from cofi.batch import batch_of
from cofi.days import judged, left_open, looked_at_again, unreadable
from cofi.hooks.database import CofiDatabaseHook
from cofi.recordings import located
from cofi.settings import Settings
from include.calls.call import Call, CallState
from include.calls.day_folder import DayFolder, sha256_of_files
from include.calls.days import MANUAL, DayState, JudgedDay, Verdict, recordings_of
from include.calls.discovery import Discovery, find_recordings
from include.calls.discovery_rules import DiscoveryRules, Redo
from include.calls.duplicates import mark_duplicates
from include.calls.late import late_recordings
from include.calls.on_disk import DiskDict, DiskList, at_once
from include.calls.recorders.days import folder_of_day
from include.calls.stores import reading
from include.database import batches, calls, days, owed, statistics
from include.database.batches import Batch
from include.database.engine import Database
from include.errors import InvalidInput

log = logging.getLogger(__name__)

# Of files that are left out, so many are named.
_NAMED_IN_LOG = 20
# A call's row takes as much memory as the call.
_RECORDED_AT_ONCE = 1000
# What a copy may be a copy of.
_ORIGINAL = {CallState.PENDING, CallState.AUDITED, CallState.FAILED}
# What is looked for on days before: nothing that was found there is looked at anew.
_LATE = {"redo": Redo.SKIP, "limit": None}


def discover(
    opened: Mapping[str, Any], params: Mapping[str, Any], goes_on: Callable[[str], bool]
) -> dict[str, int]:
    """Finds the day's recordings, and what came late for days before it, and writes them to the database.

    Args:
        opened: From `open_batch`.
        params: The run's.
        goes_on: Whether a run goes on: pending calls that it accounts for are left to it.

    Returns:
        Calls by state, of all these days; how many files of its own are left for the next look, and ignored.

    Raises:
        InvalidInput: The recordings cannot be had before somebody mends something.
        StoreFault: They cannot be read at the moment.
    """
    settings, batch = Settings.load(), batch_of(opened, params)
    database = CofiDatabaseHook().get_conn()
    database.write(lambda connection: owed.reopen(connection, batch.batch_id, planned=False))
    counts = Counter(_by_state({}))
    for day in looked_at_again(database, batch, opened.get("lookback_days", 0)):
        counts.update(_discover_late(database, batch, day, settings, goes_on))
    counts.update(_discover_own(database, batch, settings, params, opened.get("run_type", MANUAL)))
    statistics.count_rows(database, batch.batch_id, statistics.FOUND)
    return dict(counts)


def _discover_own(
    database: Database, batch: Batch, settings: Settings, params: Mapping[str, Any], run_type: str
) -> dict[str, int]:
    known = _known(database, batch.day)
    folder = _day_folder(batch, batch.day, settings)
    discovery = _found(batch, folder, known, settings, params)
    is_trial = params["limit"] is not None
    day = judged(database, batch, discovery.recordings, known, run_type=run_type, is_trial=is_trial)
    found = _recorded(database, batch, day, discovery.recordings, known)
    database.write(lambda connection: batches.record_files(connection, batch.batch_id, discovery.files))
    _log_left_out(folder, discovery)
    return found | {"being_written": len(discovery.being_written), "ignored": len(discovery.ignored)}


def _discover_late(
    database: Database, batch: Batch, day: date, settings: Settings, goes_on: Callable[[str], bool]
) -> dict[str, int]:
    """Only what is new there: nothing that was discovered is judged again, whatever this run does anew."""
    known = _known(database, day)
    try:
        found = _found(batch, _day_folder(batch, day, settings), known, settings, _LATE)
    except InvalidInput as error:
        looked_at = unreadable(day, known.values(), error)
        database.write(lambda connection: days.record_day(connection, batch.batch_id, looked_at))
        return {}
    late = late_recordings(found.recordings, known, left_open(database, batch, day, goes_on))
    looked_at = JudgedDay(day, DayState.OK, Verdict.OK, recordings_of(known.values(), late))
    return _recorded(database, batch, looked_at, late, known)


def _found(
    batch: Batch,
    folder: DayFolder,
    known: Mapping[str, Call],
    settings: Settings,
    params: Mapping[str, Any],
) -> Discovery:
    _check_location(folder, known)
    with reading(batch.location):
        folder.filesystem.invalidate_cache()  # a kept listing is older than this look
        found = find_recordings(folder, _rules(settings, params), known)
    if known and not found.files.recordings:
        # A store without its bucket, or a location that is gone, is no day whose recordings were archived.
        stores.around(batch.location, folder.day, settings)
    return found


def _recorded(
    database: Database, batch: Batch, day: JudgedDay, found: DiskList[Call], known: Mapping[str, Call]
) -> dict[str, int]:
    """Records a day in one transaction, some calls at a time: all of them are known, or none."""
    compared = mark_duplicates(found, _originals(database, day.day, found, known), _sha256)
    # In the order in which calls are locked. PostgreSQL finds a day's rows on fewer pages, too.
    marked = DiskList((call.call_id, call) for call in compared)

    def record(connection: Connection) -> dict[str, int]:
        counts: Counter[CallState] = Counter()
        for some in at_once(marked, _RECORDED_AT_ONCE):
            calls.record_discovery(connection, batch.batch_id, some, known)
            counts.update(call.state for call in some)
        days.record_day(connection, batch.batch_id, day)
        return _by_state(counts)

    counts = database.write(record)
    what = "recordings" if day.day == batch.day else "late recordings"
    log.info("%s: %d %s, %s", day.day, len(marked), what, {s: n for s, n in counts.items() if n})
    return counts


def _by_state(counts: Mapping[CallState, int]) -> dict[str, int]:
    return {state.value: counts.get(state, 0) for state in CallState}


def _known(database: Database, day: date) -> DiskDict[Call]:
    def of_day(connection: Connection) -> DiskDict[Call]:
        return DiskDict((call.path, call) for call in calls.calls_of_day(connection, day))

    return database.read(of_day)


def _day_folder(batch: Batch, day: date, settings: Settings) -> DayFolder:
    path, recorder = stores.opened(batch.location), settings.recorder_profile
    with reading(batch.location):
        return folder_of_day(
            path.fs, path.path, str(path), day, recorder=recorder, timezone=settings.timezone
        )


def _log_left_out(folder: DayFolder, discovery: Discovery) -> None:
    """Tells what lay beside recordings, and of the files that are no calls of this run, some by name."""
    log.info("%s: beside them %s", folder.uri, discovery.files)
    for problem in discovery.files.problems:
        log.warning("%s: %s", folder.uri, problem)
    left = {
        "are still being written, and left for the next look": (
            len(discovery.being_written),
            discovery.being_written,
        ),
        "are no recordings": (
            len(discovery.ignored),
            (f"{file.path} ({file.reason})" for file in discovery.ignored),
        ),
    }
    for what, (count, files) in left.items():
        if count:
            log.info("%s: %d files %s: %s", folder.uri, count, what, ", ".join(islice(files, _NAMED_IN_LOG)))


def _check_location(folder: DayFolder, known: Mapping[str, Call]) -> None:
    """A call is its day and path: the same day from elsewhere would take the place of what was audited."""
    elsewhere = next((c.uri for c in known.values() if not c.uri.startswith(f"{folder.uri}/")), None)
    if elsewhere:
        raise InvalidInput(
            f"{folder.day} was audited from another location ({elsewhere}), and this is {folder.uri}: enter "
            "that location, or give another site a cofi_db of its own."
        )


def _rules(settings: Settings, params: Mapping[str, Any]) -> DiscoveryRules:
    return DiscoveryRules(
        manifest_name=settings.manifest_name,
        timezone=settings.timezone,
        min_duration_s=settings.min_duration_s,
        max_duration_s=settings.max_duration_s,
        stereo_roles=settings.roles_of_stereo,
        redo=Redo(params["redo"]),
        limit=params["limit"],
        min_age_s=settings.min_age_s,
        date_order=settings.order_of_dates,
        recorder=settings.recorder_profile,
    )


def _originals(
    database: Database, day: date, found: DiskList[Call], known: Mapping[str, Call]
) -> Iterator[Call]:
    """Calls of other days, and those of this day that a trial run leaves aside."""
    waiting = (call for call in found if call.state is CallState.PENDING)
    others: DiskDict[Call] = DiskDict()
    for some in at_once(waiting, _RECORDED_AT_ONCE):
        alike = database.read(partial(calls.originals_of_other_days, day=day, calls=some))
        others.add_all((f"{call.day} {call.path}", call) for call in alike)
    yield from others.values()
    if found:
        yield from (c for c in known.values() if c.state in _ORIGINAL and not found.has(c.path))


def _sha256(call: Call) -> str | None:
    """Hashes a recording; one of another day may be gone, and is then no original any more."""
    try:
        places = [located(uri) for uri in call.uris]
        return sha256_of_files(places[0][0], [path for _, path in places])
    except Exception as error:  # each store's library has errors of its own
        log.warning("call_id=%s cannot be compared: %s", call.call_id, error)
        return None
