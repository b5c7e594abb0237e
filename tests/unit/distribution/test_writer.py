"""Outcomes are saved from a thread: what came while the last batch was written is the next batch."""

import asyncio
import threading

import pytest

from include.database.outcomes import Outcome
from include.distribution.writer import Writer
from tests.unit.database.seeding import success
from tests.waiting import until


class TestWriter:
    """Saves from a thread what came while the last batch was written."""

    def writer(self, hold: threading.Event) -> tuple[Writer[Outcome], list[list[Outcome]]]:
        batches: list[list[Outcome]] = []
        self.begun: list[int] = []

        def save(outcomes: list[Outcome]) -> None:
            self.begun.append(len(outcomes))
            assert hold.wait(60)
            batches.append(outcomes)

        return Writer(save), batches

    async def test_a_single_outcome_is_saved_at_once(self) -> None:
        hold = threading.Event()
        hold.set()
        writer, batches = self.writer(hold)
        async with writer:
            writer.put(success("a"))
            await until(lambda: len(batches) == 1)
            writer.put(success("b"))
            await until(lambda: len(batches) == 2)
        assert [[o.call_id for o in batch] for batch in batches] == [["a"], ["b"]]

    async def test_what_comes_during_a_write_is_the_next_batch(self) -> None:
        hold = threading.Event()
        writer, batches = self.writer(hold)
        async with writer:
            writer.put(success("a"))
            await until(lambda: self.begun)
            for name in "bcd":
                writer.put(success(name))
            hold.set()
        assert [[o.call_id for o in batch] for batch in batches] == [["a"], ["b", "c", "d"]]

    async def test_who_brings_more_than_can_be_written_has_to_wait(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("include.distribution.writer._MOST_WAITING", 3)
        hold = threading.Event()
        writer, batches = self.writer(hold)
        async with writer:
            await writer.accept(success("a"))
            await until(lambda: self.begun)
            await writer.accept(success("b"))
            await writer.accept(success("c"))
            fourth = asyncio.create_task(writer.accept(success("d")))
            await asyncio.sleep(0.1)
            assert not fourth.done()
            hold.set()
            await fourth
        assert [[o.call_id for o in batch] for batch in batches] == [["a"], ["b", "c", "d"]]

    async def test_flush_waits_for_what_was_put_and_not_for_what_comes_later(self) -> None:
        hold = threading.Event()
        writer, batches = self.writer(hold)
        async with writer:
            writer.put(success("a"))
            flushed = asyncio.create_task(writer.flush())
            await until(lambda: self.begun)
            writer.put(success("b"))
            assert not flushed.done()
            hold.set()
            await flushed
            assert [o.call_id for o in batches[0]] == ["a"]

    async def test_flush_does_not_wait_for_a_writer_that_failed(self) -> None:
        def full(_: list[Outcome]) -> None:
            raise OSError("disk full")

        with pytest.raises(OSError, match="disk full"):
            async with Writer(full) as writer:
                writer.put(success("a"))
                await writer.flush()

    async def test_being_cancelled_twice_does_not_lose_a_write(self) -> None:
        hold = threading.Event()
        writer, batches = self.writer(hold)

        async def work() -> None:
            async with writer:
                writer.put(success("a"))
                await asyncio.Event().wait()

        running = asyncio.create_task(work())
        await until(lambda: self.begun)
        running.cancel()
        await asyncio.sleep(0.05)
        running.cancel()
        await asyncio.sleep(0.05)
        assert not running.done()
        hold.set()
        with pytest.raises(asyncio.CancelledError):
            await running
        assert [[o.call_id for o in batch] for batch in batches] == [["a"]]
