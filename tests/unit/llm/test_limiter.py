import asyncio
import random

import pytest

from include.llm.limiter import Limiter


async def test_stray_refusals_leave_the_limit_alone():
    limiter = Limiter(100)
    chance = random.Random(1)
    for _ in range(5000):
        if chance.random() < 0.05:
            limiter.refused(1.0)
        else:
            limiter.succeeded()
    assert limiter.limit > 90


async def test_a_real_limit_is_found_and_left_again():
    limiter = Limiter(100)
    for _ in range(100):  # 60 of 100 get through
        for n in range(int(limiter.limit)):
            limiter.succeeded() if n < 60 else limiter.refused()
    assert 50 <= limiter.limit <= 75
    for _ in range(4000):
        limiter.succeeded()
    assert limiter.limit == 100


async def test_total_refusal_narrows_to_one_and_pauses():
    limiter = Limiter(8)
    for _ in range(200):
        limiter.refused(0.1)
    assert limiter.limit == 1
    waiting = asyncio.create_task(limiter._acquire())
    await asyncio.sleep(0.03)
    assert not waiting.done()
    await asyncio.wait_for(waiting, 1)


async def test_a_cancelled_waiter_loses_no_slot():
    limiter = Limiter(1)
    async with limiter.slot():
        waiters = [asyncio.create_task(limiter._acquire()) for _ in range(3)]
        await asyncio.sleep(0)
        waiters[0].cancel()
    waiters[1].cancel()  # it has just been given the slot
    await asyncio.wait(waiters, timeout=1)
    assert limiter.in_flight == 1
    assert waiters[2].done() and not waiters[2].cancelled()


def test_a_width_below_one_is_refused():
    with pytest.raises(ValueError, match="width"):
        Limiter(0)
