"""Recovery: calls that a lost, failing or slow host left behind are planned again, in the same run."""

import logging
from collections.abc import Mapping, Sequence
from typing import Any

from airflow.sdk import BaseOperator
from airflow.sdk.exceptions import DownstreamTasksSkipped

from cofi.batch import MAX_SHARDS, batch_of, planned
from cofi.hooks.database import CofiDatabaseHook
from cofi.hosts import ready_hosts
from cofi.settings import Settings
from include.database import hosts, recovery
from include.database.engine import Database
from include.distribution.planner import HostSpeed, plan_shards
from include.errors import CofiError, HostFailing, HostLost

log = logging.getLogger(__name__)

# How the DAG names them.
_OF_ROUNDS = ("recover_", "audit_recover_")


async def recover(
    opened: Mapping[str, Any] | None, params: Mapping[str, Any], rounds: Sequence[str]
) -> dict[str, int]:
    """Moves stranded calls to the hosts that are ready now; those that came back are among them.

    Args:
        opened: From `open_batch`; None when it failed.
        params: The run's.
        rounds: Tasks of this round and of all later ones.

    Returns:
        How many shards there are, and the number of the first.

    Raises:
        DownstreamTasksSkipped: Nothing is stranded, so nothing will be: later rounds need not look either.
        HostLost: No host is ready.
    """
    if opened is None:
        raise DownstreamTasksSkipped(tasks=rounds)
    settings, batch = Settings.load(), batch_of(opened, params)
    database = CofiDatabaseHook().get_conn()
    loads = database.read(lambda connection: recovery.stranded(connection, batch))
    if not loads:
        log.info("No call is left behind")
        raise DownstreamTasksSkipped(tasks=rounds)
    try:
        helpers = await _helpers(params["hosts"] or settings.hosts, database, batch.batch_id)
    except HostLost as error:
        why = error
        database.write(lambda connection: recovery.give_up(connection, batch, why))
        raise
    first = database.read(lambda connection: recovery.next_shard(connection, batch))
    shards = plan_shards(
        loads, helpers, shard_audio_s=settings.shard_audio_s, max_shards=MAX_SHARDS, first_number=first
    )
    database.write(lambda connection: recovery.move(connection, batch, shards))
    log.warning("%d calls were left behind: they go to %s", len(loads), ", ".join(h.name for h in helpers))
    return planned(shards, first)


def rounds_from(task: BaseOperator) -> list[str]:
    """Tasks of the round that a task plans, and of all later ones."""
    return sorted(name for name in task.get_flat_relative_ids() if name.startswith(_OF_ROUNDS))


async def _helpers(names: list[str], database: Database, batch_id: str) -> list[HostSpeed]:
    """Ready hosts without those that answer and fail, unless there are no others."""
    in_trouble = database.read(lambda connection: hosts.troubles(connection, batch_id))
    measured = database.read(lambda connection: hosts.measured_speeds(connection, batch_id))
    # A run that has come so far does not fail because something else answers on a dead host's port.
    ready = await ready_hosts(names, database, measured, left_out=CofiError)
    return [host for host in ready if in_trouble.get(host.name) != HostFailing.kind] or ready
