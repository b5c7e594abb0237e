"""How far a figure may be off: 95 % intervals by drawing calls again, with replacement.

What is drawn is a whole call with all its answers, for answers of one call hang together. Source: B. Efron
and R. J. Tibshirani, "An Introduction to the Bootstrap" (1993), percentile method; of clusters: A. C. Davison
and D. V. Hinkley, "Bootstrap Methods and their Application" (1997), 3.8.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from include.scorecards.coefficients import Floats

DRAWS = 2000
LEVEL = 0.95
# The same calls give the same interval, today and tomorrow.
_SEED = 1979
# Where a figure is undefined in more draws than this share, its interval is unknown.
_MOST_UNDEFINED = 0.05
_MOST_NUMBERS = 2_000_000


@dataclass(frozen=True)
class Interval:
    """Where a figure may lie."""

    low: float
    high: float

    def holds(self, value: float) -> bool:
        """Whether a value lies in it."""
        return self.low <= value <= self.high


def drawn(calls: int, draws: int = DRAWS) -> Iterator[Floats]:
    """How often each of some calls counts in each draw: draws × calls, piece by piece to save memory."""
    chance = np.random.default_rng(_SEED)
    at_once = max(1, _MOST_NUMBERS // calls)
    for begun in range(0, draws, at_once):
        chosen = chance.integers(calls, size=(min(at_once, draws - begun), calls))
        times = np.zeros(chosen.shape)
        np.add.at(times, (np.arange(len(chosen))[:, None], chosen), 1)
        yield times


def interval_of(values: Floats, level: float = LEVEL) -> Interval | None:
    """The middle of the draws' figures; None when too many of them are undefined (NaN)."""
    known = values[~np.isnan(values)]
    if len(known) < (1 - _MOST_UNDEFINED) * len(values) or not len(known):
        return None
    low, high = np.quantile(known, [(1 - level) / 2, (1 + level) / 2])
    return Interval(float(low), float(high))


def least_of_all_right(calls: int, level: float = LEVEL) -> float:
    """The smallest share of right ones that can still give only right ones in so many calls.

    Draws from what is all alike show no spread. Source: C. J. Clopper and E. S. Pearson, "The use of
    confidence or fiducial limits illustrated in the case of the binomial", Biometrika 26 (1934).
    """
    return float(((1 - level) / 2) ** (1 / calls))
