"""The end of a run: its calls are settled, other runs that share calls are awaited, the hosts are cleaned."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from typing import Any

from cofi import books
from cofi.batch import batch_of
from cofi.books import Stopped
from cofi.hooks.database import CofiDatabaseHook
from cofi.hooks.gpu_host import GpuHostHook
from cofi.settings import Settings
from include.concurrency import for_each
from include.database import batches, owed, settling
from include.database.engine import Database
from include.database.lanes import count_open
from include.delivery import wording
from include.errors import CofiError, HostFault, RunFailed
from include.gpu.client import GpuHostClient

log = logging.getLogger(__name__)

_DELETIONS_AT_ONCE = 8
# A task learns with its next heartbeat that Airflow ends it, and has 5 s to save what it has.
_LAST_WORDS_S = 15.0
_STOPPED = "The run was stopped before its report: somebody marked it, or its last tasks, or these failed."


def settled(opened: Mapping[str, Any] | None, goes_on: Callable[[str], bool], *, works: bool = False) -> bool:
    """Settles the run's own calls, and tells whether no other run works on a call that this one accounts for.

    The own calls come first: two runs that share calls would wait for each other otherwise.

    Args:
        opened: From `open_batch`; None when it failed.
        goes_on: Whether a run goes on.
        works: Tasks of this run before it have still to end: a call that has failed may yet be audited.
    """
    if works:
        log.info("Waiting for tasks before this one: somebody has marked one between them.")
        return False
    if opened is None:
        return True
    batch, database = batch_of(opened, {}), CofiDatabaseHook().get_conn()
    database.write(lambda connection: settling.settle(connection, batch))
    others = database.read(lambda connection: batches.claimants(connection, batch))
    awaited = {run_id: count for run_id, count in others.items() if goes_on(run_id)}
    log.info("%s", _waiting_for(awaited))
    return not awaited


def _waiting_for(awaited: Mapping[str, int]) -> str:
    if not awaited:
        return "Waiting for nothing more: no other run works on a call of this one."
    by_run = ", ".join(f"{calls:,} that {run_id} works on" for run_id, calls in sorted(awaited.items()))
    return f"Waiting for {wording.calls(sum(awaited.values()))} of this run that others audit: {by_run}."


async def end(batch_id: str, failed_tasks: int, *, works: bool = False) -> None:
    """The last task of a run: what its report has not done is done, and hosts are cleaned of its files.

    Airflow takes the run's state from this task alone, and runs it also when somebody has marked the run as
    failed, or as success, meanwhile.

    Args:
        batch_id: Of the run.
        failed_tasks: How many of its tasks have failed.
        works: Tasks of it have still to end. Its books stay open then, and the DAG `close_runs` closes them.

    Raises:
        RunFailed: It failed by its books.
    """
    database = CofiDatabaseHook().get_conn()
    if works:
        log.warning("%s", leave_open(database, batch_id))
        return
    try:
        run = database.read(lambda connection: owed.run_of(connection, batch_id))
        if run is None or run.closed_at is None:
            await last_words(database, batch_id)
            close_open(database, batch_id, Stopped(_STOPPED, by_ledger=not failed_tasks))
        elif run.reported_at is None:
            books.write_report(database, batch_id)
    finally:
        await clean_up(database, batch_id)
    run = database.read(lambda connection: owed.run_of(connection, batch_id))
    if run and run.failed:
        raise RunFailed(run.reason or "See its report.")


def leave_open(database: Database, batch_id: str) -> str:
    """Somebody has marked a task near the end of a run that goes on: what it comes to is not known yet.

    Returns:
        What is waited for, and who does then what is left open.
    """
    run = database.read(lambda connection: owed.run_of(connection, batch_id))
    if run and run.closed_at:
        database.write(
            lambda connection: owed.reopen(connection, batch_id, planned=run.planned_at is not None)
        )
    return (
        f"Tasks before this one still work: somebody has marked one between them. The books of {batch_id} "
        "stay open; when the run has ended, the next look of the DAG close_runs closes them and writes the "
        "report."
    )


def close_open(database: Database, batch_id: str, stopped: Stopped) -> None:
    """Closes books that nobody has closed.

    Args:
        database: cofi's.
        batch_id: Of the run.
        stopped: How it was ended from outside.
    """
    batch = database.read(lambda connection: batches.batch_of_run(connection, batch_id))
    if batch:
        _, error = books.close(database, batch, stopped=stopped)
    else:
        error = books.close_unopened(database, batch_id, stopped)
    log.warning("The books of %s were open, and are closed now: %s", batch_id, error or "it is done")


async def clean_up(database: Database, batch_id: str) -> list[str]:
    """Deletes what a run has sent to hosts; what is left on some is owed.

    Returns:
        Hosts that may still hold files of it.
    """
    left = await delete_from_hosts(batch_id)
    if not left:
        database.write(lambda connection: owed.cleaned(connection, batch_id))
    return left


async def delete_from_hosts(batch_id: str) -> list[str]:
    """Deletes what a run has sent to hosts, but for calls that another run works on.

    Returns:
        Hosts that still hold some: they are down, or fail.
    """
    if not Settings.load().delete_from_hosts:
        return []
    held = CofiDatabaseHook().get_conn().read(lambda connection: batches.held_on_hosts(connection, batch_id))
    deleted = await asyncio.gather(*(_delete(host, call_ids) for host, call_ids in held.items()))
    return [host for host, is_clean in zip(held, deleted, strict=True) if not is_clean]


async def last_words(database: Database, batch_id: str) -> None:
    """Waits for tasks that Airflow is just ending: they save what they have, and send nothing afterwards."""
    deadline_s = time.monotonic() + _LAST_WORDS_S
    while time.monotonic() < deadline_s:
        if not database.read(lambda connection: count_open(connection, batch_id)):
            return
        await asyncio.sleep(1)


async def _delete(host: str, call_ids: Sequence[str]) -> bool:
    """A call that a host fails to delete stops no other, and is tried again when all others are through."""
    try:
        async with GpuHostHook(host).get_conn() as client:
            left = await _not_deleted(client, await _not_deleted(client, call_ids))
    except CofiError as error:
        log.warning(
            "Files of %d calls stay on %s: the next look deletes them, or they get old there: %s",
            len(call_ids),
            host,
            error,
        )
        return False
    log.info("host=%s deleted_calls=%d left_calls=%d", host, len(call_ids) - len(left), len(left))
    return not left


async def _not_deleted(client: GpuHostClient, call_ids: Sequence[str]) -> list[str]:
    """Deletes, and tells which calls the host failed."""
    failed: list[str] = []

    async def each() -> AsyncIterator[str]:
        for call_id in call_ids:
            yield call_id

    async def delete(call_id: str) -> None:
        try:
            await client.delete(call_id)
        except HostFault as error:
            log.warning("call_id=%s host=%s %s", call_id, client.name, error)
            failed.append(call_id)

    await for_each(each(), delete, _DELETIONS_AT_ONCE)
    return failed
