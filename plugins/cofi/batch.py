"""The tasks before and after the shards: open the batch, discover, plan."""

import logging
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from typing import Any

import pendulum
from airflow.sdk import ObjectStoragePath
from airflow.sdk.exceptions import DownstreamTasksSkipped

from cofi.budgets import budget_of
from cofi.expectation import log_expected
from cofi.hooks.database import CONNECTION, CofiDatabaseHook
from cofi.hooks.llm import LlmHook
from cofi.hosts import ready_hosts
from cofi.pools import LLM_POOL, pools
from cofi.recordings import located
from cofi.runs import AUDIT_DAG, batch_id_of
from cofi.scorecards import chosen
from cofi.settings import Settings
from include.calls.call import Call, CallState
from include.calls.day_folder import DayFolder, sha256_of_files
from include.calls.discovery import Discovery, find_recordings
from include.calls.discovery_rules import DiscoveryRules, Redo
from include.calls.duplicates import mark_duplicates
from include.calls.recorders.days import folder_of_day
from include.calls.stage import STAGES, Stage
from include.database import batches, calls
from include.database.batches import Batch
from include.database.engine import Database
from include.database.work import BatchKind
from include.distribution.planner import CallLoad, Places, Shard, plan_llm_shards, plan_shards
from include.errors import InvalidInput
from include.redaction.name_models import read_models

log = logging.getLogger(__name__)

# Of files that are left out, so many are named.
_NAMED_IN_LOG = 20
# What a copy may be a copy of.
_ORIGINAL = {CallState.PENDING, CallState.AUDITED, CallState.FAILED}


def resolve_day(params: Mapping[str, Any], interval_start: datetime | None, timezone: str) -> date:
    """The day to audit: the Param, or else the day at which the run's data interval begins.

    Raises:
        InvalidInput: A manual run without a day.
    """
    if params["day"]:
        return date.fromisoformat(params["day"])
    if interval_start is None:
        raise InvalidInput(
            "Which day? This run was triggered by hand without a logical date: enter the Param 'day', "
            "like 2026-11-16."
        )
    return pendulum.instance(interval_start).in_timezone(timezone).date()


def checked(params: Mapping[str, Any], settings: Settings) -> None:
    """Refuses what the form's schema cannot know.

    Raises:
        InvalidInput: A combination or a name is wrong; the message says what to enter.
    """
    unknown = sorted(set(params["hosts"]) - set(settings.hosts))
    if unknown:
        raise InvalidInput(
            f"Unknown GPU host {', '.join(unknown)}: choose from {', '.join(settings.hosts)}, "
            "or leave 'hosts' empty."
        )
    if params["first_stage"] != Stage.DISTRIBUTE and params["redo"] != Redo.ALL:
        raise InvalidInput(
            f"'first_stage' is {params['first_stage']}, but 'redo' is {params['redo']}: choose redo 'all' "
            "to do stages again, or leave 'first_stage' at 'distribute'."
        )
    if not ObjectStoragePath(params["location"]).exists():
        raise InvalidInput(
            f"There is no folder {params['location']}: correct the Param 'location', or "
            "[cofi] recordings_location."
        )


def open_batch(run_id: str, params: Mapping[str, Any], interval_start: datetime | None) -> dict[str, Any]:
    """Checks the Params, resolves the day, and records the batch.

    Returns:
        The batch as later tasks read it: id, day, location.
    """
    # Only this task pays for loading it.
    from cofi import judge  # noqa: PLC0415
    from include.llm.usage import load_prices  # noqa: PLC0415

    settings, database = Settings.load(), CofiDatabaseHook().get_conn()
    checked(params, settings)
    _rules(settings, params)  # what is wrong in a recorder's file is told before anything else
    # What would fail after a night of GPU work is found out now.
    prices = load_prices(settings.llm_prices_file)
    budget_of(params, settings).check(LlmHook().get_conn().model, prices)
    judge.checked(settings, params, prices)
    if settings.llm_redact_pii and not read_models(settings.llm_name_models):
        log.warning("[cofi] llm_name_models is empty: names in calls are found by rules only")
    check_tables()
    day = resolve_day(params, interval_start, settings.timezone)
    scorecard = chosen(settings, database, params["scorecard"])
    batch = Batch(
        batch_id_of(AUDIT_DAG, run_id),
        day,
        params["location"],
        dict(params),
        scorecard_sha256=scorecard.sha256,
    )
    database.write(lambda connection: batches.open_batch(connection, batch))
    log.info("Auditing %s from %s by %s %s", day, batch.location, scorecard.id, scorecard.version)
    return told(batch)


def discover(opened: Mapping[str, Any], params: Mapping[str, Any]) -> dict[str, int]:
    """Finds the day's recordings and writes them to the database.

    Returns:
        Calls by state, and how many files are left for the next look, and ignored.
    """
    settings, batch = Settings.load(), batch_of(opened, params)
    database = CofiDatabaseHook().get_conn()
    folder = _day_folder(batch, settings)
    with database.reading() as connection:
        known = {call.path: call for call in calls.calls_of_day(connection, batch.day)}
    _check_location(folder, known)
    discovery = find_recordings(folder, _rules(settings, params), known)
    found = discovery.recordings
    found = mark_duplicates(found, _originals(database, batch, found, known), _sha256)
    with database.writing() as connection:
        calls.record_discovery(connection, batch.batch_id, found, known)
        batches.record_files(connection, batch.batch_id, discovery.files)
    by_state = {state.value: sum(call.state is state for call in found) for state in CallState}
    log.info("%s: %d recordings, %s", folder.uri, len(found), {s: n for s, n in by_state.items() if n})
    log.info("%s: beside them %s", folder.uri, discovery.files)
    for problem in discovery.files.problems:
        log.warning("%s: %s", folder.uri, problem)
    log_left_out(folder, discovery)
    return by_state | {"being_written": len(discovery.being_written), "ignored": len(discovery.ignored)}


async def plan(
    opened: Mapping[str, Any], params: Mapping[str, Any], goes_on: Callable[[str], bool]
) -> list[int]:
    """Claims what is to be audited, and plans shards over the hosts that are ready.

    Args:
        opened: From `open_batch`.
        params: The run's.
        goes_on: Whether a run goes on: calls that it works on are left to it.

    Returns:
        The numbers of the shards.

    Raises:
        NoHostReady: GPU work is left, and no host is.
    """
    settings, batch = Settings.load(), batch_of(opened, params)
    database = CofiDatabaseHook().get_conn()
    others = database.read(lambda connection: batches.claimants(connection, batch))
    ended = [run_id for run_id in others if not goes_on(run_id)]
    redo, first_stage = Redo(params["redo"]), Stage(params["first_stage"])
    with database.writing() as connection:
        loads = batches.loads_to_plan(connection, batch, redo, first_stage, ended)
        needs_hosts = batches.has_gpu_work(connection, batch)
        left = batches.claimants(connection, batch)
    if left:
        log.info("Calls that other runs work on are left to them: %s", left)
    if not loads:
        log.info("Nothing to audit: no recording of %s waits for this run", batch.day)
    places = places_of(settings)
    if needs_hosts:
        hosts = await ready_hosts(params["hosts"] or settings.hosts, database)
        shards = plan_shards(loads, hosts, places, shard_audio_s=settings.shard_audio_s)
    else:
        hosts, shards = [], llm_shards(loads, places, settings)
    with database.writing() as connection:
        batches.record_plan(connection, batch, shards)
    log_expected(shards, hosts, params, settings, database)
    return numbered(shards)


def places_of(settings: Settings) -> Places:
    """The shards that a plan may have: the DAG lays out its tasks for them before it is made."""
    return Places(tuple(settings.hosts), settings.shards_per_host)


def llm_shards(loads: Sequence[CallLoad], places: Places, settings: Settings) -> list[Shard]:
    """Shards of LLM work alone: hosts only name them, and may be switched off."""
    slots = settings.llm_requests_per_task
    at_once = max(1, pools(settings)[LLM_POOL][0] // slots)
    return plan_llm_shards(loads, places, at_once=at_once, least_calls=5 * slots)


def numbered(shards: Sequence[Shard]) -> list[int]:
    """What later tasks are told of a plan; its log tells the rest."""
    for shard in shards:
        log.info(
            "shard=%d host=%s calls=%d audio_s=%.0f",
            shard.number,
            shard.host,
            len(shard.call_ids),
            shard.audio_s,
        )
    return [shard.number for shard in shards]


def deal(planned: Sequence[int] | None) -> None:
    """Leaves those tasks to run that have a shard; none, when the plan has failed.

    Raises:
        DownstreamTasksSkipped: Places of the hosts are empty: on small days, and of hosts that are not ready.
    """
    places = places_of(Settings.load())
    full = set(planned or ())
    empty = [
        (f"audit.{host}.{stage}", index)
        for host in places.hosts
        for index, number in enumerate(places.of(host))
        if number not in full
        for stage in STAGES
    ]
    if empty:
        raise DownstreamTasksSkipped(tasks=empty)


def check_tables() -> None:
    """Refuses to begin on tables of another version.

    Raises:
        InvalidInput: They have to be migrated.
    """
    # Only this task pays for loading alembic.
    from include.database.migrations import is_current  # noqa: PLC0415

    if not is_current(CofiDatabaseHook().url()):
        raise InvalidInput(
            f"The database of connection {CONNECTION} has not the tables of this version: run "
            "`python -m include.database.migrations URL` once, with `--reports FOLDER` if it has had runs."
        )


def told(batch: Batch) -> dict[str, Any]:
    """What later tasks are told of a batch."""
    days = {"day": batch.day.isoformat(), "last_day": batch.last_day and batch.last_day.isoformat()}
    return {"batch_id": batch.batch_id, "location": batch.location, "kind": batch.kind.value, **days}


def batch_of(opened: Mapping[str, Any], params: Mapping[str, Any]) -> Batch:
    """The batch that was opened."""
    last_day = opened.get("last_day")
    return Batch(
        opened["batch_id"],
        date.fromisoformat(opened["day"]),
        opened["location"],
        dict(params),
        BatchKind(opened.get("kind", BatchKind.AUDIT)),
        date.fromisoformat(last_day) if last_day else None,
    )


def _day_folder(batch: Batch, settings: Settings) -> DayFolder:
    path = ObjectStoragePath(batch.location)
    return folder_of_day(
        path.fs,
        path.path,
        str(path),
        batch.day,
        recorder=settings.recorder_profile,
        timezone=settings.timezone,
    )


def log_left_out(folder: DayFolder, discovery: Discovery) -> None:
    """Tells of the files that are no calls of this run, some of them by name."""
    left = {
        "are still being written, and left for the next look": discovery.being_written,
        "are no recordings": [f"{file.path} ({file.reason})" for file in discovery.ignored],
    }
    for what, files in left.items():
        if files:
            log.info("%s: %d files %s: %s", folder.uri, len(files), what, ", ".join(files[:_NAMED_IN_LOG]))


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
        recorder=settings.recorder_profile,
        min_age_s=settings.min_age_s,
        date_order=settings.order_of_dates,
    )


def _originals(database: Database, batch: Batch, found: list[Call], known: Mapping[str, Call]) -> list[Call]:
    """Calls of other days, and those of this day that a trial run leaves aside."""
    sizes = {call.size_bytes for call in found if call.state is CallState.PENDING}
    looked_at = {call.path for call in found}
    aside = [call for path, call in known.items() if path not in looked_at and call.state in _ORIGINAL]
    with database.reading() as connection:
        return [*calls.originals_of_other_days(connection, batch.day, sizes), *aside]


def _sha256(call: Call) -> str | None:
    """Hashes a recording; one of another day may be gone, and is then no original any more."""
    places = [located(uri) for uri in call.uris]
    try:
        return sha256_of_files(places[0][0], [path for _, path in places])
    except OSError as error:
        log.warning("call_id=%s cannot be compared: %s", call.call_id, error)
        return None
