"""The tasks of `rescore_calls` around its shards: open the batch, plan, promote."""

import logging
from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Any

from airflow.sdk.exceptions import AirflowSkipException

from cofi.batch import batch_of, batch_values, check_tables, check_texts, llm_shards, numbered
from cofi.budgets import budget_of
from cofi.days import resolve_day
from cofi.expectation import log_expected
from cofi.hooks.database import CofiDatabaseHook
from cofi.hooks.llm import LlmHook
from cofi.runs import RESCORE_DAG, batch_id_of
from cofi.scorecards import chosen
from cofi.settings import Settings
from include.calls.call import call_id_for
from include.calls.days import MANUAL
from include.database import batches, rescores, statistics
from include.database.batches import Batch
from include.database.engine import Database
from include.database.work import BatchKind
from include.distribution.planner import Places
from include.errors import InvalidInput

log = logging.getLogger(__name__)

# What shards are called by in place of a GPU host: they come from what is stored. Airflow maps over no more
# than [core] max_map_length (1024) of them.
STORED = "stored"
_PLACES = Places((STORED,), 1000)


def open_batch(
    run_id: str, params: Mapping[str, Any], interval_start: datetime | None, run_type: str = MANUAL
) -> dict[str, Any]:
    """Checks the Params, resolves the days, and records the batch.

    Returns:
        The batch as later tasks read it.

    Raises:
        InvalidInput: A Param is wrong; the message says what to enter.
    """
    # Only this task pays for loading it.
    from cofi import judge  # noqa: PLC0415
    from cofi.promotion import is_any_labelled, labels_of  # noqa: PLC0415
    from include.llm.usage import load_prices  # noqa: PLC0415
    from include.llm.wording import SHIPPED, checked  # noqa: PLC0415
    from include.scorecards.agreement import check_labels  # noqa: PLC0415

    settings, database = Settings.load(), CofiDatabaseHook().get_conn()
    check_texts(params)
    checked(params["prompts"])
    model = params["model"] or LlmHook().get_conn().model
    prices = load_prices(settings.llm_prices_file)
    budget_of(params, settings).check(model, prices)
    judge.checked(settings, params, prices)
    check_tables()
    if params["promote"] and (params["model"] or params["prompts"] != SHIPPED):
        raise InvalidInput(
            "A scorecard is promoted with the model and the prompts that audits use: leave 'model' and "
            "'prompts' as they are, or 'promote' unticked."
        )
    day, last_day = _days(params, interval_start, settings.timezone, run_type)
    scorecard = chosen(settings, database, params["scorecard"])
    if params["promote"] or params["only_labelled"]:
        unbiased = params["promote"]
        if not is_any_labelled(settings, database, scorecard, unbiased=unbiased):
            reviewed = "review random calls blind" if unbiased else "review calls"
            raise InvalidInput(
                f"There are no gold labels: name the CSV in [cofi] gold_labels, or {reviewed} first."
            )
    if params["promote"]:
        check_labels(labels_of(settings), scorecard)  # before anything is paid for
    batch = Batch(
        batch_id_of(RESCORE_DAG, run_id),
        day,
        "stored transcripts",
        dict(params),
        BatchKind.SHADOW if params["shadow"] else BatchKind.RESCORE,
        last_day,
        scorecard.sha256,
    )
    database.write(lambda connection: batches.open_batch(connection, batch))
    log.info("%s of %s to %s by %s %s", batch.kind, day, last_day or day, scorecard.id, scorecard.version)
    return batch_values(batch)


def plan(opened: Mapping[str, Any], params: Mapping[str, Any], goes_on: Callable[[str], bool]) -> list[int]:
    """Takes up the calls, claims them unless it is a shadow run, and plans shards.

    Args:
        opened: From `open_batch`.
        params: The run's.
        goes_on: Whether the run of a batch goes on: calls that it works on are left to it.

    Returns:
        The numbers of the shards.
    """
    settings, batch = Settings.load(), batch_of(opened, params)
    database = CofiDatabaseHook().get_conn()
    others = database.read(lambda connection: rescores.claimants(connection, batch))
    ended = [batch_id for batch_id in others if not goes_on(batch_id)]
    in_share = rescores.in_share(params["share"])
    of_interest = _labelled(settings, database, batch, params) if params["only_labelled"] else in_share

    def wanted(call_id: str) -> bool:
        return in_share(call_id) and of_interest(call_id)

    loads = database.write(lambda connection: rescores.loads_to_rescore(connection, batch, wanted, ended))
    if not loads:
        log.info("Nothing to rescore: no audited call of these days waits for this run")
    shards = llm_shards(loads, _PLACES, settings)
    database.write(lambda connection: batches.record_plan(connection, batch, shards))
    statistics.count_rows(database, batch.batch_id, statistics.FOUND)
    log_expected(shards, [], params, settings, database)
    return numbered(shards)


def _days(
    params: Mapping[str, Any], interval_start: datetime | None, timezone: str, run_type: str
) -> tuple[date, date | None]:
    day = resolve_day(params, interval_start, timezone, run_type)
    last_day = date.fromisoformat(params["last_day"]) if params["last_day"] else None
    if last_day and last_day < day:
        raise InvalidInput(f"The 'last_day' {last_day} is before the day {day}: enter a later one, or none.")
    return day, last_day if last_day != day else None


def promote(opened: Mapping[str, Any], params: Mapping[str, Any], *, works: bool = False) -> dict[str, Any]:
    """Compares this run's answers with the gold labels and promotes its scorecard.

    Args:
        opened: From `open_batch`.
        params: The run's.
        works: Tasks of it have still to end: some of its answers are still to come.

    Returns:
        The version that was promoted.

    Raises:
        AirflowSkipException: Nobody asked for it, or the run works on.
        BelowTheBar: They do not agree as far as they should.
    """
    if not params["promote"]:
        raise AirflowSkipException("Not asked for")
    if works:
        raise AirflowSkipException(
            "The run still rescores calls: somebody has marked its report. Clear this task when it has ended."
        )
    # Only this task pays for loading it.
    from cofi import promotion  # noqa: PLC0415
    from include.database.scorecards import scorecard_of  # noqa: PLC0415
    from include.delivery.agreement import agreement_lines  # noqa: PLC0415

    settings, database = Settings.load(), CofiDatabaseHook().get_conn()
    batch_id = opened["batch_id"]
    scorecard = database.read(lambda connection: scorecard_of(connection, batch_id))
    found = promotion.agreement(settings, database, scorecard, batch_id)
    for line in agreement_lines(found):
        log.info(line)
    promotion.promote(settings, database, scorecard, found)
    return {"scorecard": scorecard.id, "version": scorecard.version, "sha256": scorecard.sha256}


def _labelled(
    settings: Settings, database: Database, batch: Batch, params: Mapping[str, Any]
) -> Callable[[str], bool]:
    """Whether a call id is that of a labelled call: by the file, or by people's reviews."""
    from cofi.promotion import labels_of  # noqa: PLC0415 - few runs need it
    from include.database.scorecards import scorecard_of  # noqa: PLC0415
    from include.review.labels import reviewed_labels, together  # noqa: PLC0415

    days = {"first": batch.day, "last": batch.last_day or batch.day}
    scorecard = database.read(lambda connection: scorecard_of(connection, batch.batch_id))
    reviewed = database.read(
        lambda connection: reviewed_labels(connection, scorecard, unbiased=params["promote"], **days)
    )
    labels = together(labels_of(settings), reviewed)
    labelled = {call_id_for(day, file) for day, file in labels}
    return lambda call_id: call_id in labelled
