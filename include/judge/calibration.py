"""What a model's stated confidence is worth: how often its answers are right when it says so.

A model that says 0.9 and is right in 70 of 100 such answers is too sure of itself. Once people have answered
enough of the same questions, isotonic regression makes a probability of what it states: the best fit that
never falls.

Sources: M. Ayer, H. D. Brunk, G. M. Ewing, W. T. Reid and E. Silverman, "An empirical distribution function
for sampling with incomplete information", Annals of Mathematical Statistics 26 (1955), for pooling adjacent
violators; B. Zadrozny and C. Elkan, "Transforming classifier scores into accurate multiclass probability
estimates", KDD 2002, for its use here; M. P. Naeini, G. F. Cooper and M. Hauskrecht, "Obtaining well
calibrated probabilities using Bayesian binning", AAAI 2015, for the error over bins.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

# With fewer answers by people nothing is shown, let alone used.
ENOUGH_ANSWERS = 50
_BINS = 10


@dataclass(frozen=True)
class Stated:
    """What a model stated of an answer, 0..1, and whether the answer is what people say."""

    confidence: float
    right: bool


@dataclass(frozen=True)
class Bin:
    """Answers whose stated confidence lies in `[low, high)`; in the last one also 1.

    Attributes:
        stated: Their mean.
        right: How many of them are.
    """

    low: float
    high: float
    answers: int
    stated: float
    right: int

    @property
    def share(self) -> float:
        """Share of right answers, 0..1."""
        return self.right / self.answers


@dataclass(frozen=True)
class Calibration:
    """Stated confidence compared with how often the answers were right.

    Attributes:
        model: Whose confidence it is.
        answers: Those that people have answered too, and for which a confidence is stated.
        bins: Those with answers, the lowest first.
        curve: (stated, share right) by isotonic regression, ascending; empty while there are too few.
        error: Mean distance of the two over the bins, weighted by their answers; None likewise.
    """

    model: str
    answers: int
    right: int
    bins: tuple[Bin, ...]
    curve: tuple[tuple[float, float], ...] = ()
    error: float | None = None

    @property
    def enough(self) -> bool:
        """Whether there are enough answers to conclude anything."""
        return bool(self.curve)

    def calibrated(self, stated: float) -> float | None:
        """How often an answer of this stated confidence is right, 0..1; None while there are too few."""
        if not self.curve:
            return None
        (first, least), (last, most) = self.curve[0], self.curve[-1]
        if stated <= first:
            return least
        if stated >= last:
            return most
        (x0, y0), (x1, y1) = next(pair for pair in pairwise(self.curve) if stated <= pair[1][0])
        return y0 + (y1 - y0) * (stated - x0) / (x1 - x0)


def calibrate(stated: Iterable[Stated], model: str = "") -> Calibration:
    """Compares what a model stated with what is right."""
    all_ = list(stated)
    bins = _bins(all_)
    right = sum(one.right for one in all_)
    if len(all_) < ENOUGH_ANSWERS:
        return Calibration(model, len(all_), right, bins)
    error = sum(abs(one.share - one.stated) * one.answers for one in bins) / len(all_)
    return Calibration(model, len(all_), right, bins, isotonic(all_), error)


def isotonic(stated: Sequence[Stated]) -> tuple[tuple[float, float], ...]:
    """The share of right ones at each confidence that was stated: the least squares fit that never falls."""
    at: dict[float, list[bool]] = defaultdict(list)
    for one in stated:
        at[one.confidence].append(one.right)
    blocks: list[tuple[int, int, list[float]]] = []  # right, answers, and the confidences that share them
    for confidence in sorted(at):
        block = (sum(at[confidence]), len(at[confidence]), [confidence])
        while blocks and blocks[-1][0] * block[1] >= block[0] * blocks[-1][1]:
            right, answers, below = blocks.pop()
            block = (right + block[0], answers + block[1], below + block[2])
        blocks.append(block)
    return tuple((confidence, right / answers) for right, answers, alike in blocks for confidence in alike)


def _bins(stated: Sequence[Stated]) -> tuple[Bin, ...]:
    found: dict[int, list[Stated]] = defaultdict(list)
    for one in stated:
        found[min(_BINS - 1, int(one.confidence * _BINS + 1e-9))].append(one)
    return tuple(
        Bin(
            place / _BINS,
            (place + 1) / _BINS,
            len(ones),
            sum(one.confidence for one in ones) / len(ones),
            sum(one.right for one in ones),
        )
        for place, ones in sorted(found.items())
    )
