import asyncio

import pytest

from include.errors import LlmDown, LlmLost, LlmUnusable, RequestRefused
from include.llm.breaker import Breaker, BreakerSettings
from tests.waiting import until

QUICK = BreakerSettings(most_in_a_row=3, first_wait_s=0.02, longest_wait_s=0.05, patience_s=0.3)
LOST = LlmLost("gone")


def opened(settings: BreakerSettings = QUICK) -> Breaker:
    breaker = Breaker(10, settings)
    for _ in range(3):
        breaker.failed(LOST, in_flight=0)
    assert breaker.is_open
    return breaker


async def test_failures_with_an_answer_between_them_are_no_outage():
    breaker = Breaker(10, QUICK)
    for _ in range(5):
        breaker.failed(LOST, in_flight=0)
        breaker.failed(LOST, in_flight=0)
        breaker.answered()
    assert not breaker.is_open
    assert await breaker.admit() is False


async def test_an_api_that_works_on_others_is_busy_and_not_down():
    breaker = Breaker(10, QUICK)
    for _ in range(14):
        breaker.failed(LOST, in_flight=4)
    assert not breaker.is_open
    breaker.failed(LOST, in_flight=4)
    assert breaker.is_open


async def test_one_at_a_time_probes_and_the_first_answer_lets_all_go():
    breaker = opened(BreakerSettings(most_in_a_row=3, first_wait_s=0.02))
    waiting = [asyncio.create_task(breaker.admit()) for _ in range(5)]
    await until(lambda: [task.result() for task in waiting if task.done()] == [True])
    breaker.failed(LOST, in_flight=0)
    breaker.probed()
    await until(lambda: len([task for task in waiting if task.done()]) == 2)
    assert [task.result() for task in waiting if task.done()] == [True, True], "the next one probes"
    assert breaker.answered() is True
    breaker.probed()
    await until(lambda: all(task.done() for task in waiting))
    assert sorted(task.result() for task in waiting) == [False, False, False, True, True]


async def test_a_long_outage_is_given_up_with_what_the_api_said_last():
    breaker = opened()

    async def probe_for_ever() -> None:
        while True:
            await breaker.admit()
            breaker.failed(LOST, in_flight=0)
            breaker.probed()

    with pytest.raises(LlmDown, match="gone"):
        await probe_for_ever()


async def test_a_wait_beyond_patience_is_not_begun():
    breaker = Breaker(10, QUICK)
    for _ in range(3):
        breaker.failed(LlmLost("gone", retry_after_s=60), in_flight=0)
    with pytest.raises(LlmDown) as caught:
        await breaker.admit()
    assert caught.value.retry_after_s == 60


async def test_an_api_that_refuses_everything_is_unusable():
    breaker = Breaker(10, QUICK)
    refused = RequestRefused("no such format")
    breaker.refused(refused)
    breaker.refused(refused)
    breaker.answered()
    breaker.refused(refused)
    breaker.refused(refused)
    with pytest.raises(LlmUnusable, match="no such format"):
        breaker.refused(refused)


PATIENT = BreakerSettings(most_in_a_row=3, first_wait_s=10, longest_wait_s=50, patience_s=600)


async def test_an_answer_to_what_was_sent_before_lets_all_go_at_once() -> None:
    # Who is not told wakes when the probe is due: after whatever a test waits for.
    breaker = opened(BreakerSettings(most_in_a_row=3, first_wait_s=500, longest_wait_s=500, patience_s=6000))
    waiting = [asyncio.create_task(breaker.admit()) for _ in range(3)]
    await asyncio.sleep(0)
    assert breaker.answered() is False, "it was no probe's"
    assert await asyncio.gather(*waiting) == [False, False, False]


async def test_a_probe_that_ends_without_an_answer_leaves_its_place_to_the_next() -> None:
    breaker = opened(BreakerSettings(most_in_a_row=3, first_wait_s=0))
    assert await breaker.admit() is True
    waiting = asyncio.create_task(breaker.admit())
    await asyncio.sleep(0)
    assert not waiting.done()
    breaker.probed()  # its task was ended
    assert await waiting is True


async def test_each_failed_probe_doubles_the_wait_up_to_the_longest(monkeypatch: pytest.MonkeyPatch) -> None:
    now_s = 1000.0
    monkeypatch.setattr("include.llm.breaker._now_s", lambda: now_s)
    breaker = opened(PATIENT)
    for wait_s in (10, 20, 40, 50, 50):
        began_s = now_s
        now_s = began_s + wait_s - 0.1
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(breaker.admit(), 0.01)
        now_s = began_s + 1.2 * wait_s + 0.1  # waits are scattered, so that tasks do not probe all at once
        assert await breaker.admit() is True
        breaker.failed(LOST, in_flight=0)
        breaker.probed()
