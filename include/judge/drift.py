"""Whether canaries are answered otherwise than in the nights before, beyond what chance does.

Each call is its own comparison: how far its answers agree with the labels tonight, and did on average in the
nights before. Calls are drawn again to tell how far the mean difference may be off; a difference whose
interval does not hold 0 is drift. Criteria are many, so their intervals are so much wider (Bonferroni) that
without any drift one of them is named in 5 % of the nights at most.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from include.scorecards.bootstrap import LEVEL, Interval, drawn, interval_of
from include.scorecards.coefficients import Floats
from include.scorecards.gold import CallKey, Labels

Answers = Mapping[CallKey, Mapping[str, str]]

# With fewer, nobody can tell a drift from a bad day.
ENOUGH_CALLS, ENOUGH_NIGHTS = 10, 3
ALL = "all criteria"
# The outer ends of wide intervals need many draws.
_DRAWS = 10_000


@dataclass(frozen=True)
class Compared:
    """Canaries' answers tonight and before, on one criterion or all.

    Attributes:
        criterion: Its id, or `ALL`.
        labels: Of calls that were answered tonight and before.
        agreed: Of them, tonight.
        before: Share that agreed in the nights before, 0..1, on average.
        change: Tonight's share less that.
        interval: Of the change; None when there are too few calls or nights to tell.
    """

    criterion: str
    labels: int
    agreed: int
    before: float
    change: float
    interval: Interval | None

    @property
    def drifts(self) -> bool:
        """Whether it is more than chance."""
        return self.interval is not None and not self.interval.holds(0.0)


def compare_nights(labels: Labels, tonight: Answers, before: Sequence[Answers]) -> list[Compared]:
    """Compares the answers of a night with those of the nights before it: over all criteria, then each.

    Args:
        labels: What people answered; answers without a label are left out.
        tonight: By call and criterion.
        before: The same of each earlier night; calls that none of them has are left out.
    """
    calls = [key for key in sorted(tonight) if key in labels]
    names = sorted({name for key in calls for name in labels[key] if name in tonight[key]})
    if not names:
        return []
    table = np.array([[_figures(key, name, labels, tonight, before) for name in names] for key in calls])
    enough = len(before) >= ENOUGH_NIGHTS
    by_name = [_compared(name, table[:, n], enough, len(names)) for n, name in enumerate(names)]
    return [_compared(ALL, table.sum(axis=1), enough, 1), *by_name]


def _figures(
    key: CallKey, name: str, labels: Labels, tonight: Answers, before: Sequence[Answers]
) -> tuple[float, float, float]:
    """One label: that it counts, whether it agrees tonight, and in what share of the nights before."""
    label, now = labels[key].get(name), tonight[key].get(name)
    earlier = [night[key][name] for night in before if name in night.get(key, {})]
    if label is None or now is None or not earlier:
        return 0.0, 0.0, 0.0
    return 1.0, float(now == label), sum(one == label for one in earlier) / len(earlier)


def _compared(name: str, of_calls: Floats, enough_nights: bool, many: int) -> Compared:
    """Of calls × (labels, agreed, agreed before); `many` comparisons share the chance of a false alarm."""
    labels, agreed, before = of_calls.sum(axis=0)
    enough = enough_nights and (of_calls[:, 0] > 0).sum() >= ENOUGH_CALLS
    return Compared(
        name,
        int(labels),
        int(agreed),
        float(before / labels) if labels else 0.0,
        float((agreed - before) / labels) if labels else 0.0,
        _interval(of_calls, 1 - (1 - LEVEL) / many) if enough else None,
    )


def _interval(of_calls: Floats, level: float) -> Interval | None:
    changes = []
    for times in drawn(len(of_calls), _DRAWS):
        labels, agreed, before = (times @ of_calls).T
        with np.errstate(invalid="ignore", divide="ignore"):
            changes.append((agreed - before) / labels)
    return interval_of(np.concatenate(changes), level)
