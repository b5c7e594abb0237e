"""The tasks before and after the shards: open the batch, discover, plan."""

import logging
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from airflow.sdk.exceptions import DownstreamTasksSkipped
from sqlalchemy import Connection

from cofi.budgets import budget_of
from cofi.days import days_back, resolve_day
from cofi.expectation import log_expected
from cofi.hooks.database import CONNECTION, CofiDatabaseHook
from cofi.hooks.llm import LlmHook
from cofi.hosts import ready_hosts
from cofi.pools import LLM_POOL, pools
from cofi.runs import AUDIT_DAG, batch_id_of
from cofi.scorecards import check_audited, chosen
from cofi.settings import Settings
from include.calls.days import MANUAL
from include.calls.discovery_rules import Redo
from include.calls.stage import STAGES, Stage
from include.database import batches, planning
from include.database import days as batch_days
from include.database.batches import Batch
from include.database.work import BatchKind
from include.distribution.planner import CallLoad, Places, Shard, plan_llm_shards, plan_shards
from include.errors import InvalidInput, RunStopped
from include.outside.text import cleaned, one_line
from include.redaction.name_models import read_models

log = logging.getLogger(__name__)


def checked(params: Mapping[str, Any], settings: Settings) -> None:
    """Refuses what the form's schema cannot know.

    Raises:
        InvalidInput: A combination or a name is wrong; the message says what to enter.
    """
    check_texts(params)
    unknown = sorted(set(params["hosts"] or ()) - set(settings.hosts))
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
    # They are read by the next task; what is wrong with them, or in a recorder's file, is said now.
    _ = settings.least_expected, settings.on_empty_day, settings.recorder_profile, settings.order_of_dates
    _ = settings.roles_of_stereo, settings.terms, settings.allowed_languages


def check_texts(params: Mapping[str, Any]) -> None:
    """Refuses what was pasted with characters that no path, name or database has.

    Raises:
        InvalidInput: A Param holds one.
    """
    for name, value in params.items():
        texts = [text for text in (value if isinstance(value, list) else [value]) if isinstance(text, str)]
        if odd := [text for text in texts if cleaned(text) != text]:
            raise InvalidInput(
                f"'{name}' holds a control character or half of a letter ({one_line(odd[0], 100)}): "
                "write it anew."
            )


def open_batch(
    run_id: str, params: Mapping[str, Any], interval_start: datetime | None, run_type: str = MANUAL
) -> dict[str, Any]:
    """Checks the Params, resolves the day, and records the batch.

    Whether recordings can be had is left to discovery: a night without them is a run that has to be reported.

    Args:
        run_id: The DAG run's.
        params: Its Params.
        interval_start: Where its data interval begins; None for a run without one.
        run_type: What started it, as Airflow calls it.

    Returns:
        The batch as later tasks read it: id, day, location; the days to look at again.
    """
    # Only this task pays for loading it.
    from cofi import judge  # noqa: PLC0415
    from include.llm.usage import load_prices  # noqa: PLC0415

    settings, database = Settings.load(), CofiDatabaseHook().get_conn()
    checked(params, settings)
    # What would fail after a night of GPU work is found out now.
    prices = load_prices(settings.llm_prices_file)
    budget_of(params, settings).check(LlmHook().get_conn().model, prices)
    judge.checked(settings, params, prices)
    if settings.llm_redact_pii and not read_models(settings.llm_name_models):
        log.warning("[cofi] llm_name_models is empty: names in calls are found by rules only")
    check_tables()
    day = resolve_day(params, interval_start, settings.timezone, run_type)
    scorecard = chosen(settings, database, params["scorecard"])
    check_audited(database, day, scorecard, params)
    batch = Batch(
        batch_id_of(AUDIT_DAG, run_id),
        day,
        params["location"],
        dict(params),
        scorecard_sha256=scorecard.sha256,
    )
    database.write(lambda connection: _open(connection, batch))
    log.info("Auditing %s from %s by %s %s", day, batch.location, scorecard.id, scorecard.version)
    return {
        **batch_values(batch),
        "run_type": run_type,
        "lookback_days": days_back(params, settings, run_type),
    }


def _open(connection: Connection, batch: Batch) -> None:
    batches.open_batch(connection, batch)
    batch_days.forget_days(connection, batch.batch_id)


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
        RunStopped: Nobody has looked what there is to audit.
        NoHostReady: GPU work is left, and no host is.
    """
    settings, batch = Settings.load(), batch_of(opened, params)
    database = CofiDatabaseHook().get_conn()
    others = database.read(lambda connection: batches.holders(connection, batch))
    ended = [run_id for run_id in others if not goes_on(run_id)]
    redo, first_stage = Redo(params["redo"]), Stage(params["first_stage"])

    if not database.read(lambda connection: batch_days.was_discovered(connection, batch.batch_id)):
        raise RunStopped(_marked("discover"))

    def claim(connection: Connection) -> tuple[list[CallLoad], bool, dict[str, int]]:
        loads = planning.loads_to_plan(connection, batch, redo, first_stage, ended)
        return loads, batches.has_gpu_work(connection, batch), batches.claimants(connection, batch)

    loads, needs_hosts, left = database.write(claim)
    if left:
        log.info("Calls that other runs work on are left to them: %s", left)
    if not loads:
        log.info("Nothing to audit: no recording of %s waits for this run", batch.day)
    places = places_of(settings)
    if needs_hosts:
        hosts = await ready_hosts(
            params["hosts"] or settings.hosts, database, has_vocabulary=bool(settings.terms.of_site)
        )
        shards = plan_shards(loads, hosts, places, shard_audio_s=settings.shard_audio_s)
    else:
        hosts, shards = [], llm_shards(loads, places, settings)
    database.write(lambda connection: batches.record_plan(connection, batch, shards))
    log_expected(shards, hosts, params, settings, database)
    return numbered(shards)


def _marked(task: str) -> str:
    return f"Somebody has marked {task} before its end. Clear it with its downstream tasks."


def places_of(settings: Settings) -> Places:
    """The shards that a plan may have: the DAG lays out its tasks for them before it is made."""
    return Places(tuple(settings.hosts), settings.shards_per_host)


def llm_shards(loads: Sequence[CallLoad], places: Places, settings: Settings) -> list[Shard]:
    """Shards of LLM work alone: hosts only name them, and may be switched off."""
    slots = settings.llm_requests_per_task
    at_once = max(1, pools(settings)[LLM_POOL][0] // slots)
    return plan_llm_shards(loads, places, at_once=at_once, least_calls=5 * slots)


def numbered(shards: Sequence[Shard]) -> list[int]:
    """The shard numbers that later tasks get of a plan (XCom); its log has the rest."""
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
            "`cofi db migrate` once, with `--reports FOLDER` if it has had runs."
        )


def batch_values(batch: Batch) -> dict[str, Any]:
    """What later tasks get of a batch (XCom)."""
    days = {"day": batch.day.isoformat(), "last_day": batch.last_day and batch.last_day.isoformat()}
    return {"batch_id": batch.batch_id, "location": batch.location, "kind": batch.kind.value, **days}


def batch_of(opened: Mapping[str, Any] | None, params: Mapping[str, Any]) -> Batch:
    """The batch that was opened.

    Raises:
        RunStopped: None was.
    """
    if opened is None:
        raise RunStopped(_marked("open_batch"))
    last_day = opened.get("last_day")
    return Batch(
        opened["batch_id"],
        date.fromisoformat(opened["day"]),
        opened["location"],
        dict(params),
        BatchKind(opened.get("kind", BatchKind.AUDIT)),
        date.fromisoformat(last_day) if last_day else None,
    )
