"""What a system made of a batch, and what was seen meanwhile."""

from dataclasses import dataclass, field

from tests.benchmarks.batch.work import Work


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
