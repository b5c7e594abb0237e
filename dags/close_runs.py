"""Close the books of runs that could not do so themselves.

A run closes its own books, with its last two tasks. When its time was up, when it was deleted while it
worked, or when somebody has marked its last task, nothing of it is left in Airflow that could: then this DAG
settles its calls, counts and announces its ledger, writes its report, gives up its claims and deletes its
files from hosts. What could not be done (a host is down, a disk is full) is tried again by the next look.

It also compares runs with their books after their end: where Airflow shows as success what is none, because
somebody has marked it so, the report says so, and this run fails to say so.

Most looks find nothing to do. `[cofi] close_runs_schedule` and
`close_runs_patience_h` set it; docs/runs.md has more.
"""

import pendulum
from airflow.sdk import CronTriggerTimetable, dag, get_current_context, task

from cofi import closing
from cofi.runs import state_of
from cofi.settings import Settings

settings = Settings.load()


@dag(
    schedule=CronTriggerTimetable(settings.close_runs_schedule, timezone=settings.timezone),
    start_date=pendulum.datetime(2020, 1, 1, tz=settings.timezone),
    catchup=False,
    max_active_runs=1,
    # Nobody has to switch it on.
    is_paused_upon_creation=False,
    tags=["cofi"],
    doc_md=__doc__,
)
def close_runs() -> None:
    """One run is one look at what ended runs have left undone."""

    # The next run is the retry. Before audits in the queue: it takes one slot, and seldom for long.
    @task(retries=0, priority_weight=100, weight_rule="absolute")
    async def close() -> dict[str, list[str]]:
        return await closing.close_ended(state_of(get_current_context()))

    close()


close_runs()
