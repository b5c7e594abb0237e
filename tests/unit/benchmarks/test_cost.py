"""When memory counts as flat."""

import pytest

from tests.benchmarks.speech.cost import growth

CALLS = list(range(20, 220, 20))


def test_memory_that_settles_is_flat() -> None:
    grown, per_call_kb = growth(CALLS, [400, 480, 500, 505, 506, 505, 506, 505, 505, 506])
    assert abs(grown) < 0.002 and abs(per_call_kb) < 10


def test_memory_that_leaks_is_not() -> None:
    grown, per_call_kb = growth(CALLS, [400 + 0.5 * calls for calls in CALLS])
    assert grown == pytest.approx(40 / 460, abs=1e-6)
    assert per_call_kb == pytest.approx(512)


def test_one_look_is_no_slope() -> None:
    assert growth([20], [400]) == (0, 0)
