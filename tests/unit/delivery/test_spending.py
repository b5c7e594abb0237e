"""What the LLM cost, and who waits for money."""

import pytest

from include.calls.call import CallState
from include.calls.stage import Stage
from include.delivery.summary import summarise
from tests.unit.delivery.seeding import SeededDay

RUN, EARLIER = "run-2", "run-1"


def test_llm_usage_is_what_this_run_paid(day: SeededDay) -> None:
    day.batch(EARLIER)
    day.batch(RUN)
    calls = [day.call(RUN, f"{n}.wav") for n in range(3)]
    day.llm(EARLIER, calls[0])
    day.llm(RUN, calls[1], latency_s=2.0, attempts=2, repaired=True)
    day.llm(RUN, calls[2], latency_s=4.0, cost_usd=None)

    (usage,) = summarise(day.database, RUN).llm

    assert (usage.answers, usage.requests, usage.repaired, usage.unpriced) == (2, 3, 1, 1)
    assert (usage.prompt_tokens, usage.completion_tokens, usage.cached_tokens) == (2000, 400, 800)
    assert (usage.cost_usd, usage.mean_latency_s) == (0.002, 3)


@pytest.mark.long
def test_answers_of_no_use_cost_too_and_are_summed_up_by_call(day: SeededDay) -> None:
    day.batch(EARLIER)
    day.batch(RUN)
    cheap, dear, lost = (day.call(RUN, f"{n}.wav") for n in range(3))
    day.spent(EARLIER, dear, 1.0)
    day.llm(RUN, cheap)
    day.llm(RUN, dear)
    for usd in (0.004, 0.006):
        day.spent(RUN, dear, usd)
    day.spent(RUN, lost, None)

    summary = summarise(day.database, RUN)

    (usage,) = summary.llm
    assert (usage.answers, usage.paid, usage.unpriced) == (2, 5, 1)
    assert usage.prompt_tokens == 5 * 1000
    assert usage.cost_usd == pytest.approx(0.014)
    spending = summary.spending
    assert (spending.calls, spending.cost_usd) == (3, pytest.approx(0.014))
    assert (spending.mean_call_usd, spending.max_call_usd) == (pytest.approx(0.007), pytest.approx(0.012))


@pytest.mark.long
def test_calls_that_wait_for_money_are_counted(day: SeededDay) -> None:
    day.batch(RUN)
    for path, state, kind in (
        ("waits.wav", CallState.FAILED, "budget_reached"),
        ("broken.wav", CallState.FAILED, "bug"),
        ("mended.wav", CallState.AUDITED, "budget_reached"),
    ):
        call = day.call(RUN, path, state)
        day.failure(RUN, call, Stage.LLM1, kind=kind)

    assert summarise(day.database, RUN).spending.stopped == 1
