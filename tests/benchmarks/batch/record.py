"""What was measured so far, in a file beside the report, which is made of several runs of hours."""

import json
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from tests.benchmarks.batch.outcome import Outcome, Samples
from tests.benchmarks.batch.work import Condition, Work
from tests.benchmarks.reporting import commit_of, machine


@dataclass(frozen=True)
class Entry:
    """An outcome, and where it comes from."""

    outcome: Outcome
    ended_at: datetime
    commit: str
    machine: str


@dataclass
class Record:
    """All outcomes, the newest of each system, condition and number of hosts."""

    entries: dict[str, Entry] = field(default_factory=dict)

    @classmethod
    def load(cls, path: Path) -> "Record":
        """Reads a file; empty when there is none."""
        if not path.exists():
            return cls()
        return cls({key: _entry(entry) for key, entry in json.loads(path.read_text()).items()})

    def save(self, path: Path) -> None:
        """Writes it, a line for each outcome."""
        path.parent.mkdir(parents=True, exist_ok=True)
        lines = [
            f"{json.dumps(key)}: {json.dumps(asdict(entry), default=str)}"
            for key, entry in self.entries.items()
        ]
        path.write_text("{\n" + ",\n".join(lines) + "\n}\n")

    def add(self, outcome: Outcome, ended_at: datetime, checkout: Path) -> None:
        """Adds an outcome, in place of an older one."""
        work = outcome.work
        key = f"{work.condition} {work.hosts} {work.calls} {outcome.system}"
        self.entries.pop(key, None)
        self.entries[key] = Entry(outcome, ended_at, commit_of(checkout), machine())

    def outcomes(self, condition: Condition) -> list[Outcome]:
        """Of a condition, by hosts."""
        found = [e.outcome for e in self.entries.values() if e.outcome.work.condition is condition]
        return sorted(found, key=lambda outcome: (outcome.work.hosts, _ORDER.index(outcome.system)))


_ORDER = ["original", "naive", "cofi"]


def _entry(kept: dict[str, Any]) -> Entry:
    outcome = kept["outcome"]
    work = Work(**{**outcome["work"], "condition": Condition(outcome["work"]["condition"])})
    return Entry(
        Outcome(**{**outcome, "work": work, "samples": Samples(**outcome["samples"])}),
        datetime.fromisoformat(kept["ended_at"]),
        kept["commit"],
        kept["machine"],
    )
