"""Many things at once: never more than the width, and no item is lost or done twice."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from include.concurrency import WaitingRoom, for_each
from tests.waiting import until


class Meter:
    """Handles items, and measures how many it handled at once."""

    def __init__(self) -> None:
        self.at_once = self.most_at_once = 0
        self.done: list[int] = []

    async def __call__(self, item: int) -> None:
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        await asyncio.sleep(0.001)
        self.at_once -= 1
        self.done.append(item)


async def stream(items: int) -> AsyncIterator[int]:
    for item in range(items):
        yield item


@pytest.mark.parametrize(("items", "width", "most"), [(100, 7, 7), (3, 10, 3), (5, 1, 1), (0, 4, 0)])
async def test_every_item_is_handled_once_within_the_width(items: int, width: int, most: int) -> None:
    meter = Meter()
    await for_each(stream(items), meter, width)
    assert sorted(meter.done) == list(range(items))
    assert meter.most_at_once == most


async def test_items_are_drawn_only_as_they_are_handled() -> None:
    meter, drawn = Meter(), 0

    async def items() -> AsyncIterator[int]:
        nonlocal drawn
        for item in range(50):
            drawn += 1
            assert drawn - len(meter.done) <= 4
            yield item

    await for_each(items(), meter, 4)
    assert drawn == 50


async def test_a_slow_item_holds_up_its_own_worker_only() -> None:
    done: list[int] = []

    async def handle(item: int) -> None:
        await asyncio.sleep(0.2 if item == 0 else 0.001)
        done.append(item)

    await for_each(stream(20), handle, 2)
    assert done == [*range(1, 20), 0]


async def test_the_first_error_comes_out_as_it_is_and_ends_the_rest() -> None:
    begun: list[int] = []
    cancelled: list[int] = []

    async def handle(item: int) -> None:
        begun.append(item)
        if item == 3:
            raise LookupError("item 3")
        try:
            await asyncio.sleep(0.01 if item < 3 else 10)
        except asyncio.CancelledError:
            cancelled.append(item)
            raise

    with pytest.raises(LookupError, match="item 3"):
        await for_each(stream(100), handle, 4)
    assert begun == [0, 1, 2, 3]
    assert sorted(cancelled) == [0, 1, 2]


async def test_being_cancelled_cancels_what_was_begun() -> None:
    begun: list[int] = []
    ended: list[int] = []

    async def handle(item: int) -> None:
        begun.append(item)
        try:
            await asyncio.sleep(60)
        finally:
            ended.append(item)

    running = asyncio.create_task(for_each(stream(100), handle, 3))
    await until(lambda: len(begun) == 3)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert sorted(ended) == [0, 1, 2]


async def test_places_are_given_in_order_of_arrival_so_that_a_newcomer_gets_its_part() -> None:
    room = WaitingRoom(2)
    served: list[str] = []

    async def work(whose: str) -> None:
        assert await room.enter()
        await asyncio.sleep(0.001)
        room.leave()
        served.append(whose)
        await asyncio.sleep(0)  # the next request takes a moment

    async def user(name: str) -> None:
        for _ in range(20):
            await work(name)

    incumbents = [asyncio.create_task(user("incumbent")) for _ in range(2)]
    await asyncio.sleep(0.01)
    before = len(served)
    await asyncio.gather(*incumbents, *(user("newcomer") for _ in range(2)))
    together = served[before : before + 24]
    assert 9 <= together.count("newcomer") <= 15


async def test_who_finds_no_seat_or_waits_too_long_gets_no_place() -> None:
    room = WaitingRoom(1, longest_s=0.05)
    assert await room.enter()
    waiting = asyncio.create_task(room.enter())
    await asyncio.sleep(0)  # it has its seat now, whatever the time
    assert not await room.enter()
    assert room.waiting == 1
    assert not await waiting
    room.leave()
    assert await room.enter(), "those who gave up hold no place"


async def test_who_is_cancelled_while_waiting_holds_no_place() -> None:
    room = WaitingRoom(1)
    assert await room.enter()
    waiting = asyncio.create_task(room.enter())
    await asyncio.sleep(0)
    room.leave()
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert room.waiting == 0
    assert await asyncio.wait_for(room.enter(), 1)
