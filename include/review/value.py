"""What a listen is worth, and the order of the queue that follows from it.

    value = Σ over the criteria that are asked of  stake × uncertainty
    rank  = log2(value) − days from 1970 to the due date ÷ DOUBLING_DAYS

Stake is what hangs on an answer: its severity, times what it fails beyond its criterion. Uncertainty is how
likely a listen changes it, 0..1. Time comes in by the due date: an item is worth twice as much with every
`DOUBLING_DAYS` that its date comes nearer or lies behind, so that nothing waits for ever. As that is the same
factor for all items at any moment, their order does not change while they wait, and is kept by an index.

Items that are in the queue for the random sample alone have all the same value: an order that hangs on the
machine's answers would bias an estimate from a sample of which only a part has been answered.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from math import log2

from include.scorecards.assessment import Standing
from include.scorecards.schema import AutoFail, Severity

DOUBLING_DAYS = 2.0
RANDOM_VALUE = 1.0
_SEVERITY = {Severity.INFO: 1.0, Severity.MINOR: 2.0, Severity.MAJOR: 4.0, Severity.CRITICAL: 8.0}
_FAILS = {AutoFail.NONE: 1.0, AutoFail.SECTION: 2.0, AutoFail.FORM: 4.0}
# What is proven and sure is still wrong at times.
_LEAST_UNCERTAIN = 0.05
_LEAST_VALUE = 0.01
_DAY_S = 86_400


@dataclass(frozen=True)
class Question:
    """An answer that a person is asked about.

    Attributes:
        severity: Of its criterion.
        fails: What the answer fails if it stands.
        standing: Whether it counts.
        contradicted: Whether a second opinion says otherwise.
        confidence: The model's own, 0..1; None when there is none.
        overruled_share: How often people have overruled the machine on this criterion, 0..1; None when there
            are too few answers to tell.
    """

    severity: Severity
    fails: AutoFail
    standing: Standing
    contradicted: bool
    confidence: float | None
    overruled_share: float | None = None

    @property
    def stake(self) -> float:
        """What hangs on it: 1 to 32."""
        return _SEVERITY[self.severity] * _FAILS[self.fails]

    @property
    def uncertainty(self) -> float:
        """How likely a listen changes it, 0..1: known for none, so the most that anything speaks for."""
        signs = [_LEAST_UNCERTAIN, self.overruled_share or 0.0]
        signs += [1.0] if self.standing in (Standing.UNSUPPORTED, Standing.UNDETERMINED) else []
        signs += [0.8] if self.contradicted else []
        signs += [1.0 - self.confidence] if self.confidence is not None else []
        return min(1.0, max(signs))


def value_of(questions: Iterable[Question]) -> float:
    """What a listen to a call is worth that settles these questions."""
    return max(_LEAST_VALUE, sum(question.stake * question.uncertainty for question in questions))


def rank_of(value: float, due_at: datetime) -> float:
    """The place in the queue: the higher, the earlier."""
    return log2(value) - due_at.timestamp() / _DAY_S / DOUBLING_DAYS
