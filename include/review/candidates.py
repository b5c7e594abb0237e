"""What rules of review look at, and what they draw."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from include.review.items import Sample
from include.scorecards.assessment import Standing

# A rule, a stratum of it, and a week by its Monday.
FrameKey = tuple[str, str, date]


@dataclass(frozen=True)
class MachineAnswer:
    """An answer as far as rules look at it."""

    answer: str
    standing: Standing
    confidence: float | None
    reasons: tuple[str, ...]
    earned: float
    potential: float


@dataclass(frozen=True)
class Candidate:
    """An audit that the rules look at.

    Attributes:
        agent: Name or id; "" where nobody knows.
        needs_review: What the machine says itself.
        answers: The machine's, by criterion.
        people: Criteria that people have answered already.
        drawn_before: Whether random rules have looked at the call: they look once, whatever is rescored.
    """

    audit_id: str
    call_id: str
    day: date
    agent: str
    passed: bool | None
    needs_review: bool
    answers: Mapping[str, MachineAnswer]
    people: frozenset[str] = frozenset()
    drawn_before: bool = False

    @property
    def judged(self) -> bool:
        """Whether the scorecard fits the call at all: something applies to it."""
        return any(one.standing is not Standing.NOT_APPLICABLE for one in self.answers.values())


@dataclass(frozen=True)
class Draw:
    """A call that a rule has drawn.

    Attributes:
        reasons: In words, for the reviewer.
        value: Of a listen, by this rule's questions.
        probability: That the call had; None where chance decided nothing.
    """

    rule: str
    sample: Sample
    questions: tuple[str, ...]
    due_days: float
    value: float
    reasons: tuple[str, ...] = ()
    probability: float | None = None
    stratum: str | None = None


@dataclass(frozen=True)
class Frame:
    """What a random rule drew from."""

    rule: str
    stratum: str
    day: date
    calls: int
    drawn: int
    probability: float


@dataclass(frozen=True)
class Considered:
    """The result of applying the rules.

    Attributes:
        draws: By call.
        chances: Of the calls in the random sample: to get there by any of the random rules.
        left_out: By rule, calls beyond the most that it may draw in a run.
        blind: Whether the machine's answers are hidden in calls of the random sample.
    """

    draws: Mapping[str, Sequence[Draw]]
    chances: Mapping[str, float]
    frames: Sequence[Frame]
    left_out: Mapping[str, int]
    blind: bool


def monday(day: date) -> date:
    """The first day of its week."""
    return day - timedelta(days=day.weekday())
