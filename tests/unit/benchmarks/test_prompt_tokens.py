"""What is counted of the tokens that are sent."""

from dataclasses import replace

import pytest

from include.llm.usage import Price
from tests.benchmarks.prompt_tokens.counting import Figures, Request, figures, share_same, usd_per_1000
from tests.benchmarks.prompt_tokens.report import BEFORE, checks, report

SAMPLE = "1003-card-payment.flac"


def request(item: str, messages: list[int], schema: tuple[int, ...] = (9, 9), criteria: int = 0) -> Request:
    return Request(item=item, schema=schema, messages=messages, answer=4, criteria=criteria)


def test_what_calls_share_ends_at_the_first_difference() -> None:
    got = figures([request(SAMPLE, [1, 2, 3, 4], criteria=2), request("b", [1, 2, 5, 4, 4], criteria=1)])
    assert (got.calls, got.messages, got.schema, got.answer) == (2, 4.5, 2, 4)
    assert (got.same_messages, got.same_whole) == (2, 4)
    assert (got.sample_messages, got.sample) == (4, 6)
    assert got.per_criterion == 13 / 3
    other = figures([request(SAMPLE, [1, 2]), request("b", [1, 2], schema=(8, 9))])
    assert (other.same_messages, other.same_whole) == (2, 0), "a schema of its own leaves nothing in common"


def test_the_share_is_of_all_tokens() -> None:
    stages = {
        "LLM1": figures([request(SAMPLE, [1, 2]), request("b", [1, 3])]),
        "LLM2": figures([request(SAMPLE, [1, 2, 3, 4]), request("b", [1, 2, 3, 5])]),
    }
    assert share_same(stages) == pytest.approx((3 + 3 + 5 + 5) / (4 + 4 + 6 + 6))
    assert share_same(stages, whole=False) == pytest.approx((1 + 1 + 3 + 3) / 12)


@pytest.mark.parametrize(
    ("same", "cached", "usd"),
    [
        (2000, False, 3.0 + 1.0),
        (2000, True, 3.0 - 1.92 * 0.5 + 1.0),  # 15 steps of 128 tokens
        (1000, True, 3.0 + 1.0),  # too short a beginning
    ],
)
def test_a_cache_takes_whole_steps_of_long_beginnings(same: int, cached: bool, usd: float) -> None:
    one = Figures(1, 2000, 1000, 100, 0, same, 0, 0, None)
    prices = {"m": Price(prompt=1.0, cached=0.5, completion=10.0)}
    assert usd_per_1000({"LLM1": one}, "m", prices, cached=cached) == pytest.approx(usd)


def test_the_report_says_what_does_not_hold() -> None:
    assert [check.holds for check in checks(BEFORE)] == [False, False, True]
    better = {
        stage: replace(one, same_whole=round(0.8 * one.whole), sample=1000) for stage, one in BEFORE.items()
    }
    assert all(check.holds for check in checks(better))
    text = report(BEFORE, {"m": Price(prompt=1.0, cached=0.5, completion=10.0), "free": _FREE})
    assert "| LLM1, messages | 1,534 | 1,534 | 100.0 % |" in text
    assert "`m`" in text and "`free`" not in text
    assert text.count("**no**") == 2


_FREE = Price(prompt=0, cached=0, completion=0)
