"""The pools that bound what happens at once, over all runs. The scheduler makes missing ones at its start.

A task whose pool is missing waits for ever without a word, so nobody has to remember a command. A pool that
is there keeps the size that somebody gave it.
"""

import json
import logging
from pathlib import Path

from airflow.listeners import hookimpl

from cofi.settings import Settings

# Slots are requests in flight to the LLM API.
LLM_POOL = "llm_api"
# Slots are files on their way to GPU hosts.
UPLOAD_POOL = "uploads"
# Slots are GPU tasks of recovery, on any host.
RECOVERY_POOL = "recovery"

log = logging.getLogger(__name__)


def pools(settings: Settings) -> dict[str, tuple[int, str]]:
    """Slots and description of each pool; a GPU host's is called as the host, its slots are GPU tasks."""
    shipped = json.loads((Path(__file__).parent / "pools.json").read_text())
    known = {name: (pool["slots"], pool["description"]) for name, pool in shipped.items()}
    description = "Files on their way to GPU hosts, over all hosts and runs: one slot is one file."
    known[UPLOAD_POOL] = (settings.uploads_at_once, description)
    description = "Tasks of GPU stages at once that do what other hosts left behind, over all hosts and runs."
    known[RECOVERY_POOL] = (settings.gpu_tasks_per_host * len(settings.hosts), description)
    for host in settings.hosts:
        known[host] = (settings.gpu_tasks_per_host, f"Tasks of GPU stages at once on {host}, over all runs.")
    return known


class PoolMaker:
    """Listens for the scheduler's start."""

    @hookimpl
    def on_starting(self, component: object) -> None:
        """Makes what is missing; the start of a task is announced too, and tasks have no database."""
        from airflow.jobs.job import Job  # noqa: PLC0415 - tasks do not pay for it

        if not isinstance(component, Job):
            return
        from airflow.models.pool import Pool  # noqa: PLC0415

        for name, (slots, description) in pools(Settings.load()).items():
            if Pool.get_pool(name) is None:
                log.info("Making pool %s with %d slots", name, slots)
                Pool.create_or_update_pool(name, slots, description, include_deferred=True)
