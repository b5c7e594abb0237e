"""Writes to the database what comes one by one, while the work goes on."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Generic, TypeVar

Item = TypeVar("Item")

# Items that wait to be written, before those who bring more have to wait.
_MOST_WAITING = 500
_LOOK_EVERY_S = 0.02


class Writer(Generic[Item]):
    """Saves items from a thread: whatever has come while the last batch was written is the next batch.

    So a single answer is saved at once, and many together when they come fast: a task that is killed loses
    what was in flight at that moment, and little else.
    """

    def __init__(self, save: Callable[[list[Item]], None]) -> None:
        self._save = save
        self._waiting: list[Item] = []
        self._news = asyncio.Event()
        self._written = asyncio.Event()
        self._put = self._saved = 0
        self._closing = self._failed = False
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> "Writer[Item]":
        """Starts writing."""
        self._task = asyncio.create_task(self._write())
        return self

    async def __aexit__(self, *_: object) -> None:
        """Writes what is left, also when the lane was ended by an error or from outside."""
        assert self._task
        self._closing = True
        self._news.set()
        with suppress(asyncio.CancelledError):
            await asyncio.shield(self._task)
        await self._task

    def put(self, item: Item) -> None:
        """Takes an item.

        Raises:
            Exception: What made writing fail: going on would do work that nobody keeps.
        """
        if self._task and self._task.done():
            self._task.result()
        self._waiting.append(item)
        self._put += 1
        self._news.set()

    async def accept(self, item: Item) -> None:
        """Takes an item, and waits while many are unwritten, so that memory stays the same.

        Raises:
            Exception: As `put`.
        """
        self.put(item)
        # An event would not be set by a writer that failed.
        while len(self._waiting) >= _MOST_WAITING and not self._failed:  # noqa: ASYNC110
            await asyncio.sleep(_LOOK_EVERY_S)

    async def flush(self) -> None:
        """Waits until what has been put so far is saved, or the writer has failed."""
        put = self._put
        while self._saved < put and not self._failed:
            await self._written.wait()

    async def _write(self) -> None:
        while self._waiting or not self._closing:
            await self._news.wait()
            self._news.clear()
            batch, self._waiting = self._waiting, []
            if batch:
                await self._save_now(batch)

    async def _save_now(self, batch: list[Item]) -> None:
        try:
            await asyncio.to_thread(self._save, batch)
            self._saved += len(batch)
        except BaseException:
            self._failed = True
            raise
        finally:
            written, self._written = self._written, asyncio.Event()
            written.set()
