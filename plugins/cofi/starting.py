"""Which of Airflow's jobs starts: listeners are told before it knows that itself, so its command tells."""

import sys

DAG_PROCESSOR, TRIGGERER = "dag-processor", "triggerer"


def is_job(component: object, *, but_not: tuple[str, ...]) -> bool:
    """Whether a job starts, other than by these commands; listeners are told of the start of a task, too."""
    from airflow.jobs.job import Job  # noqa: PLC0415 - tasks do not pay for it

    return isinstance(component, Job) and not set(but_not) & set(sys.argv[1:2])
