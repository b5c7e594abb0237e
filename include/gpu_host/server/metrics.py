"""What `/metrics` shows, in Prometheus' terms."""

from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, generate_latest

from include.calls.stage import GPU_STAGES, Stage
from include.gpu_host.workers.pool import WorkerPool

# From a cheap stage of a short call to recognition of an hour's call on a CPU.
_BUCKETS_S = (0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 900, 1800)
# Real-time factors: from a GPU to a CPU that is too slow for its calls.
_BUCKETS_RTF = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2)


class Metrics:
    """The host's counters, in a registry of their own: several hosts can live in one process.

    Args:
        pool: Asked when the metrics are read.
    """

    def __init__(self, pool: WorkerPool[Any]) -> None:
        self._registry = registry = CollectorRegistry()
        ProcessCollector(registry=registry)
        for name, meaning, read in (
            ("in_flight", "Stage requests worked on now", lambda: pool.in_flight),
            ("waiting", "Stage requests that wait for a place", lambda: pool.waiting),
            ("capacity", "Stage requests worked on at once", lambda: pool.capacity),
            (
                "suspects",
                "Requests that a worker crashed under, and that run by themselves",
                lambda: pool.suspects,
            ),
            ("worker_restarts", "Workers replaced since the start", lambda: pool.restarts),
        ):
            Gauge(f"cofi_gpu_host_{name}", meaning, registry=registry).set_function(read)
        self._stage_s = Histogram(
            "cofi_gpu_host_stage_seconds",
            "Processing time of a stage, without waiting",
            ["stage"],
            buckets=_BUCKETS_S,
            registry=registry,
        )
        self._rtf = Histogram(
            "cofi_gpu_host_stage_rtf",
            "Real-time factor of a stage: processing time per time of audio",
            ["stage"],
            buckets=_BUCKETS_RTF,
            registry=registry,
        )
        self._audio_s = Counter(
            "cofi_gpu_host_audio_seconds",
            "Audio that a stage has worked through",
            ["stage"],
            registry=registry,
        )
        self._failures = Counter(
            "cofi_gpu_host_failures", "Requests refused or failed, by kind", ["kind"], registry=registry
        )
        self._received_bytes = Counter(
            "cofi_gpu_host_received_bytes", "Recordings received and kept", registry=registry
        )
        for stage in GPU_STAGES:
            self._stage_s.labels(stage)
            self._rtf.labels(stage)
            self._audio_s.labels(stage)

    def stage_done(self, stage: Stage, seconds: float, audio_s: float) -> None:
        """Counts a stage that was run, not one whose result was stored."""
        self._stage_s.labels(stage).observe(seconds)
        if audio_s:
            self._rtf.labels(stage).observe(seconds / audio_s)
        self._audio_s.labels(stage).inc(audio_s)

    def received(self, size_bytes: int) -> None:
        """Counts a new recording."""
        self._received_bytes.inc(size_bytes)

    def failed(self, kind: str) -> None:
        """Counts an answer that was a problem."""
        self._failures.labels(kind).inc()

    def text(self) -> bytes:
        """The exposition format."""
        return generate_latest(self._registry)
