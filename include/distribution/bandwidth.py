"""A bandwidth cap: who sends waits until its bytes have their place in time."""

import asyncio
import time

MIB = 1024 * 1024


class Bandwidth:
    """Spaces out what is sent; shared by all uploads of a task.

    Args:
        bytes_per_s: The cap; 0 for none.
    """

    def __init__(self, bytes_per_s: float) -> None:
        self._bytes_per_s = bytes_per_s
        self._free_at_s = 0.0

    async def admit(self, size_bytes: int) -> None:
        """Waits until so many bytes may be sent. Time in which nothing was sent is not made up for."""
        if not self._bytes_per_s:
            return
        begins_s = max(self._free_at_s, time.monotonic())
        self._free_at_s = begins_s + size_bytes / self._bytes_per_s
        await asyncio.sleep(begins_s - time.monotonic())
