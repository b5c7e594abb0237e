"""Requests that wait at the same moment are worked on together: a model hears several pieces in one go."""

from collections import deque
from collections.abc import Callable, Hashable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from threading import Lock
from typing import Generic, TypeVar

Kind = TypeVar("Kind", bound=Hashable)
Item = TypeVar("Item")
Result = TypeVar("Result")


@dataclass(eq=False)
class _Request(Generic[Kind, Item, Result]):
    """What one caller waits for.

    Attributes:
        left: Items that nobody has begun, with the future of each.
    """

    kind: Kind
    left: deque[tuple[Item, Future[Result]]]


@dataclass(frozen=True)
class _Taken(Generic[Kind, Item, Result]):
    """One item of a batch."""

    request: _Request[Kind, Item, Result]
    item: Item
    future: Future[Result]


class Batcher(Generic[Kind, Item, Result]):
    """Gathers the items of several threads into batches, without waiting for more to come.

    What waits when a worker gets free makes its next batch. Requests take turns, item by item, so that one
    with very many items does not hold up the others; what waits is shared out evenly, so that a single
    request uses all workers.

    Args:
        work: Called from the batcher's threads with the kind and the items of one batch; returns a result for
            each item, in order.
        batch_size: Most items of one batch.
        workers: Batches that are worked on at once.
    """

    def __init__(
        self, work: Callable[[Kind, list[Item]], Sequence[Result]], batch_size: int, workers: int
    ) -> None:
        self._work = work
        self._batch_size = batch_size
        self._workers = workers
        self._threads = ThreadPoolExecutor(workers, thread_name_prefix="batch")
        self._lock = Lock()
        self._waiting: deque[_Request[Kind, Item, Result]] = deque()
        self._at_work = 0

    def run(self, kind: Kind, items: Sequence[Item]) -> list[Result]:
        """Works on items, in batches with those of other threads; only items of one kind share a batch.

        Raises:
            Exception: What `work` raised for one of these items by itself.
        """
        request: _Request[Kind, Item, Result] = _Request(kind, deque((item, Future()) for item in items))
        futures = [future for _, future in request.left]
        with self._lock:
            self._waiting.append(request)
        for _ in items:
            self._threads.submit(self._next_batch)
        # In order, as they are begun: what is not begun after a failure is not waited for.
        return [future.result() for future in futures]

    def close(self) -> None:
        """Ends the threads; what is being worked on goes on."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _next_batch(self) -> None:
        """Works on one batch; called once an item, so that the last calls may find nothing left."""
        with self._lock:
            batch = self._taken()
            self._at_work += len(batch)
        if batch:
            try:
                self._done(batch)
            finally:
                with self._lock:
                    self._at_work -= len(batch)

    def _taken(self) -> list[_Taken[Kind, Item, Result]]:
        """Takes an item of each request in turn, of the kind of the one whose turn it is."""
        self._waiting = waiting = deque(request for request in self._waiting if request.left)
        batch: list[_Taken[Kind, Item, Result]] = []
        if not waiting:
            return batch
        kind = waiting[0].kind
        items = sum(len(request.left) for request in waiting if request.kind == kind)
        share = -(-(items + self._at_work) // self._workers)
        while len(batch) < min(self._batch_size, share, items):
            request = next(one for one in waiting if one.kind == kind and one.left)
            batch.append(_Taken(request, *request.left.popleft()))
            waiting.remove(request)
            waiting.append(request)
        return batch

    def _done(self, batch: list[_Taken[Kind, Item, Result]]) -> None:
        try:
            results = self._work(batch[0].request.kind, [taken.item for taken in batch])
            done = list(zip(batch, results, strict=True))
        except Exception as error:
            if len(batch) > 1:
                for taken in batch:
                    self._done([taken])
                return
            with self._lock:
                batch[0].request.left.clear()
            batch[0].future.set_exception(error)
            return
        for taken, result in done:
            taken.future.set_result(result)
