"""Airflow tries again what may pass, and nothing else."""

from datetime import timedelta

import pytest
from airflow.sdk import RetryAction

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


def test_any_other_error_is_left_to_airflow(setting) -> None:
    setting("task_retries", 4)
    setting("task_retry_delay_s", 7)
    arguments = retry_arguments(Settings.load())
    assert decision(OSError("disk")).action is RetryAction.DEFAULT
    assert (arguments["retries"], arguments["retry_delay"]) == (4, timedelta(seconds=7))


def test_every_error_of_the_tree_is_one_or_the_other_and_has_its_own_kind() -> None:
    kinds = {kind for kind in vars(errors).values() if isinstance(kind, type)}
    ends = kinds - {errors.CofiError}
    assert len(ends) > 10
    assert all(
        issubclass(kind, errors.TransientError) != issubclass(kind, errors.PermanentError) for kind in ends
    )
    assert len({kind.kind for kind in kinds}) == len(kinds)
