"""The end of a run: its calls are settled, other runs that share calls are awaited, the hosts are cleaned."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from typing import Any

from cofi.batch import batch_of
from cofi.hooks.database import CofiDatabaseHook
from cofi.hooks.gpu_host import GpuHostHook
from cofi.settings import Settings
from include.concurrency import for_each
from include.database import batches, settling
from include.errors import CofiError, HostFault
from include.gpu.client import GpuHostClient

log = logging.getLogger(__name__)

_DELETIONS_AT_ONCE = 8


def settled(opened: Mapping[str, Any] | None, goes_on: Callable[[str], bool]) -> bool:
    """Settles the run's own calls, and tells whether no other run works on a call that this one accounts for.

    The own calls come first: two runs that share calls would wait for each other otherwise.
    """
    if opened is None:
        return True
    batch, database = batch_of(opened, {}), CofiDatabaseHook().get_conn()
    database.write(lambda connection: settling.settle(connection, batch))
    others = database.read(lambda connection: batches.claimants(connection, batch))
    awaited = {run_id: count for run_id, count in others.items() if goes_on(run_id)}
    if awaited:
        log.info("Waiting for calls that other runs work on: %s", awaited)
    return not awaited


async def delete_from_hosts(opened: Mapping[str, Any] | None) -> None:
    """Deletes what the run has sent to hosts, but for calls that another run works on.

    A host that is down keeps its files until they are old; that fails nothing.
    """
    if opened is None or not Settings.load().delete_from_hosts:
        return
    batch_id = opened["batch_id"]
    held = CofiDatabaseHook().get_conn().read(lambda connection: batches.held_on_hosts(connection, batch_id))
    clients = [(GpuHostHook(host).get_conn(), call_ids) for host, call_ids in held.items()]
    await asyncio.gather(*(_delete(client, call_ids) for client, call_ids in clients))


async def _delete(client: GpuHostClient, call_ids: Sequence[str]) -> None:
    """A call that a host fails to delete stops no other, and is tried again when all others are through."""
    async with client:
        try:
            left = await _not_deleted(client, await _not_deleted(client, call_ids))
        except CofiError as error:
            log.warning(
                "Files of %d calls stay on %s until they are old: %s", len(call_ids), client.name, error
            )
            return
    log.info("host=%s deleted_calls=%d left_calls=%d", client.name, len(call_ids) - len(left), len(left))


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
