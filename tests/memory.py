"""Python's own count of the memory that something takes at its peak, which is the same on any machine."""

import gc
import tracemalloc
from collections.abc import Callable


def peak_bytes(work: Callable[[], object]) -> int:
    """The most bytes that are held at once while something is done, beyond what was held before."""
    gc.collect()
    gc.freeze()  # how much other tests have left in this process decides nothing
    gc.collect()  # so that what refers to itself does not wait until it is a quarter of that
    thresholds = gc.get_threshold()
    gc.set_threshold(200, 2, 2)
    tracemalloc.start()
    work()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    gc.set_threshold(*thresholds)
    gc.unfreeze()
    return peak
