import asyncio
import random
from collections.abc import Callable

import pytest

from include.llm.limiter import Limiter, Round


class Api:
    """Takes requests of a limiter in rounds: all free slots are filled, then all answers come."""

    def __init__(self, limiter: Limiter, refuses: Callable[[int], bool], latency_s: float = 1.0) -> None:
        self.limiter = limiter
        self.refuses = refuses
        self.latency_s = latency_s
        self.refused = 0
        self.answered = 0

    async def round(self) -> None:
        """Fills the slots, each refused one again at once, up to two for each slot; then the rest answers."""
        limiter, taken, tries = self.limiter, 0, 0
        held: list[tuple[object, Round]] = []
        while taken < int(limiter.limit) and tries < 2 * limiter.width:
            tries += 1
            slot = limiter.slot()
            of = await slot.__aenter__()
            if self.refuses(taken):
                self.refused += 1
                limiter.refused(of)
                await slot.__aexit__(None, None, None)
            else:
                taken += 1
                held.append((slot, of))
        for slot, of in held:
            self.answered += 1
            limiter.succeeded(of, self.latency_s)
            await slot.__aexit__(None, None, None)  # type: ignore[attr-defined]


def at_random(share: float) -> Callable[[int], bool]:
    chance = random.Random(1)
    return lambda _: chance.random() < share


@pytest.mark.parametrize("width", [10, 100])
async def test_stray_refusals_leave_the_limit_alone(width):
    limiter = Limiter(width)
    api = Api(limiter, at_random(0.05))
    limits = []
    for _ in range(200):
        await api.round()
        limits.append(limiter.limit)
    assert api.refused > 50
    assert sum(limits) / len(limits) > 0.9 * width


async def test_a_share_that_stays_however_far_the_limit_falls_is_borne():
    limiter = Limiter(100)
    api = Api(limiter, at_random(0.2))
    for _ in range(50):
        await api.round()
    assert limiter.limit > 80


@pytest.mark.parametrize(("width", "takes"), [(100, 60), (100, 20), (10, 6)])
async def test_a_true_limit_is_found_at_once_and_kept_at_little_cost(width, takes):
    limiter = Limiter(width)
    api = Api(limiter, lambda taken: taken >= takes)
    await api.round()
    assert takes <= limiter.limit <= takes + 1
    for _ in range(100):
        await api.round()
        assert takes <= limiter.limit <= 1.2 * takes
    assert api.refused < 0.25 * api.answered


async def test_a_limit_that_is_gone_is_left_behind():
    limiter = Limiter(100)
    await Api(limiter, lambda taken: taken >= 60).round()
    assert limiter.limit <= 61
    generous = Api(limiter, lambda _: False)
    for _ in range(30):
        await generous.round()
    assert limiter.limit == 100


async def test_latency_that_rises_narrows_to_half_and_no_further():
    limiter = Limiter(100)
    api = Api(limiter, lambda _: False)
    for _ in range(5):
        await api.round()
    assert limiter.limit == 100
    api.latency_s = 3.0
    await api.round()
    assert limiter.limit == pytest.approx(100 / 1.5, abs=1)
    for latency_s in (20.0, 100.0, 500.0):
        api.latency_s = latency_s
        for _ in range(3):
            await api.round()
    assert 50 <= limiter.limit < 60


async def test_latency_that_differs_from_call_to_call_is_no_sign():
    limiter = Limiter(100)
    chance = random.Random(1)
    api = Api(limiter, lambda _: False)
    for _ in range(100):
        api.latency_s = chance.lognormvariate(0, 0.3)
        await api.round()
    assert limiter.limit == 100


async def test_who_is_cancelled_while_waiting_gives_nothing_back() -> None:
    limiter = Limiter(1)
    async with limiter.slot():
        waiter = asyncio.create_task(limiter._acquire())
        await asyncio.sleep(0)
        waiter.cancel()
        await asyncio.wait([waiter])
        assert limiter.in_flight == 1
    assert limiter.in_flight == 0


async def test_a_slot_that_was_given_just_before_a_cancellation_goes_to_the_next() -> None:
    limiter = Limiter(1)
    async with limiter.slot():
        waiters = [asyncio.create_task(limiter._acquire()) for _ in range(2)]
        await asyncio.sleep(0)
    waiters[0].cancel()
    await asyncio.wait(waiters, timeout=10)
    assert limiter.in_flight == 1
    assert waiters[1].done() and not waiters[1].cancelled()


async def test_an_outage_leaves_the_width_as_it_was():
    limiter = Limiter(20)
    api = Api(limiter, lambda _: True)
    for _ in range(5):
        await api.round()
    assert limiter.limit == 1
    limiter.restore()
    assert limiter.limit == 20


def test_a_width_below_one_is_refused():
    with pytest.raises(ValueError, match="width"):
        Limiter(0)


async def test_requests_that_take_another_time_than_most_are_no_sign_of_load():
    limits = []
    for told in (True, False):
        limiter = Limiter(40)
        api = Api(limiter, lambda taken: False, latency_s=1.0)
        for _ in range(10):
            await api.round()
        for _ in range(200):
            async with limiter.slot() as of:
                limiter.succeeded(of, 9.0 if told else None)
        limits.append(limiter.limit)
    assert limits[0] < 40 and limits[1] == 40


async def test_a_lent_slot_is_one_of_the_width_and_tells_nothing():
    limiter = Limiter(2)
    async with limiter.slot_for_another(), limiter.slot():
        assert limiter.in_flight == 2
        third = asyncio.ensure_future(limiter.slot().__aenter__())
        await asyncio.sleep(0)
        assert not third.done()
    await third
    assert limiter.in_flight == 1 and limiter.limit == 2
