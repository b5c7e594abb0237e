"""What the first tasks of a run fail of is kept: without them it has nothing to tell, but why."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from cofi.hooks.database import CofiDatabaseHook
from cofi.settings import Settings
from cofi.ui.links import report_folder
from include.database import batches, owed
from include.database.engine import Database

log = logging.getLogger(__name__)

# The task fails anyhow, most likely because of the database if it does not answer now.
_PATIENCE_S = 5.0


@contextmanager
def noting_failure(batch_id: str, task: str) -> Iterator[None]:
    """Notes why a task fails, for the run's report.

    Args:
        batch_id: The run's id.
        task: The task's name.
    """
    try:
        yield
    except Exception as error:
        reason = f"{task}: {error or type(error).__name__}"
        try:
            _keep(batch_id, reason)
        except Exception:  # whatever is wrong with the database must not hide what the task failed of
            log.warning("What the task failed of could not be written down", exc_info=True)
        raise


def _keep(batch_id: str, reason: str) -> None:
    from include.delivery.report import write_stopped  # noqa: PLC0415 - only a task that fails pays for it

    settings = Settings.load()
    folder, has_batch = report_folder(settings, batch_id), False
    try:
        database = Database(CofiDatabaseHook().url(), _PATIENCE_S)
        database.write(lambda connection: owed.stopped(connection, batch_id, reason))
        has_batch = database.read(lambda c: batches.batch_of_run(c, batch_id)) is not None
    finally:
        if not has_batch:
            write_stopped(batch_id, reason, folder, settings.timezone)
