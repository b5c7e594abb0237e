"""Waiting for what a test is about, instead of for a time in which a busy machine does not get there."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

_LONGEST_S = 60.0


async def until(true: Callable[[], object]) -> None:
    """Waits until something is true.

    Raises:
        TimeoutError: It is not, after a minute.
    """
    async with asyncio.timeout(_LONGEST_S):
        while not true():
            await asyncio.sleep(0.002)


@dataclass
class Together:
    """Keeps whoever comes until so many are here at once; those who come afterwards pass."""

    parties: int = 0
    arrived: int = 0

    async def __call__(self) -> None:
        """Arrives, and waits for the others."""
        self.arrived += 1
        await until(lambda: self.arrived >= self.parties)
