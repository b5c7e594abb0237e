"""How Airflow's retries follow from cofi's error tree: the one place that maps them."""

from datetime import timedelta

from airflow.sdk import ExceptionRetryPolicy, RetryAction, RetryRule

from cofi.settings import Settings
from include.errors import HostLost, PermanentError, TransientError


def retry_arguments(settings: Settings) -> dict[str, object]:
    """`default_args` of a DAG: transient errors are tried again, permanent ones fail at once."""
    delay = timedelta(seconds=settings.task_retry_delay_s)
    rules = [
        RetryRule(
            exception=PermanentError, action=RetryAction.FAIL, reason="permanent: a retry cannot mend it"
        ),
        # The first rule that fits counts.
        RetryRule(
            exception=HostLost,
            action=RetryAction.RETRY,
            retry_delay=timedelta(seconds=settings.gpu_lost_patience_s),
        ),
        RetryRule(exception=TransientError, action=RetryAction.RETRY, retry_delay=delay),
    ]
    return {
        "retries": settings.task_retries,
        "retry_delay": delay,
        "retry_policy": ExceptionRetryPolicy(rules=rules),
    }
