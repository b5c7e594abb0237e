"""Intervals hold what they promise, also for few calls."""

import numpy as np
import pytest
from scipy import stats

from include.trends.intervals import Estimate, differ, mean_of, share_of


def mean(values: list[float]) -> Estimate | None:
    return mean_of(len(values), sum(values), sum(one**2 for one in values), 0, 100)


@pytest.mark.parametrize(("part", "whole"), [(0, 1), (1, 1), (0, 20), (3, 20), (20, 20), (1, 2000)])
def test_a_share_has_wilsons_interval(part: int, whole: int) -> None:
    found = share_of(part, whole)
    expected = stats.binomtest(part, whole).proportion_ci(method="wilson")
    assert found is not None
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high), abs=1e-6)
    assert found.low <= part / whole <= found.high


@pytest.mark.parametrize("calls", [2, 3, 4, 5, 10, 50])
def test_a_mean_has_students_interval(calls: int) -> None:
    values = list(np.random.default_rng(calls).normal(50, 5, calls))
    expected = stats.ttest_1samp(values, 0).confidence_interval()
    found = mean(values)
    assert found is not None
    assert (found.low, found.high) == pytest.approx(
        (max(0, expected.low), min(100, expected.high)), rel=0.005
    )


def test_of_nothing_there_is_no_figure() -> None:
    assert share_of(0, 0) is None
    assert mean_of(0, 0.0, 0.0, 0, 100) is None
    assert not differ(None, share_of(1, 2))


def test_one_call_says_nothing_of_the_others() -> None:
    assert mean([80.0]) == Estimate(80.0, 0, 100, 1)


def test_equal_scores_do_not_make_a_negative_variance() -> None:
    found = mean([33.3] * 7)
    assert found is not None
    assert found.low == pytest.approx(found.high)


def test_chance_alone_is_seldom_taken_for_a_change() -> None:
    random = np.random.default_rng(4)
    alarms = sum(
        differ(share_of(random.binomial(80, 0.8), 80), share_of(random.binomial(80, 0.8), 80))
        for _ in range(2000)
    )
    assert 0.02 < alarms / 2000 < 0.08


def test_a_real_change_is_seen() -> None:
    assert differ(share_of(90, 100), share_of(60, 100))
    assert differ(mean([80, 82, 81, 79] * 5), mean([60, 62, 61, 59] * 5))
