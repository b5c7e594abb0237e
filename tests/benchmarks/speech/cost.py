"""What the chain takes: time and memory of each stage, requests side by side, and memory over many calls."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import soundfile

from include.calls.stage import GPU_STAGES, Stage
from tests.benchmarks.findings import Check, Section, Table
from tests.benchmarks.speech import plots, wording
from tests.benchmarks.speech.bench import AT_ONCE, Bench, spread
from tests.benchmarks.speech.corpus import Clip
from tests.benchmarks.speech.hosts import Host, Request, as_wav, in_parallel
from tests.benchmarks.speech.usage import PeakMemory, usage_of

# A run on a machine that does nothing else repeats within this share.
_REPEATS_WITHIN = 0.05
# What the memory may grow by over the second half of the calls, as a share of what it was at half time.
_FLAT_WITHIN = 0.03
_WATCHED_EVERY = 20
_SHORT_S = (2.0, 6.0)
_ROUNDS, _TIMED_PIECES, _TIMED_S = 2, 6, (15.0, 20.0)
_MB = 1024**2


@dataclass
class StageCost:
    """What one stage took over all timed calls."""

    audio_s: float = 0.0
    cpu_s: float = 0.0
    wall_s: float = 0.0
    engine_s: float = 0.0
    peak_bytes: int = 0


@dataclass(frozen=True)
class Round:
    """Wall seconds of a few calls: one by one, and two at a time."""

    one_by_one_s: float
    parallel_s: float


@dataclass(frozen=True)
class Memory:
    """Resident memory of the host's processes after so many calls."""

    calls: list[int] = field(default_factory=list)
    rss_bytes: list[int] = field(default_factory=list)


def chapters(bench: Bench) -> list[Section]:
    """The chapter about speed, and the one about memory."""
    calls = spread([call for call in bench.corpus.calls if call.language], bench.size.timed_calls)
    with bench.hosts.running(prompts_dir=bench.known) as host:
        _warm(host, calls[0])
        by_stage = _by_stage(bench, host, calls)
        rounds = [_round(bench, host, n) for n in range(_ROUNDS)]
    with bench.hosts.running(prompts_dir=bench.known) as host:
        memory = _memory(bench, host)
    return [_speed_chapter(bench, calls, by_stage, rounds), _memory_chapter(bench, memory)]


def _warm(host: Host, call: Clip) -> None:
    """The first call after a start pays for pages and caches."""
    host.answer(_request("warm", call))


def _by_stage(bench: Bench, host: Host, calls: Sequence[Clip]) -> dict[Stage, StageCost]:
    costs = {stage: StageCost() for stage in GPU_STAGES}
    done = bench.progress("calls timed stage by stage", len(calls))
    for n, call in enumerate(calls):
        request = _request(f"stage-{n}", call)
        host.put(request)
        for stage, cost in costs.items():
            _add(cost, host, request, stage)
        done(n + 1)
    return costs


def _add(cost: StageCost, host: Host, request: Request, stage: Stage) -> None:
    before = usage_of(host.pid)
    began_s = time.perf_counter()
    with PeakMemory(host.pid) as watched:
        result = host.run(request, stage)
    cost.wall_s += time.perf_counter() - began_s
    cost.cpu_s += usage_of(host.pid).cpu_s - before.cpu_s
    cost.engine_s += result.seconds
    cost.audio_s += result.audio_s
    cost.peak_bytes = max(cost.peak_bytes, watched.peak_bytes)


def _round(bench: Bench, host: Host, n: int) -> Round:
    """Both ways over the same audio; every round begins with the other way: a slow minute hits both."""
    pieces = _pieces(bench.corpus.calls, _TIMED_PIECES, _TIMED_S)
    took = {}
    for at_once in (1, AT_ONCE) if n % 2 == 0 else (AT_ONCE, 1):
        requests = [Request(f"round-{n}-{at_once}-{m}", body) for m, body in enumerate(pieces)]
        done = bench.progress(f"calls, {at_once} at a time", len(requests))
        began_s = time.perf_counter()
        in_parallel(requests, host.answer, at_once, done)
        took[at_once] = time.perf_counter() - began_s
    return Round(took[1], took[AT_ONCE])


def _memory(bench: Bench, host: Host) -> Memory:
    """Short calls, no two alike, each deleted when it is done, as cofi does."""
    memory = Memory()
    pieces = _pieces(bench.corpus.calls, bench.size.memory_calls, _SHORT_S)
    requests = [Request(f"memory-{n}", body) for n, body in enumerate(pieces)]
    every = min(_WATCHED_EVERY, max(1, len(requests) // 10))
    done = bench.progress("calls for memory", len(requests))
    for first in range(0, len(requests), every):
        in_parallel(
            requests[first : first + every], lambda r: _answered_and_deleted(host, r), AT_ONCE, lambda _: None
        )
        memory.calls.append(min(first + every, len(requests)))
        memory.rss_bytes.append(usage_of(host.pid).rss_bytes)
        done(memory.calls[-1])
    return memory


def _answered_and_deleted(host: Host, request: Request) -> None:
    host.answer(request)
    host.delete(request.call_id)


def _pieces(calls: Sequence[Clip], count: int, length_s: tuple[float, float]) -> list[bytes]:
    """Pieces from the middle of the sample calls, as WAV, no two alike; the same ones every time."""
    readable = [call for call in calls if call.path.suffix != ".opus"]
    sources = [soundfile.read(call.path, dtype="float32", always_2d=True) for call in readable]
    chance = np.random.default_rng(1)
    pieces = []
    for n in range(count):
        samples, rate_hz = sources[n % len(sources)]
        length = min(round(chance.uniform(*length_s) * rate_hz), len(samples))
        first = int(chance.integers(len(samples) - length + 1))
        pieces.append(as_wav(samples[first : first + length].T, rate_hz))
    return pieces


def _speed_chapter(
    bench: Bench, calls: Sequence[Clip], by_stage: dict[Stage, StageCost], rounds: Sequence[Round]
) -> Section:
    section = Section("Speed")
    audio_s = next(iter(by_stage.values())).audio_s
    section.text.append(
        f"{len(calls)} sample calls, {audio_s:.0f} s of audio, one after the other. {wording.SPEED}"
    )
    rows = [
        [
            stage.value,
            *(f"{seconds / cost.audio_s:.3f}" for seconds in (cost.cpu_s, cost.wall_s, cost.engine_s)),
            f"{cost.peak_bytes / _MB:,.0f}",
        ]
        for stage, cost in by_stage.items()
    ]
    costs = by_stage.values()
    whole = [
        sum(cost.cpu_s for cost in costs),
        sum(cost.wall_s for cost in costs),
        sum(c.engine_s for c in costs),
    ]
    peak_mb = max(cost.peak_bytes for cost in costs) / _MB
    rows.append(["chain", *(f"{seconds / audio_s:.3f}" for seconds in whole), f"{peak_mb:,.0f}"])
    section.tables.append(Table(["stage", "CPU s", "wall s", "engine s", "peak memory, MB"], rows))
    one_by_one_s, parallel_s = sum(r.one_by_one_s for r in rounds), sum(r.parallel_s for r in rounds)
    section.tables.append(
        Table(
            ["requests", "one by one, s", f"{AT_ONCE} at a time, s", "ratio"],
            [
                [
                    f"round {n + 1}",
                    f"{r.one_by_one_s:.1f}",
                    f"{r.parallel_s:.1f}",
                    f"{r.parallel_s / r.one_by_one_s:.2f}",
                ]
                for n, r in enumerate(rounds)
            ],
        )
    )
    ratio = parallel_s / one_by_one_s
    section.checks.append(
        Check(
            f"Speed: {AT_ONCE} requests at a time take no longer than one by one (a run repeats within "
            f"{100 * _REPEATS_WITHIN:.0f} %)",
            ratio <= 1 + _REPEATS_WITHIN,
            f"{ratio:.2f} of the time",
        )
    )
    plots.stage_speed(
        bench.pictures / "speech-rtf.svg",
        {stage.value: cost.cpu_s / cost.audio_s for stage, cost in by_stage.items()},
        {stage.value: cost.wall_s / cost.audio_s for stage, cost in by_stage.items()},
    )
    section.pictures["Seconds of work for a second of audio, by stage"] = "speech-rtf.svg"
    return section


def _memory_chapter(bench: Bench, memory: Memory) -> Section:
    section = Section("Memory over many calls")
    rss_mb = [rss / _MB for rss in memory.rss_bytes]
    grown, per_call_kb = growth(memory.calls, rss_mb)
    section.text.append(
        f"{memory.calls[-1]} different calls of {_SHORT_S[0]:.0f} to {_SHORT_S[1]:.0f} s, {AT_ONCE} at a "
        f"time. {wording.MEMORY} It rises by {per_call_kb:+.0f} kB a call."
    )
    section.tables.append(
        Table(["after calls", *map(str, memory.calls)], [["MB", *(f"{mb:,.0f}" for mb in rss_mb)]])
    )
    section.checks.append(
        Check(
            f"Memory: flat over {memory.calls[-1]} calls (the second half adds at most "
            f"{100 * _FLAT_WITHIN:.0f} %)",
            grown <= _FLAT_WITHIN,
            f"{100 * grown:+.1f} %",
        )
    )
    plots.memory(bench.pictures / "speech-memory.svg", memory.calls, rss_mb)
    section.pictures["Memory of the host over the calls"] = "speech-memory.svg"
    return section


def growth(calls: Sequence[int], rss_mb: Sequence[float]) -> tuple[float, float]:
    """What memory grows by over the second half, by a line of least squares through it.

    Returns:
        The share of what the line begins with, and kB per call.
    """
    half = len(calls) // 2
    x, y = np.asarray(calls[half:], dtype=float), np.asarray(rss_mb[half:], dtype=float)
    if len(x) < 2:
        return 0.0, 0.0
    slope, at_zero = np.polyfit(x, y, 1)
    begins = at_zero + slope * x[0]
    return float(slope * (x[-1] - x[0]) / begins), float(slope * 1024)


def _request(call_id: str, call: Clip) -> Request:
    return Request(call_id, Path(call.path).read_bytes(), roles=call.roles)
