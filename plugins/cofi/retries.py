"""How Airflow's retries follow from cofi's error tree: the one place that maps them."""

from datetime import timedelta

from airflow.sdk import ExceptionRetryPolicy, RetryAction, RetryRule

from cofi.settings import Settings
from include.errors import HostLost, PermanentError

# Airflow finds a task that was killed with its worker after 45 s at most ([scheduler] in airflow.cfg).
_KILLED_DELAY_S = 5


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
        # Errors that nobody has thought of may pass like transient ones.
        RetryRule(exception=Exception, action=RetryAction.RETRY, retry_delay=delay),
    ]
    return {
        "retries": settings.task_retries,
        # No rule sees a task that was killed: nothing has to pass before it can work again.
        "retry_delay": timedelta(seconds=_KILLED_DELAY_S),
        "retry_policy": ExceptionRetryPolicy(rules=rules),
    }
