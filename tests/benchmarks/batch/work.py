"""The work of a batch: what the original document describes, at a scale that a machine can run through."""

import math
import random
from dataclasses import dataclass, replace
from enum import StrEnum

from include.calls.stage import GPU_STAGES
from tests.faults.recordings import RATE_HZ, SHORTEST_S, sizes_of

# The original document's, in seconds for a call: upload, each of four GPU stages, LLM1, LLM2.
UPLOAD_S, STAGE_S, LLM1_S, LLM2_S = 2.0, 2.0, 5.0, 10.0
IN_FLIGHT = 100
# Requests that a host takes at once.
CAPACITY = 4
# Recordings are tiny: what takes time is emulated.
MEAN_AUDIO_S = 3.0
SPREAD = 0.6
GPU_TASKS_PER_HOST = 2
# Tasks at once that SQLite carries, as airflow.cfg has it.
SQLITE_TASKS = 32
# Of a task of distribution, at once; and of all, as airflow.cfg has it, unless there are more hosts.
UPLOADS_PER_TASK, LEAST_UPLOADS = 8, 64
# With more hosts than SQLite carries the scheduler has more tasks to look at; and LLM tasks need not hold
# more slots than airflow.cfg has it, of which the small shards at the end would leave half empty.
_SHARDS_ON_POSTGRES, _REQUESTS_ON_POSTGRES = 8, 10
# At both ends, and how many full ones they make.
_SMALL_SHARDS, _SMALL_AS_FULL = 6, 1.75
# Tasks besides: recovery, those that no host or LLM waits for, and those that have ended but whose process
# is not yet seen to.
_MARGIN = 12


class Condition(StrEnum):
    """What the services are like."""

    CONSTANT = "constant"  # every call takes the same time
    REALISTIC = "realistic"  # lognormal lengths, a host of half speed, 5 % of LLM requests refused
    DYING = "dying"  # as constant; a host dies at half time and never comes back
    GROWTH = "growth"  # as constant; so many calls, so fast, that the machine has all that it can do


@dataclass(frozen=True)
class Work:
    """A batch on so many hosts.

    Attributes:
        scale: Emulated seconds for a second of the document.
        shards_per_host: At most. Where a host dies, others do again what it has in progress: the smaller
            shards are, the less.
        llm_requests: Of an LLM task, in flight.
    """

    condition: Condition
    hosts: int
    calls: int
    scale: float
    shards_per_host: int = 16
    llm_requests: int = 20

    @classmethod
    def lasting(cls, condition: Condition, hosts: int, calls: int, gpu_s: float) -> "Work":
        """A batch whose GPU work alone takes so long on all hosts."""
        work = cls(condition, hosts, calls, gpu_s * hosts / (calls * len(GPU_STAGES) * STAGE_S))
        if not work.on_postgres:
            return work
        return replace(work, shards_per_host=_SHARDS_ON_POSTGRES, llm_requests=_REQUESTS_ON_POSTGRES)

    @property
    def host_names(self) -> list[str]:
        """Connection ids."""
        return [f"gpu_{number:02}" for number in range(1, self.hosts + 1)]

    @property
    def slow_host(self) -> str | None:
        """The host that takes twice as long, if one does."""
        return self.host_names[-1] if self.condition is Condition.REALISTIC else None

    @property
    def victim(self) -> str | None:
        """The host that dies at half time, if one does."""
        return self.host_names[-1] if self.condition is Condition.DYING else None

    @property
    def spread(self) -> float:
        """Sigma of the logarithm of lengths and LLM times."""
        return SPREAD if self.condition is Condition.REALISTIC else 0.0

    @property
    def refused_share(self) -> float:
        """Of the LLM requests."""
        return 0.05 if self.condition is Condition.REALISTIC else 0.0

    def lengths_s(self) -> list[float]:
        """Of each recording, where lengths count."""
        if not self.spread:
            return []
        chance = random.Random(1)
        mean = -(self.spread**2) / 2
        drawn = (MEAN_AUDIO_S * math.exp(chance.gauss(mean, self.spread)) for _ in range(self.calls))
        # As long as the files are: no two have the same size.
        sizes = sizes_of([max(SHORTEST_S, seconds) for seconds in drawn])
        return [samples / RATE_HZ for samples in sizes]

    @property
    def speeds(self) -> list[float]:
        """Of the hosts."""
        return [0.5 if host == self.slow_host else 1.0 for host in self.host_names]

    @property
    def audio_s(self) -> float:
        """Of all recordings."""
        return sum(self.lengths_s()) or (SHORTEST_S + self.calls / 16_000) * self.calls

    @property
    def shard_audio_s(self) -> float:
        """Of a full shard, so that a host has as many as it may."""
        return self.audio_s / self.hosts / (self.shards_per_host - _SMALL_SHARDS + _SMALL_AS_FULL)

    @property
    def uploads_at_once(self) -> int:
        """So that every host is sent its first calls at once."""
        return max(LEAST_UPLOADS, UPLOADS_PER_TASK * self.hosts)

    @property
    def parallelism(self) -> int:
        """Tasks at once."""
        return self._needed + _MARGIN if self.on_postgres else SQLITE_TASKS

    @property
    def on_postgres(self) -> bool:
        """Whether so many hosts need it: with no more tasks than SQLite carries, GPUs or LLM would wait."""
        return self._needed > SQLITE_TASKS

    @property
    def _needed(self) -> int:
        """Tasks at once that keep all hosts and the LLM busy."""
        return self.hosts * (1 + GPU_TASKS_PER_HOST) + IN_FLIGHT // self.llm_requests

    @property
    def gpu_host(self) -> list[str]:
        """Arguments of an emulated host."""
        lengths_s = self.lengths_s()
        stage_s = STAGE_S * self.scale
        times = (
            ["--stage-seconds=0", f"--rtf={stage_s * self.calls / sum(lengths_s)}"]
            if lengths_s
            else [f"--stage-seconds={stage_s}"]
        )
        return [*times, f"--upload-seconds={UPLOAD_S * self.scale}", f"--capacity={CAPACITY}"]

    @property
    def llm(self) -> list[str]:
        """Arguments of the emulated LLM."""
        times = [f"--llm1-seconds={LLM1_S * self.scale}", f"--llm2-seconds={LLM2_S * self.scale}"]
        return [*times, f"--spread={self.spread}"]

    @property
    def gpu_s(self) -> float:
        """GPU seconds of all calls, on hosts of full speed."""
        return self.calls * len(GPU_STAGES) * STAGE_S * self.scale

    @property
    def gpu_bound_s(self) -> float:
        """The least time in which the hosts can do their stages."""
        if self.victim:
            return self.gpu_s / self.hosts / 2 * (1 + self.hosts / (self.hosts - 1))
        return self.gpu_s / sum(self.speeds)

    @property
    def llm_bound_s(self) -> float:
        """The least time in which the LLM can answer."""
        return self.calls * (LLM1_S + LLM2_S) * self.scale / IN_FLIGHT

    @property
    def bound_s(self) -> float:
        """Of the busiest resource."""
        return max(self.gpu_bound_s, self.llm_bound_s)
