"""How fast this host works, measured over what it has done since it started."""

import threading
from collections import defaultdict

from include.calls.stage import GPU_STAGES, Stage


class Throughput:
    """Sums up processing time and audio by stage; safe to use from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._seconds: defaultdict[Stage, float] = defaultdict(float)
        self._audio_s: defaultdict[Stage, float] = defaultdict(float)

    def add(self, stage: Stage, seconds: float, audio_s: float) -> None:
        """Counts one stage of one recording."""
        with self._lock:
            self._seconds[stage] += seconds
            self._audio_s[stage] += audio_s

    def speed(self, busy_s: float) -> float | None:
        """Audio seconds through all four stages per second of wall clock.

        The stages' real-time factors are summed first, so that it does not matter which stage was asked for
        more often so far; then they are divided among the workers that ran at once.

        Args:
            busy_s: Wall-clock seconds in which at least one worker ran.

        Returns:
            None before every stage has run.
        """
        with self._lock:
            if busy_s <= 0 or not all(self._audio_s[stage] > 0 for stage in GPU_STAGES):
                return None
            rtf = sum(self._seconds[stage] / self._audio_s[stage] for stage in GPU_STAGES)
            at_once = sum(self._seconds.values()) / busy_s
        return round(at_once / rtf, 3) if rtf > 0 else None
