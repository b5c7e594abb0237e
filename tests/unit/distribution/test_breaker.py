"""What counts against a host, and what shows that it works."""

import pytest

from include.distribution.breaker import MOST_IN_A_ROW, Breaker
from include.errors import (
    CofiError,
    HostBusy,
    HostFailing,
    HostFault,
    HostUnready,
    RecordingChanged,
    RecordingMissing,
    RecordingUnusable,
    StoreFault,
)

FAULT = HostFault("no JSON")


def after(*ends: CofiError | None) -> Breaker:
    """A breaker after calls that ended so; None is a success."""
    breaker = Breaker("gpu_a")
    for end in ends:
        breaker.succeeded() if end is None else breaker.failed(end)
    return breaker


def opens(breaker: Breaker) -> bool:
    try:
        breaker.check()
    except HostFailing:
        return True
    return False


@pytest.mark.parametrize("error", [FAULT, HostBusy("429"), RecordingMissing("404")])
def test_so_many_faults_in_a_row_open_it_and_not_one_less(error: CofiError) -> None:
    assert not opens(after(*[error] * (MOST_IN_A_ROW - 1)))
    assert opens(after(*[error] * MOST_IN_A_ROW))


@pytest.mark.parametrize("between", [None, RecordingUnusable("cut off")])
def test_whatever_shows_that_the_host_works_begins_the_row_anew(between: CofiError | None) -> None:
    breaker = after(*[FAULT] * (MOST_IN_A_ROW - 1), between, *[FAULT] * (MOST_IN_A_ROW - 1))
    assert not opens(breaker)
    breaker.failed(FAULT)
    assert opens(breaker), "a row of its own"


@pytest.mark.parametrize("between", [RecordingChanged("gone"), StoreFault("away")])
def test_what_the_host_was_never_asked_shows_nothing(between: CofiError) -> None:
    assert opens(after(*[FAULT] * (MOST_IN_A_ROW - 1), between, FAULT))
    assert not opens(after(*[between] * 50))


def test_a_host_that_is_not_ready_is_not_waited_for_again() -> None:
    assert opens(after(HostUnready("503")))
    assert not opens(after(HostUnready("503"), FAULT)), "it answered again"


def test_a_few_calls_with_nothing_but_faults_are_the_hosts() -> None:
    with pytest.raises(
        HostFailing, match=r"gpu_a failed 3 calls in a row, the last with: no JSON Look at its log"
    ):
        after(FAULT, FAULT, FAULT).at_end()
    after(FAULT, FAULT).at_end()
    after(None, FAULT, FAULT, FAULT).at_end()
    after(FAULT, FAULT, FAULT, RecordingUnusable("cut off"), FAULT, FAULT, FAULT).at_end()
