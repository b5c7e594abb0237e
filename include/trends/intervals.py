"""What a figure of few calls is worth: 95 % intervals.

They take calls for independent of each other; calls of one agent are alike, so that the truth about a team
of few agents is wider.
"""

from dataclasses import dataclass
from math import sqrt

# Of a normal distribution.
_Z = 1.959964


@dataclass(frozen=True)
class Estimate:
    """A share or a mean, 0..1 or percent, with its interval; `calls` stand behind it."""

    value: float
    low: float
    high: float
    calls: int

    @property
    def half_width(self) -> float:
        """Half of the interval."""
        return (self.high - self.low) / 2

    @property
    def percent(self) -> "Estimate":
        """A share of 0..1 in percent."""
        return Estimate(100 * self.value, 100 * self.low, 100 * self.high, self.calls)


def share_of(part: int, whole: int) -> Estimate | None:
    """A share, by Wilson's score interval (1927), which holds for few and for 0 of them; None of nothing."""
    if not whole:
        return None
    share = part / whole
    spread = _Z * sqrt(share * (1 - share) / whole + _Z**2 / (4 * whole**2))
    centre, scale = share + _Z**2 / (2 * whole), 1 + _Z**2 / whole
    low, high = (centre - spread) / scale, (centre + spread) / scale
    return Estimate(share, max(0.0, min(share, low)), min(1.0, max(share, high)), whole)


def mean_of(calls: int, total: float, squares: float, lowest: float, highest: float) -> Estimate | None:
    """A mean from sums; None of nothing. One value says nothing of the others: it may be anything.

    Args:
        calls: How many values.
        total: Their sum.
        squares: The sum of their squares.
        lowest: That a value can be.
        highest: Likewise.
    """
    if not calls:
        return None
    mean = total / calls
    if calls == 1:
        return Estimate(mean, lowest, highest, 1)
    variance = max(0.0, squares - calls * mean**2) / (calls - 1)
    half = _student_t(calls - 1) * sqrt(variance / calls)
    return Estimate(mean, max(lowest, mean - half), min(highest, mean + half), calls)


def differ(before: Estimate | None, now: Estimate | None) -> bool:
    """Whether two figures of different calls differ by more than chance would make them: Newcombe (1998).

    The intervals' sides that face each other, as the legs of a right triangle.
    """
    if before is None or now is None:
        return False
    low, high = sorted((before, now), key=lambda one: one.value)
    return high.value - low.value > sqrt((high.value - high.low) ** 2 + (low.high - low.value) ** 2)


def _student_t(freedom: int) -> float:
    """The 97.5 % quantile of Student's t: Cornish-Fisher's expansion, with exact values up to 3."""
    exact = {1: 12.7062, 2: 4.30265, 3: 3.18245}
    if freedom in exact:
        return exact[freedom]
    z, n = _Z, float(freedom)
    return (
        z
        + (z**3 + z) / (4 * n)
        + (5 * z**5 + 16 * z**3 + 3 * z) / (96 * n**2)
        + (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / (384 * n**3)
    )
