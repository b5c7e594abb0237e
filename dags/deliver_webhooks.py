"""Send webhook events to the connection `cofi_webhook`.

Every call that reaches a final state, and every run that ends, leaves an event in cofi's database. This DAG
sends what waits, many at once, signed by [Standard Webhooks](https://www.standardwebhooks.com); what the
receiver does not take is tried again over a day ([cofi] webhook_retry_delays_min), then it is a dead letter,
and this run fails to say so. It shares nothing with audits: however slow the receiver is, they are not.

Without the connection nothing is sent: the task is skipped, and the events are deleted when they are old.
"""

import pendulum
from airflow.sdk import CronTriggerTimetable, dag, task

from cofi import alerts, webhooks
from cofi.settings import Settings

settings = Settings.load()


@dag(
    schedule=CronTriggerTimetable(settings.webhook_schedule, timezone=settings.timezone),
    start_date=pendulum.datetime(2020, 1, 1, tz=settings.timezone),
    catchup=False,
    # One deliverer at a time. A second would do no harm: events are claimed.
    max_active_runs=1,
    # Nobody has to switch it on; it does nothing without a receiver.
    is_paused_upon_creation=False,
    tags=["cofi"],
    doc_md=__doc__,
    **alerts.dead_letter_callbacks(settings),
)
def deliver_webhooks() -> None:
    """One run is one sweep over the outbox."""

    # The next run is the retry. Before audits in the queue: it takes one slot, and seldom for long.
    @task(retries=0, priority_weight=100, weight_rule="absolute")
    async def deliver() -> dict[str, int]:
        return await webhooks.deliver()

    deliver()


deliver_webhooks()
