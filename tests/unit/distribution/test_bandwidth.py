"""The bandwidth cap holds over all that send at once."""

import asyncio
import time

import pytest

from include.distribution.bandwidth import Bandwidth


async def took_s(bandwidth: Bandwidth, pieces: int, size_bytes: int) -> float:
    began_s = time.monotonic()
    await asyncio.gather(*(bandwidth.admit(size_bytes) for _ in range(pieces)))
    return time.monotonic() - began_s


async def test_senders_share_the_cap() -> None:
    assert await took_s(Bandwidth(1000), 6, 100) >= 0.5  # the first goes at once


async def test_idle_time_is_not_made_up_for() -> None:
    bandwidth = Bandwidth(1000)
    await bandwidth.admit(100)
    await asyncio.sleep(0.4)
    assert await took_s(bandwidth, 3, 100) >= 0.2


async def test_no_cap_does_not_wait() -> None:
    bandwidth = Bandwidth(0)
    with pytest.raises(StopIteration):  # without giving anybody else a turn
        bandwidth.admit(10**9).send(None)
