"""Recovery: calls that a lost, failing or slow host would hold up are planned again, in the same run."""

import logging
import math
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from airflow.sdk import BaseOperator
from airflow.sdk.exceptions import DownstreamTasksSkipped
from sqlalchemy import Connection

from cofi import observing
from cofi.batch import batch_of, numbered, places_of
from cofi.hooks.database import CofiDatabaseHook
from cofi.hosts import ready_hosts
from cofi.settings import Settings
from include.calls.stage import Stage
from include.database import hosts, recovery, settling
from include.database.batches import Batch
from include.database.engine import Database
from include.database.hosts import Trouble
from include.delivery.wording import duration
from include.distribution.handover import others_busy_s, slow_hosts
from include.distribution.planner import CallLoad, HostSpeed, Places, Shard, plan_shards
from include.errors import CofiError, HostFailing, NoHostReady

log = logging.getLogger(__name__)

# A round is mapped over its shards, and Airflow maps over no more than [core] max_map_length, 1024.
_MOST_SHARDS = 1000
# So long before another host has nothing left, what a slow one has not begun is moved: it is sent first.
_LEAD_S = 180.0


async def watch(
    opened: Mapping[str, Any] | None,
    params: Mapping[str, Any],
    group: Sequence[str],
    at_work: Callable[[], bool],
    *,
    only_lost: bool = False,
) -> list[int] | None:
    """While GPU tasks are at work: moves what hosts in trouble have, and what a slow host is late with.

    Args:
        opened: From `open_batch`; None when it failed.
        params: The run's.
        group: Tasks that would work on what is moved.
        at_work: Whether a GPU task has still to end.
        only_lost: Leaves slow hosts alone, see `is_kept_for_lost_hosts`.

    Returns:
        The numbers of the new shards; None as long as all is well.

    Raises:
        DownstreamTasksSkipped: No GPU task is at work any more: the group has nothing to do.
    """
    if opened is None or not at_work():
        log.info(
            "Waiting for nothing more: no GPU task of the run is at work, so none has anything to give up."
        )
        raise DownstreamTasksSkipped(tasks=group)
    settings, batch = Settings.load(), batch_of(opened, params)
    database = CofiDatabaseHook().get_conn()
    observing.looked(database, batch.batch_id, settings)
    seen = _look(database, batch.batch_id)
    log.info("%s", seen.waiting_for(settings.gpu_lost_patience_s))
    overdue = seen.in_trouble_for(settings.gpu_lost_patience_s)
    least_gain_s = math.inf if only_lost else settings.slow_host_gain_s
    slow = slow_hosts(seen.left_s, seen.movable_s, seen.sound_speeds, least_gain_s)
    if others_busy_s(slow, seen.left_s, seen.sound_speeds) > _LEAD_S:
        slow = []
    if not overdue and not slow:
        return None
    try:
        ready = await ready_hosts(_chosen(params, settings), database, seen.speeds, left_out=CofiError)
    except NoHostReady as error:
        log.warning("%s What they have is left to the last round", error)
        return None
    answering = {host.name for host in ready}
    lost = [host for host in overdue if seen.failing(host) or host not in answering]
    # What does not answer is not slow: it is back at the next look, or lost with all that it has. To move
    # half of that now would leave a round less for the other half.
    slow = [host for host in slow if host in answering]
    helpers = [replace(h, left_s=seen.kept_s(h.name, slow)) for h in ready if not seen.failing(h.name)]
    if not helpers:
        log.warning("The hosts that answer fail: what they have is left to the last round")
        return None
    # Read when hosts have answered: until then, a task may have taken up its shard.
    shards = _move(database, batch, settings, helpers, lambda c: recovery.movable(c, batch, lost, slow))
    return shards or None


async def recover(
    opened: Mapping[str, Any] | None, params: Mapping[str, Any], group: Sequence[str]
) -> list[int]:
    """When all GPU tasks have ended: moves stranded calls to the hosts that are ready now.

    Hosts that came back are among them; those that answer and fail only if there are no others.

    Args:
        opened: From `open_batch`; None when it failed.
        params: The run's.
        group: Tasks that would work on what is moved.

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
    left_behind = database.read(lambda connection: recovery.stranded(connection, batch))
    if not left_behind:
        log.info("No call is left behind")
        raise DownstreamTasksSkipped(tasks=group)
    seen = _look(database, batch.batch_id)
    try:
        # A run that has come so far does not fail because something else answers on a dead host's port.
        ready = await ready_hosts(_chosen(params, settings), database, seen.speeds, left_out=CofiError)
    except NoHostReady as error:
        why = error
        database.write(lambda connection: settling.give_up(connection, batch, left_behind, why))
        raise
    sound = [host for host in ready if not seen.failing(host.name)]
    return _move(database, batch, settings, sound or ready, lambda c: recovery.stranded(c, batch))


def tasks_after(task: BaseOperator) -> list[str]:
    """Tasks that work on what this one moves: those of the group that bears its name."""
    return sorted(name for name in task.get_flat_relative_ids() if name.startswith(f"audit_{task.task_id}."))


def stt_tasks_watched(task: BaseOperator) -> list[str]:
    """The last GPU task of every group that does not come after this one: of hosts, and of earlier rounds."""
    after = task.get_flat_relative_ids()
    dag = task.get_dag()
    task_ids = dag.task_ids if dag else []
    return sorted(name for name in task_ids if name.endswith(f".{Stage.STT}") and name not in after)


def is_kept_for_lost_hosts(task: BaseOperator) -> bool:
    """Whether this is the last of several rounds that watch.

    A slow host gets its work done, only later; what a lost one has would wait for the end of all others if
    slow ones had used up the rounds. Early in a run speeds are hardly known, and a host easily looks slow.
    """

    def rounds(*, upstream: bool) -> int:
        return sum(name.startswith("recover_") for name in task.get_flat_relative_ids(upstream=upstream))

    return rounds(upstream=True) > 0 and rounds(upstream=False) == 1


@dataclass(frozen=True)
class _Seen:
    """How the hosts of a batch do.

    Attributes:
        in_trouble: Those that have failed as a whole.
        speeds: As measured, in audio seconds per second.
        left_s: Audio seconds that each has still to do.
        movable_s: Of these, in shards that are not begun.
    """

    in_trouble: Mapping[str, Trouble]
    speeds: Mapping[str, float]
    left_s: Mapping[str, float]
    movable_s: Mapping[str, float]

    @property
    def sound_speeds(self) -> dict[str, float]:
        return {name: speed for name, speed in self.speeds.items() if name not in self.in_trouble}

    def in_trouble_for(self, seconds: float) -> list[str]:
        latest = datetime.now(UTC) - timedelta(seconds=seconds)
        return [host for host, trouble in self.in_trouble.items() if trouble.since <= latest]

    def waiting_for(self, patience_s: float) -> str:
        """What the hosts have still to do, and how long each is likely to take."""
        hosts = sorted({*self.left_s, *self.in_trouble})
        if not hosts:
            return "Waiting for the last GPU tasks to end: no audio is left on any host."
        return f"Waiting for GPU hosts: {'; '.join(self._work_left(host, patience_s) for host in hosts)}."

    def _work_left(self, host: str, patience_s: float) -> str:
        left_s, speed = self.left_s.get(host, 0.0), self.speeds.get(host)
        left = f"{host} has {duration(left_s)} of audio left"
        if host in self.in_trouble:
            kind, since = self.in_trouble[host]
            until = since + timedelta(seconds=patience_s)
            return (
                f"{left}, is in trouble ({kind}), and loses it if it does nothing until {until:%H:%M:%S} UTC"
            )
        if not speed:
            return f"{left}, at a speed that is not known yet"
        return f"{left}, some {duration(left_s / speed)} at {speed:,.1f} times real time"

    def failing(self, host: str) -> bool:
        """Whether it answers, but nothing of use."""
        return host in self.in_trouble and self.in_trouble[host].kind == HostFailing.kind

    def kept_s(self, host: str, slow: Collection[str]) -> float:
        """What it will still have when slow hosts have given up what can be moved."""
        return self.left_s.get(host, 0.0) - (self.movable_s.get(host, 0.0) if host in slow else 0.0)


def _look(database: Database, batch_id: str) -> _Seen:
    return database.read(
        lambda connection: _Seen(
            hosts.troubles(connection, batch_id),
            hosts.measured_speeds(connection, batch_id),
            hosts.audio_left(connection, batch_id),
            hosts.audio_left(connection, batch_id, ~hosts.is_begun()),
        )
    )


def _move(
    database: Database,
    batch: Batch,
    settings: Settings,
    helpers: Sequence[HostSpeed],
    loads_of: Callable[[Any], list[CallLoad]],
) -> list[int]:
    """Plans calls on helpers, in shards with new numbers."""
    names = tuple(helper.name for helper in helpers)

    def move(connection: Connection) -> tuple[list[CallLoad], list[Shard]]:
        loads = loads_of(connection)
        first = recovery.next_shard(connection, batch, places_of(settings).end)
        places = Places(names, min(settings.shards_per_host, _MOST_SHARDS // len(names)), first)
        shards = plan_shards(loads, helpers, places, shard_audio_s=settings.shard_audio_s)
        recovery.move(connection, batch, shards)
        return loads, shards

    loads, shards = database.write(move)
    if shards:
        log.warning("%d calls were left behind: they go to %s", len(loads), ", ".join(names))
    return numbered(shards)


def _chosen(params: Mapping[str, Any], settings: Settings) -> list[str]:
    return list(params["hosts"] or settings.hosts)
