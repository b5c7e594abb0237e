"""Airflow tries again what may pass, and nothing else."""

from datetime import timedelta

import pytest
from airflow.sdk import RetryAction
from airflow.sdk.configuration import conf

from cofi.retries import retry_arguments
from cofi.settings import Settings
from include import errors


def kinds_below(root: type[errors.CofiError]) -> list[type[errors.CofiError]]:
    return [root, *(kind for below in root.__subclasses__() for kind in kinds_below(below))]


def decision(error: Exception):
    return retry_arguments(Settings.load())["retry_policy"].evaluate(error, 1, 3)


@pytest.mark.parametrize("kind", kinds_below(errors.PermanentError))
def test_what_is_permanent_fails_at_the_first_try(kind: type[errors.CofiError]) -> None:
    decided = decision(kind("no"))
    assert decided.action is RetryAction.FAIL
    assert "permanent" in decided.reason


def test_a_lost_host_has_its_time_to_come_back(setting) -> None:
    setting("gpu_lost_patience_s", 90)
    decided = decision(errors.HostLost("away"))
    assert (decided.action, decided.retry_delay) == (RetryAction.RETRY, timedelta(seconds=90))


@pytest.mark.parametrize(
    "kind", [k for k in kinds_below(errors.TransientError) if not issubclass(k, errors.HostLost)]
)
def test_what_is_transient_is_tried_again_after_the_delay(setting, kind: type[errors.CofiError]) -> None:
    setting("task_retry_delay_s", 7)
    decided = decision(kind("busy"))
    assert (decided.action, decided.retry_delay) == (RetryAction.RETRY, timedelta(seconds=7))


def test_any_other_error_may_pass_as_well(setting) -> None:
    setting("task_retries", 4)
    setting("task_retry_delay_s", 70)
    decided = decision(OSError("disk"))
    assert (decided.action, decided.retry_delay) == (RetryAction.RETRY, timedelta(seconds=70))
    assert retry_arguments(Settings.load())["retries"] == 4


def test_a_task_that_was_killed_is_at_work_again_within_a_minute(setting) -> None:
    setting("task_retry_delay_s", 70)
    silent_s = conf.getint("scheduler", "task_instance_heartbeat_timeout")
    looked_for_s = conf.getint("scheduler", "task_instance_heartbeat_timeout_detection_interval")
    until_its_next_try = retry_arguments(Settings.load())["retry_delay"]
    assert silent_s + looked_for_s + until_its_next_try.total_seconds() <= 55
    dead_s = conf.getint("scheduler", "scheduler_health_check_threshold")
    assert dead_s + conf.getint("scheduler", "orphaned_tasks_check_interval") <= 30
    # Airflow's own beats: several must fit, or one that is late is taken for a death.
    assert dead_s >= 4 * conf.getint("scheduler", "scheduler_heartbeat_sec")
    assert silent_s >= 10 * conf.getint("workers", "min_heartbeat_interval")


def test_every_error_of_the_tree_is_one_or_the_other_and_has_its_own_kind() -> None:
    kinds = {kind for kind in vars(errors).values() if isinstance(kind, type)}
    ends = kinds - {errors.CofiError}
    assert len(ends) > 10
    assert all(
        issubclass(kind, errors.TransientError) != issubclass(kind, errors.PermanentError) for kind in ends
    )
    assert len({kind.kind for kind in kinds}) == len(kinds)
