"""What a process and all that it started take: CPU seconds and resident memory."""

import threading
from contextlib import suppress
from dataclasses import dataclass

import psutil

_SAMPLED_EVERY_S = 0.1


@dataclass(frozen=True)
class Usage:
    """CPU time used so far and memory held now, of a process tree."""

    cpu_s: float
    rss_bytes: int


def usage_of(pid: int) -> Usage:
    """Reads the tree once. Memory that processes share is counted for each of them."""
    cpu_s, rss_bytes = 0.0, 0
    with suppress(psutil.NoSuchProcess):
        process = psutil.Process(pid)
        for one in [process, *process.children(recursive=True)]:
            with suppress(psutil.NoSuchProcess):
                times = one.cpu_times()
                cpu_s += times.user + times.system
                rss_bytes += one.memory_info().rss
    return Usage(cpu_s, rss_bytes)


class PeakMemory:
    """Watches a process tree from a thread: `peak_bytes` is the most that it held at once."""

    def __init__(self, pid: int) -> None:
        self.peak_bytes = 0
        self._pid = pid
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> "PeakMemory":
        self._look()
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()
        self._look()

    def _watch(self) -> None:
        while not self._ended.wait(_SAMPLED_EVERY_S):
            self._look()

    def _look(self) -> None:
        self.peak_bytes = max(self.peak_bytes, usage_of(self._pid).rss_bytes)
