"""The ledger: every recording that a batch discovered, by the state it ended in (design rule 1)."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass

from include.calls.call import CallState


@dataclass(frozen=True)
class Ledger:
    """Counts of a batch's calls by state. It is closed when none is pending."""

    audited: int = 0
    failed: int = 0
    duplicate: int = 0
    skipped: int = 0
    quarantined: int = 0
    pending: int = 0

    @classmethod
    def of(cls, counts: Mapping[str, int]) -> "Ledger":
        """Builds a ledger from counts by state."""
        return cls(**{CallState(state).value: count for state, count in counts.items()})

    @property
    def discovered(self) -> int:
        """The number of all recordings."""
        return sum(asdict(self).values())

    @property
    def closed(self) -> bool:
        """Whether every call ended in a final state."""
        return self.pending == 0

    def __str__(self) -> str:
        """The sum that closes: `22 audited + 0 failed + … = 25 discovered`."""
        states = {state: count for state, count in asdict(self).items() if state != "pending" or count}
        terms = " + ".join(f"{count} {state}" for state, count in states.items())
        return f"{terms} = {self.discovered} discovered"
