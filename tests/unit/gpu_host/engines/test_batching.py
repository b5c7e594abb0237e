"""Who shares a batch with whom, and what a failure does to the others."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from include.gpu_host.engines.batching import Batcher

WAIT_S = 10


class Model:
    """Doubles numbers; the gate holds it in its first batch until everybody has come."""

    def __init__(self, fails_on: int | None = None) -> None:
        self.batches: list[tuple[str, list[int]]] = []
        self.begun = threading.Semaphore(0)
        self.gate = threading.Event()
        self._fails_on = fails_on

    def __call__(self, kind: str, items: list[int]) -> list[int]:
        self.batches.append((kind, items))
        self.begun.release()
        assert self.gate.wait(WAIT_S)
        if self._fails_on in items:
            raise ValueError(f"cannot do {self._fails_on}")
        return [2 * item for item in items]


def when_all_wait(batcher: Batcher[str, int, int], count: int) -> None:
    """Until so many items wait in the batcher."""
    done = threading.Event()
    while sum(len(request.left) for request in batcher._waiting) < count:
        assert not done.wait(0.002)


@pytest.fixture
def threads() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(8)


def test_items_that_wait_at_once_share_a_batch_of_their_kind(threads: ThreadPoolExecutor) -> None:
    model = Model()
    batcher = Batcher(model, batch_size=4, workers=1)
    first = threads.submit(batcher.run, "en", [1])
    assert model.begun.acquire(timeout=WAIT_S)
    asked = [("en", [2]), ("es", [3, 4]), ("en", [5, 6]), ("en", [7]), ("en", [8])]
    rest = []
    for n, (kind, items) in enumerate(asked):
        rest.append(threads.submit(batcher.run, kind, items))
        when_all_wait(batcher, sum(len(items) for _, items in asked[: n + 1]))
    model.gate.set()
    assert first.result(WAIT_S) == [2]
    assert [one.result(WAIT_S) for one in rest] == [[4], [6, 8], [10, 12], [14], [16]]
    assert model.batches == [("en", [1]), ("en", [2, 5, 7, 8]), ("es", [3, 4]), ("en", [6])]


def test_nothing_waits_for_others_to_come() -> None:
    model = Model()
    model.gate.set()
    batcher = Batcher(model, batch_size=64, workers=1)
    assert batcher.run("en", [1, 2, 3]) == [2, 4, 6]
    assert batcher.run("en", []) == []


def test_one_long_request_does_not_hold_up_a_short_one(threads: ThreadPoolExecutor) -> None:
    model = Model()
    batcher = Batcher(model, batch_size=2, workers=1)
    long = threads.submit(batcher.run, "en", list(range(100)))
    assert model.begun.acquire(timeout=WAIT_S)
    short = threads.submit(batcher.run, "es", [1000])
    when_all_wait(batcher, 99)
    model.gate.set()
    assert short.result(WAIT_S) == [2000]
    assert long.result(WAIT_S) == [2 * n for n in range(100)]
    assert [kind for kind, _ in model.batches].index("es") <= 2


def test_a_single_request_uses_every_worker(threads: ThreadPoolExecutor) -> None:
    model = Model()
    batcher = Batcher(model, batch_size=4, workers=2)
    running = threads.submit(batcher.run, "en", [1, 2, 3, 4])
    assert all(model.begun.acquire(timeout=WAIT_S) for _ in range(2))
    assert sorted(items for _, items in model.batches) == [[1, 2], [3, 4]]
    model.gate.set()
    assert running.result(WAIT_S) == [2, 4, 6, 8]


def test_a_failure_is_its_own_requests_alone(threads: ThreadPoolExecutor) -> None:
    model = Model(fails_on=3)
    batcher = Batcher(model, batch_size=8, workers=1)
    first = threads.submit(batcher.run, "en", [1])
    assert model.begun.acquire(timeout=WAIT_S)
    bad, good = threads.submit(batcher.run, "en", [2, 3]), threads.submit(batcher.run, "en", [4, 5])
    when_all_wait(batcher, 4)
    model.gate.set()
    assert first.result(WAIT_S) == [2]
    assert good.result(WAIT_S) == [8, 10]
    with pytest.raises(ValueError, match="cannot do 3"):
        bad.result(WAIT_S)
    assert batcher.run("en", [6]) == [12]


def test_what_is_left_of_a_failed_request_is_not_begun() -> None:
    model = Model(fails_on=1)
    model.gate.set()
    batcher = Batcher(model, batch_size=1, workers=1)
    with pytest.raises(ValueError, match="cannot do 1"):
        batcher.run("en", [1, *range(10, 1000)])
    assert batcher.run("en", [5]) == [10]
    assert [items for _, items in model.batches] == [[1], [5]]
