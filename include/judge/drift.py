"""Whether canaries are answered otherwise than in the nights before, beyond what chance does.

A permutation test: if tonight is a night like the others, then each call's answers of tonight might as well
be those of any of its nights. Drawing one night for each call, again and again, tells between what bounds
tonight's agreement with the labels lies then; beyond them is drift. It stays named until most of the nights
before are like it. Calls are drawn whole, for answers of one call hang together. Criteria are many, so their
bounds are so much wider (Bonferroni) that without a drift one of them is named in 5 % of the nights at most.

Source: E. J. G. Pitman, "Significance tests which may be applied to samples from any populations", Supplement
to the Journal of the Royal Statistical Society 4 (1937).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from include.scorecards.bootstrap import LEVEL, Interval
from include.scorecards.coefficients import Floats
from include.scorecards.gold import CallKey, Labels

Answers = Mapping[CallKey, Mapping[str, str]]

# With fewer, nobody can tell a drift from a bad day.
ENOUGH_CALLS, ENOUGH_NIGHTS = 10, 3
ALL = "all criteria"
# The outer ends of wide bounds need many draws.
_DRAWS = 10_000
_SEED = 1937


@dataclass(frozen=True)
class Compared:
    """Canaries' answers tonight and before, on one criterion or all; only calls that have both.

    Attributes:
        criterion: Its id, or `ALL`.
        labels: Tonight.
        share: Of them that agree, 0..1.
        before: The same over the nights before, on average.
        interval: Where `share` lies in 95 % of such nights; None when there are too few calls or nights.
    """

    criterion: str
    labels: int
    share: float
    before: float
    interval: Interval | None

    @property
    def drifts(self) -> bool:
        """Whether the difference is more than chance."""
        return self.interval is not None and not self.interval.holds(self.share)


def compare_nights(labels: Labels, tonight: Answers, before: Sequence[Answers]) -> list[Compared]:
    """Compares the answers of a night with those of the nights before it: over all criteria, then each.

    Args:
        labels: What people answered; answers without a label are left out.
        tonight: By call and criterion.
        before: The same of each earlier night; calls that none of them has are left out.
    """
    calls = [key for key in sorted(tonight) if key in labels and any(key in night for night in before)]
    names = sorted({name for key in calls for name in labels[key] if name in tonight[key]})
    if not names:
        return []
    nights = [_nights_of(key, names, labels, [tonight, *before]) for key in calls]
    own, earlier = sum(of[0] for of in nights), sum(of[1:].mean(axis=0) for of in nights)
    draws = _drawn(nights) if len(before) >= ENOUGH_NIGHTS else None
    enough = [sum(of[0, n, 0] > 0 for of in nights) >= ENOUGH_CALLS for n in range(len(names))]
    each = [
        _compared(
            name, own[n], earlier[n], draws[:, n] if draws is not None and enough[n] else None, len(names)
        )
        for n, name in enumerate(names)
    ]
    together = draws.sum(axis=1) if draws is not None and len(calls) >= ENOUGH_CALLS else None
    return [_compared(ALL, own.sum(axis=0), earlier.sum(axis=0), together, 1), *each]


def _nights_of(key: CallKey, names: Sequence[str], labels: Labels, nights: Sequence[Answers]) -> Floats:
    """A call's nights, those that it has: nights × criteria × (label there, and agreed with)."""
    return np.array(
        [
            [_agreement(labels[key].get(name), night[key].get(name)) for name in names]
            for night in nights
            if key in night
        ]
    )


def _agreement(label: str | None, answer: str | None) -> tuple[float, float]:
    return (0.0, 0.0) if label is None or answer is None else (1.0, float(label == answer))


def _drawn(nights: Sequence[Floats]) -> Floats:
    """Labels and agreement by criterion, with any night of each call: draws × criteria × 2."""
    chance = np.random.default_rng(_SEED)
    found: Floats = np.zeros((_DRAWS, *nights[0].shape[1:]))
    for of_call in nights:
        found += of_call[chance.integers(len(of_call), size=_DRAWS)]
    return found


def _compared(name: str, own: Floats, earlier: Floats, draws: Floats | None, many: int) -> Compared:
    """`many` comparisons share the chance of a false alarm."""
    interval = None if draws is None else _interval(_share(draws), 1 - (1 - LEVEL) / many)
    return Compared(name, int(own[0]), float(_share(own)), float(_share(earlier)), interval)


def _share(figures: Floats) -> Floats:
    """Agreed, of those with a label; 0 where there is none."""
    labels, agreed = figures[..., 0], figures[..., 1]
    share: Floats = np.divide(agreed, labels, out=np.zeros_like(agreed), where=labels > 0)
    return share


def _interval(shares: Floats, level: float) -> Interval:
    # The ends are shares that were drawn: one that is as likely as they are is no drift.
    low, high = np.quantile(shares, [(1 - level) / 2, (1 + level) / 2], method="inverted_cdf")
    return Interval(float(low), float(high))
