from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from include.gpu.wire import Span
from include.gpu_host.audio import timeline
from tests.steps import steps


def span(start_ms: int, end_ms: int) -> Span:
    return Span(start_ms=start_ms, end_ms=end_ms)


spans = st.lists(
    st.tuples(st.integers(0, 500), st.integers(1, 100)).map(lambda t: span(t[0], t[0] + t[1])), max_size=8
)


def covered(of: list[Span]) -> set[int]:
    return {ms for s in of for ms in range(s.start_ms, s.end_ms)}


@given(spans, spans)
def test_span_arithmetic_is_set_arithmetic(some: list[Span], others: list[Span]) -> None:
    assert covered(timeline.joined(some)) == covered(some)
    left = timeline.without(some, others)
    assert covered(left) == covered(some) - covered(others)
    for result in (timeline.joined(some), left):
        assert all(a.end_ms <= b.start_ms for a, b in pairwise(result))


def test_runs_and_gaps() -> None:
    flags = np.array([1, 0, 1, 1, 0, 0, 0, 1], dtype=bool)
    found = timeline.runs(flags, 10)
    assert found == [span(0, 10), span(20, 40), span(70, 80)]
    assert timeline.joined(found, gap_ms=10) == [span(0, 40), span(70, 80)]
    assert timeline.widened(found, 10, 85) == [span(0, 50), span(60, 85)]


@given(spans, spans)
def test_within_is_the_intersection(some: list[Span], others: list[Span]) -> None:
    assert covered(timeline.within(some, others)) == covered(some) & covered(others)


@pytest.mark.long
def test_ten_times_the_spans_take_ten_times_the_work() -> None:
    def halves(count: int) -> list[Span]:
        some = [span(n * 100, n * 100 + 60) for n in range(count)]
        return timeline.without(some, [span(n * 100 + 30, n * 100 + 70) for n in range(count)])

    left = halves(5000)
    assert len(left) == 5000 and timeline.total_ms(left) == 150_000
    assert steps(lambda: halves(2000)) < 11 * steps(lambda: halves(200))
