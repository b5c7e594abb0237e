"""Watches a run: what hosts and LLM do at every moment, and what Airflow takes for it."""

import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import psutil
import requests

from include.demo.stack import AIRFLOW_COMPONENTS
from include.emulation.stack import EmulatedStack
from tests.benchmarks.batch.outcome import Samples
from tests.benchmarks.batch.work import IN_FLIGHT

# Reading the memory of 60 processes takes seconds of a core.
_MEMORY_EVERY = 60


class Sampler:
    """Use as `with Sampler(stack) as sampler`; `sampler.samples` afterwards."""

    def __init__(self, stack: EmulatedStack) -> None:
        self.samples = Samples()
        self._stack = stack
        # Asking 20 hosts every second would be work of its own.
        self._every_s = max(1.0, len(stack.hosts) / 5)
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> "Sampler":
        self._began_s = time.monotonic()
        self._cpu_before_s = self._cpu_s()
        self._first = self._last = self._look()
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()
        self.samples.cpu_s = {
            part: seconds - self._cpu_before_s[part] for part, seconds in self._cpu_s().items()
        }

    def gpu_worked_s(self) -> float:
        """GPU seconds of all hosts since the beginning, by now."""
        now = self._look()
        both = [host for host in self._stack.hosts if host in now]
        return float(sum(now[host]["worked_s"] - self._first[host]["worked_s"] for host in both))

    def _watch(self) -> None:
        turn = 0
        while not self._ended.wait(self._every_s):
            now = self._look()
            self._add(self._last, now)
            self._last = now
            if turn % _MEMORY_EVERY == 0:
                self.samples.memory_mb = max(self.samples.memory_mb, self._memory_mb())
            turn += 1

    def _look(self) -> dict[str, Any]:
        seen: dict[str, Any] = {"at_s": time.monotonic()}
        for service in (*self._stack.hosts, "llm"):
            # A dead host works no more.
            with suppress(requests.RequestException):
                seen[service] = self._stack.stats(service)
        return seen

    def _add(self, before: dict[str, Any], now: dict[str, Any]) -> None:
        spell_s = now["at_s"] - before["at_s"]
        both = [host for host in self._stack.hosts if host in before and host in now]
        worked_s = sum(now[host]["worked_s"] - before[host]["worked_s"] for host in both)
        self.samples.at_s.append(now["at_s"] - self._began_s)
        self.samples.gpu.append(worked_s / spell_s / len(self._stack.hosts))
        in_flight = now["llm"]["in_flight_s"] - before["llm"]["in_flight_s"]
        self.samples.llm.append(in_flight / (now["llm"]["at_s"] - before["llm"]["at_s"]) / IN_FLIGHT)

    def _airflow(self) -> Iterator[tuple[str, psutil.Process]]:
        """Its processes, and the part of it that each belongs to."""
        for component in AIRFLOW_COMPONENTS:
            part = component.replace("-", "_")
            keeper = psutil.Process(self._stack.processes.latest[component].pid)
            yield part, keeper
            for process in keeper.children():
                # With more tasks than it carries, a part of Airflow may die, and be started again.
                with suppress(psutil.NoSuchProcess):
                    yield part, process
                    for below in process.children(recursive=True):
                        yield "tasks" if part == "scheduler" else part, below

    def _cpu_s(self) -> dict[str, float]:
        """Of all that live, and of those of their children that have ended."""
        total_s = defaultdict[str, float](float)
        for part, process in self._airflow():
            with suppress(psutil.NoSuchProcess):
                total_s[part] += sum(process.cpu_times()[:4])
        return total_s

    def _memory_mb(self) -> float:
        total_bytes = 0
        for _, process in self._airflow():
            with suppress(psutil.NoSuchProcess):
                total_bytes += process.memory_full_info().pss
        return total_bytes / 1e6
