"""What a system made of a batch, and what was seen meanwhile."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from statistics import fmean

from tests.benchmarks.batch.work import Work

# So many a picture can show.
_POINTS = 240


@dataclass
class Samples:
    """What was seen.

    Attributes:
        at_s: Since the beginning.
        gpu: Share of the GPUs that worked since the sample before, 0..1.
        llm: Share of the requests that may be in flight which were, on average, 0..1.
        cpu_s: That each part of Airflow took; `tasks` are the processes of all tasks.
        memory_mb: The most that Airflow held, shared memory counted once.
    """

    at_s: list[float] = field(default_factory=list)
    gpu: list[float] = field(default_factory=list)
    llm: list[float] = field(default_factory=list)
    cpu_s: dict[str, float] = field(default_factory=dict)
    memory_mb: float = 0.0

    def thinned(self, points: int = _POINTS) -> "Samples":
        """The means of neighbours, as many in each: what a picture can show, and a file keeps."""
        if len(self.at_s) <= points:
            return self
        ends = [round(len(self.at_s) * n / points) for n in range(points + 1)]
        groups = [slice(*pair) for pair in pairwise(ends)]

        def means(values: Sequence[float], digits: int) -> list[float]:
            return [round(fmean(values[group]), digits) for group in groups]

        return replace(self, at_s=means(self.at_s, 1), gpu=means(self.gpu, 4), llm=means(self.llm, 4))


@dataclass(frozen=True)
class Outcome:
    """What a system made of a batch.

    Attributes:
        took_s: From the start to the last audited call.
        first_audited_s: Until the first.
        tasks: Task instances of Airflow.
        rows: Written to cofi's database.
        max_in_flight: Requests to the LLM at once.
        asked: Requests that the LLM got, refused ones included.
        note: What else must be known.
    """

    system: str
    work: Work
    took_s: float
    first_audited_s: float
    audited: int
    samples: Samples
    tasks: int = 0
    rows: int = 0
    max_in_flight: int = 0
    asked: int = 0
    note: str = ""

    @property
    def ratio(self) -> float:
        """Over the time that the busiest resource needs for the same calls."""
        return self.took_s / self.work.bound_s * self.work.calls / max(1, self.audited)
