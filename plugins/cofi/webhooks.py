"""The task that sends webhook events."""

import logging
from dataclasses import asdict
from datetime import UTC, datetime, timedelta

from airflow.sdk.exceptions import AirflowSkipException

from cofi.hooks.database import CofiDatabaseHook
from cofi.hooks.webhook import CONNECTION, WebhookHook
from cofi.settings import Settings
from include.database import deliveries
from include.database.engine import Database

log = logging.getLogger(__name__)


async def deliver() -> dict[str, int]:
    """Forgets old events, and sends those whose time has come.

    Returns:
        How many were delivered, failed for now, failed for the last time, and wait.

    Raises:
        AirflowSkipException: There is no receiver.
    """
    # What every other task would load with the DAG file.
    from include.delivery.webhooks.receiver import Receiver  # noqa: PLC0415
    from include.delivery.webhooks.sweep import Sweep  # noqa: PLC0415

    settings, target, database = Settings.load(), WebhookHook().get_conn(), CofiDatabaseHook().get_conn()
    try:
        _forget(database, settings.webhook_keep_days)
        if target is None:
            why = f"There is no connection {CONNECTION}: no event is sent."
            log.info(why)
            raise AirflowSkipException(why)
        async with Receiver(target) as receiver:
            return asdict(await Sweep(database, receiver, settings.webhook_retry_delays_s).run())
    finally:
        database.close()


def _forget(database: Database, keep_days: float) -> None:
    now = datetime.now(UTC)
    forgotten = database.write(lambda c: deliveries.forget(c, now - timedelta(days=keep_days), now))
    if forgotten:
        log.info("Deleted %d events older than %g days", forgotten, keep_days)
