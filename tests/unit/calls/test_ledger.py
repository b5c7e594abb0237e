"""The ledger's numbers add up, and it is closed only when nothing is pending."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from include.calls.call import CallState
from include.calls.ledger import Ledger

COUNTS = st.dictionaries(st.sampled_from(list(CallState)), st.integers(0, 20_000))


@given(COUNTS)
def test_the_sum_in_words_is_the_sum_in_numbers(counts: dict[CallState, int]) -> None:
    ledger = Ledger.of(counts)

    terms, total = str(ledger).split(" = ")
    told = {state: int(count) for count, state in re.findall(r"(\d+) (\w+)", terms)}

    assert total == f"{sum(counts.values())} discovered"
    assert ledger.discovered == sum(counts.values())
    assert told == {state.value: counts.get(state, 0) for state in CallState if state.value in told}
    assert ledger.closed == (counts.get(CallState.PENDING, 0) == 0)
    assert ("pending" in told) == (not ledger.closed)


def test_an_empty_day_is_closed() -> None:
    assert str(Ledger()) == ("0 audited + 0 failed + 0 duplicate + 0 skipped + 0 quarantined = 0 discovered")
    assert Ledger().closed


def test_a_state_that_nobody_knows_is_refused() -> None:
    with pytest.raises(ValueError, match="lost"):
        Ledger.of({"audited": 3, "lost": 1})
