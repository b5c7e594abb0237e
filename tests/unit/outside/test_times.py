"""Waits that peers ask for, in all forms that are met."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from include.outside.times import LONGEST_WAIT_S, asked_wait_s

NOW = datetime(2026, 11, 29, 12, 0, 0, tzinfo=UTC)
EPOCH_S = int(NOW.timestamp())


@pytest.mark.parametrize(
    ("said", "seconds"),
    [
        ("30", 30),
        (" 1.5 ", 1.5),
        ("0", 0),
        ("-5", 0),
        ("Sun, 29 Nov 2026 12:01:00 GMT", 60),
        ("Sun, 29 Nov 2026 13:01:00 +0100", 60),
        ("Sun, 29 Nov 2026 12:01:00 -0000", 60),
        ("Sun, 29 Nov 2026 11:00:00 GMT", 0),
        ("Sunday, 29-Nov-26 12:00:10 GMT", 10),
        ("2026-11-29T12:02:00Z", 120),
        ("2026-11-29T12:02:00", 120),
        (str(EPOCH_S + 90), 90),
        (str((EPOCH_S + 90) * 1000), 90),
        (str(EPOCH_S - 90), 0),
        ("6m0s", 360),
        ("120ms", 0.12),
        ("1h2m3.5s", 3723.5),
        # Never more than the longest wait, and nothing raises.
        ("999999", LONGEST_WAIT_S),
        ("1e999", LONGEST_WAIT_S),
        ("Fri, 31 Dec 9999 23:59:59 -2359", LONGEST_WAIT_S),
        ("Fri, 31 Dec 9999 23:59:59 GMT", LONGEST_WAIT_S),
        ("Mon, 01 Jan 0001 00:00:00 +2359", 0),
        ("9" * 400, LONGEST_WAIT_S),
        ("-1e999", 0),
    ],
)
def test_the_wait_is_read(said: str, seconds: float) -> None:
    assert asked_wait_s({"Retry-After": said}, now=NOW) == pytest.approx(seconds)


@pytest.mark.parametrize("said", ["", "soon", "nan", "1 minute", "٣٠ s", "\x00", "Fri, 99 Foo 2026", "²"])
def test_what_cannot_be_understood_says_nothing(said: str) -> None:
    assert asked_wait_s({"Retry-After": said}, now=NOW) is None


@pytest.mark.long
@given(st.text() | st.from_regex(r"[A-Z][a-z]{2}, \d{1,3} [A-Z][a-z]{2} \d{1,5} \d\d:\d\d:\d\d [+-]\d{4}"))
def test_nothing_raises_and_everything_is_bounded(said: str) -> None:
    got = asked_wait_s({"Retry-After": said, "retry-after-ms": said, "reset": said}, 100, resets=["reset"])
    assert got is None or 0 <= got <= 100


def test_which_header_counts() -> None:
    both = {"Retry-After": "7", "retry-after-ms": "250"}
    assert asked_wait_s(both, now=NOW) == 0.25
    assert asked_wait_s({"x-ms-retry-after-ms": "4000"}, now=NOW) == 4
    resets = {"limit-requests": "1s", "limit-tokens": "2026-11-29T12:00:30Z"}
    names = ["limit-requests", "limit-tokens", "limit-else"]
    assert asked_wait_s(resets, now=NOW, resets=names) == 30
    assert asked_wait_s(resets | {"Retry-After": "2"}, now=NOW, resets=names) == 2
    assert asked_wait_s({}, now=NOW, resets=names) is None
