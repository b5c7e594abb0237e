"""What the capacity planner reckons with: a day of calls, the hosts and limits of a site, service times."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise, zip_longest
from math import sqrt
from random import Random

from include.calls.stage import GPU_STAGES, Stage
from include.distribution.planner import shard_sizes_s
from include.errors import InvalidInput


@dataclass(frozen=True)
class Day:
    """The calls of a day.

    Attributes:
        audio_s: Mean length of a recording.
        spread: Standard deviation of the lengths, as a share of the mean.
    """

    files: int
    audio_s: float = 180.0
    spread: float = 0.8


@dataclass(frozen=True)
class ServiceTimes:
    """Seconds that a call takes when nothing else is done. The original document's, where none are given.

    Attributes:
        upload_s: Of a recording.
        stage_s: Of each GPU stage, on a whole GPU of a host of speed 1.
        rtf: Further seconds of each GPU stage, per second of audio.
        llm_s: Of an answer to LLM1, and to LLM2.
    """

    upload_s: float = 2.0
    stage_s: tuple[float, float, float, float] = (2.0, 2.0, 2.0, 2.0)
    rtf: tuple[float, float, float, float] = (0.0, 0.0, 0.0, 0.0)
    llm_s: tuple[float, float] = (5.0, 10.0)

    def gpu_s(self, stage: Stage, calls: int, audio_s: float) -> float:
        """Seconds of a GPU stage over so many calls, on a host of speed 1."""
        at = GPU_STAGES.index(stage)
        return calls * self.stage_s[at] + audio_s * self.rtf[at]

    def answer_s(self, stage: Stage) -> float:
        """Seconds of one LLM answer."""
        return self.llm_s[stage is Stage.LLM2]


@dataclass(frozen=True)
class Site:
    """Hosts, and what the deployment sets; the defaults are those of airflow.cfg.

    Attributes:
        speeds: Of each GPU host; 1 where the service times hold as they are.
        llm_slots: Requests in flight to the LLM API: the pool `llm_api`.
        parallelism: Tasks at once; None for as many as are needed.
        shards_per_host: At most.
        round_task_s: What a waiting task adds to a round of the scheduler, who looks at all of them before it
            starts any. Measured on 2 cores: 5 ms (20 hosts, 1,400 tasks: 7 s a round).
        start_s: Time from a task's choice by the scheduler to its first work, in which it holds its slots.
            Measured on 2 cores: 1 to 1.5 s.
        starts_per_s: Task instances that Airflow starts. Measured on 2 cores: 4 to 6.
        fixed_s: Seconds of a run besides: discovery, waiting for other runs, the report.
    """

    speeds: tuple[float, ...]
    gpu_tasks_per_host: int = 2
    uploads_at_once: int = 64
    uploads_per_task: int = 8
    llm_slots: int = 100
    llm_requests_per_task: int = 10
    parallelism: int | None = None
    shard_audio_s: float = 10_800.0
    shards_per_host: int = 16
    round_task_s: float = 0.005
    start_s: float = 1.5
    starts_per_s: float = 5.0
    fixed_s: float = 0.0

    def __post_init__(self) -> None:
        """Refuses what no run could work with.

        Raises:
            InvalidInput: The message says what to enter.
        """
        per_task = {"llm_slots": self.llm_requests_per_task, "uploads_at_once": self.uploads_per_task}
        for name, needed in per_task.items():
            if getattr(self, name) < needed:
                # Airflow would let such a task wait for ever.
                raise InvalidInput(f"{name} = {getattr(self, name)}: one task holds {needed}, so enter more.")
        least = {
            "a host's speed": min(self.speeds, default=1),
            "gpu_tasks_per_host": self.gpu_tasks_per_host,
            "uploads_per_task": self.uploads_per_task,
            "llm_requests_per_task": self.llm_requests_per_task,
            "parallelism": self.tasks_at_once,
            "shard_audio_s": self.shard_audio_s,
            "shards_per_host": self.shards_per_host,
            "starts_per_s": self.starts_per_s,
        }
        for name, value in least.items():
            if value <= 0:
                raise InvalidInput(f"{name} = {value}: enter more than 0.")

    @property
    def tasks_needed(self) -> int:
        """Tasks at once that keep all hosts and all slots busy: less falls off a cliff."""
        return len(self.speeds) * (1 + self.gpu_tasks_per_host) + self.llm_slots // self.llm_requests_per_task

    @property
    def tasks_at_once(self) -> int:
        """How many tasks of the run may work at once."""
        return self.tasks_needed if self.parallelism is None else self.parallelism

    def round_s(self, waiting: int) -> float:
        """Seconds of one round of the scheduler, while so many tasks wait."""
        return waiting * self.round_task_s

    def with_one_more_host(self) -> "Site":
        """The site with one more host, of the average speed of its hosts."""
        return replace(self, speeds=(*self.speeds, sum(self.speeds) / len(self.speeds)))


@dataclass(frozen=True)
class ShardLoad:
    """A shard as the simulation sees it; `host` is an index into the site's hosts."""

    host: int
    calls: int
    audio_s: float


def shards_of(day: Day, site: Site) -> list[ShardLoad]:
    """The shards of a day as the shard planner would cut them, those to start first in front.

    They are cut by audio, so how many calls one holds is a matter of chance (drawn with a fixed seed). Calls
    are not planned one by one: ten million take no longer than ten thousand.
    """
    random = Random(0)  # noqa: S311 - no secret
    by_host: list[list[ShardLoad]] = []
    for host, calls in enumerate(_shared_out(day.files, site.speeds)):
        if not calls:
            continue
        sizes_s = shard_sizes_s(
            calls * day.audio_s, site.shard_audio_s, site.shards_per_host, pilots=not by_host
        )
        weights = [_calls_in(size_s, day, random) for size_s in sizes_s]
        loads = zip(_shared_out(calls, weights), sizes_s, strict=True)
        filled = [(count, size_s) for count, size_s in loads if count]
        longer = calls * day.audio_s / sum(size_s for _, size_s in filled)
        by_host.append([ShardLoad(host, count, size_s * longer) for count, size_s in filled])
    return [shard for turn in zip_longest(*by_host) for shard in turn if shard]


def _calls_in(size_s: float, day: Day, random: Random) -> float:
    """How many calls fill so much audio: by the central limit theorem, sqrt(n) x spread more or less."""
    expected = size_s / day.audio_s
    return max(expected + day.spread * sqrt(expected) * random.gauss(0, 1), expected / 10)


def _shared_out(count: int, weights: Sequence[float]) -> list[int]:
    """Whole numbers in proportion to weights, that add up to `count`."""
    total, so_far, ends = sum(weights), 0.0, [0]
    for weight in weights:
        so_far += weight
        ends.append(round(count * so_far / total))
    ends[-1] = count
    return [end - begin for begin, end in pairwise(ends)]
