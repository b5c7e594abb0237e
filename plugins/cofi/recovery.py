"""Recovery: calls that a lost, failing or slow host left behind are planned again, in the same run."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from airflow.sdk import BaseOperator
from airflow.sdk.exceptions import DownstreamTasksSkipped

from cofi.batch import batch_of, numbered, places_of
from cofi.hooks.database import CofiDatabaseHook
from cofi.hosts import ready_hosts
from cofi.settings import Settings
from include.database import hosts, recovery
from include.database.engine import Database
from include.distribution.planner import HostSpeed, Places, plan_shards
from include.errors import CofiError, HostFailing, NoHostReady

log = logging.getLogger(__name__)


async def recover(
    opened: Mapping[str, Any] | None, params: Mapping[str, Any], group: Sequence[str], *, early: bool
) -> list[int]:
    """Moves stranded calls to the hosts that are ready now; those that came back are among them.

    Args:
        opened: From `open_batch`; None when it failed.
        params: The run's.
        group: Tasks that would work on what is moved.
        early: Some task has failed, and others are still at work: only what hosts in trouble have is moved.

    Returns:
        The numbers of the new shards.

    Raises:
        DownstreamTasksSkipped: Nothing is stranded: the group has nothing to do.
        NoHostReady: No host is.
    """
    if opened is None:
        raise DownstreamTasksSkipped(tasks=group)
    settings, batch = Settings.load(), batch_of(opened, params)
    database = CofiDatabaseHook().get_conn()
    left_behind = database.read(lambda connection: recovery.stranded(connection, batch, early=early))
    if not left_behind:
        log.info("No call is left behind")
        raise DownstreamTasksSkipped(tasks=group)
    try:
        helpers = await _helpers(params["hosts"] or settings.hosts, database, batch.batch_id, early)
    except NoHostReady as error:
        why = error
        if not early:
            database.write(lambda connection: recovery.give_up(connection, batch, left_behind, why))
        raise
    if not helpers:
        log.warning("The hosts that answer fail: what is left behind is left to the last round")
        raise DownstreamTasksSkipped(tasks=group)
    with database.writing() as connection:
        # Asked again: until the hosts had answered, a task may have taken up its shard.
        loads = recovery.stranded(connection, batch, early=early)
        names = tuple(helper.name for helper in helpers)
        first = recovery.next_shard(connection, batch, places_of(settings).end)
        places = Places(names, settings.shards_per_host, first)
        shards = plan_shards(loads, helpers, places, shard_audio_s=settings.shard_audio_s)
        recovery.move(connection, batch, shards)
    log.warning("%d calls were left behind: they go to %s", len(loads), ", ".join(h.name for h in helpers))
    return numbered(shards)


def tasks_after(task: BaseOperator) -> list[str]:
    """Tasks that work on what this one moves: those of the group that bears its name."""
    return sorted(name for name in task.get_flat_relative_ids() if name.startswith(f"audit_{task.task_id}."))


async def _helpers(names: list[str], database: Database, batch_id: str, early: bool) -> list[HostSpeed]:
    """Ready hosts without those that answer and fail; the last round takes these when there are no others."""
    in_trouble = database.read(lambda connection: hosts.troubles(connection, batch_id))
    measured = database.read(lambda connection: hosts.measured_speeds(connection, batch_id))
    # A run that has come so far does not fail because something else answers on a dead host's port.
    ready = await ready_hosts(names, database, measured, left_out=CofiError)
    sound = [host for host in ready if in_trouble.get(host.name) != HostFailing.kind]
    if not early:
        return sound or ready
    left_s = database.read(lambda connection: hosts.audio_left(connection, batch_id))
    # What a host that came back had is moved.
    return [
        host if host.name in in_trouble else replace(host, left_s=left_s.get(host.name, 0.0))
        for host in sound
    ]
