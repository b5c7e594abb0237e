"""How far agreement on some labelled calls may be off what it would be on all, or that nobody can tell."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from include.scorecards.bootstrap import DRAWS, Interval, drawn, interval_of, least_of_all_right
from include.scorecards.coefficients import Coefficients, Floats, Pairs, defined

# With fewer labelled calls than this, no interval is shown: its own ends would be chance.
ENOUGH_CALLS = 20
# Kappa hangs on the labels that are not the usual one: with fewer of them, one call more or less turns it.
ENOUGH_UNUSUAL = 5
RULE = (
    f"Intervals hold with 95 %, by drawing calls again {DRAWS:,} times.",
    f"Too few labels to tell: below {ENOUGH_CALLS} labelled calls; for kappa, also below {ENOUGH_UNUSUAL} "
    "labels other than the usual one.",
)


@dataclass(frozen=True)
class Certainty:
    """Intervals of 95 %; None where there are too few labels to tell, which `too_few` explains.

    Attributes:
        too_few: Why an interval is missing; "" when none is.
    """

    accuracy: Interval | None = None
    kappa: Interval | None = None
    ac1: Interval | None = None
    too_few: str = ""

    def interval_text(self, interval: Interval | None) -> str:
        """` (95 %: 0.410 to 0.660)`, or that there are too few labels."""
        if interval is not None:
            return f" (95 %: {interval.low:.3f} to {interval.high:.3f})"
        return f" ({self.too_few})" if self.too_few else ""


@dataclass(frozen=True)
class Labelled:
    """The labels and answers of one criterion.

    Attributes:
        calls: The place of each pair's call among all calls.
        pairs: Label and answer, as long as `calls`.
    """

    calls: tuple[int, ...]
    pairs: tuple[tuple[str, str], ...]

    @cached_property
    def counted(self) -> Pairs:
        """The pairs of labels and answers, ready to be counted."""
        return Pairs(self.pairs)

    @property
    def usual(self) -> tuple[str, int]:
        """The most frequent label, and how many there are."""
        return Counter(label for label, _ in self.pairs).most_common(1)[0]

    def of_calls(self, times: Floats) -> Floats:
        """How often its pairs count where calls count so often; draws × all calls to draws × its own."""
        return times if len(self.calls) == times.shape[1] else times[:, list(self.calls)]


def certainty_of(labelled: Mapping[str, Labelled], calls: int) -> tuple[dict[str, Certainty], Certainty]:
    """How far each criterion's figures may be off, and those over all: all labels, or the criteria's means.

    Args:
        labelled: By criterion.
        calls: How many there are in all.
    """
    if calls < ENOUGH_CALLS or not labelled:
        return {name: _few_calls(len(one.calls)) for name, one in labelled.items()}, _few_calls(calls)
    draws: dict[str, list[Coefficients]] = {name: [] for name in labelled}
    totals = []
    for times in drawn(calls):
        counted = {name: one.of_calls(times) for name, one in labelled.items()}
        each = {name: one.counted.coefficients(counted[name]) for name, one in labelled.items()}
        totals.append(_together(list(each.values()), [one.sum(axis=1) for one in counted.values()]))
        for name, one in each.items():
            draws[name].append(one)
    by_criterion = {name: _certainty(one, _joined(draws[name])) for name, one in labelled.items()}
    all_ = list(labelled.values())
    if all(one.counted.all_agree for one in all_):
        return by_criterion, _all_agree(calls, all_)
    return by_criterion, _of_draws(_joined(totals))


def _certainty(one: Labelled, draws: Coefficients) -> Certainty:
    if len(one.calls) < ENOUGH_CALLS:
        return _few_calls(len(one.calls))
    if len(one.counted.answers) == 1:
        only = f'too few: nothing but "{one.counted.answers[0]}"'
        return Certainty(_all_right(len(one.calls)), too_few=only)
    found = _all_agree(len(one.calls), [one]) if one.counted.all_agree else _of_draws(draws)
    label, usual = one.usual
    if (unusual := len(one.calls) - usual) < ENOUGH_UNUSUAL:
        few = f'too few: {unusual} of {ENOUGH_UNUSUAL} labels other than "{label}"'
        return Certainty(found.accuracy, None, found.ac1, few)
    return found


def _few_calls(calls: int) -> Certainty:
    return Certainty(too_few=f"too few: {calls} of {ENOUGH_CALLS} labelled calls")


def _of_draws(draws: Coefficients) -> Certainty:
    kappa = interval_of(draws.kappa)
    few = "" if kappa else "too few: kappa is undefined in many draws"
    return Certainty(interval_of(draws.accuracy), kappa, interval_of(draws.ac1), few)


def _all_right(calls: int) -> Interval:
    return Interval(least_of_all_right(calls), 1.0)


def _all_agree(calls: int, all_: Sequence[Labelled]) -> Certainty:
    """Draws from what agrees throughout show no spread: what if as few agreed as can be?"""
    share = _all_right(calls)
    each = [one.counted.coefficients(np.ones((1, len(one.pairs))), share.low) for one in all_]
    kappa, ac1 = (
        defined(_mean(np.array(found))[0]) for found in zip(*((c.kappa, c.ac1) for c in each), strict=True)
    )
    return Certainty(
        share,
        None if kappa is None else Interval(kappa, 1.0),
        None if ac1 is None else Interval(ac1, 1.0),
        "" if kappa is not None else "too few: each criterion has one answer only",
    )


def _together(each: Sequence[Coefficients], labels: Sequence[Floats]) -> Coefficients:
    """Over all labels, and the criteria's means; `labels` is how many each criterion has in each draw."""
    counts = np.array(labels)
    agreed = np.array([np.nan_to_num(one.accuracy) for one in each]) * counts
    return Coefficients(
        agreed.sum(axis=0) / counts.sum(axis=0),
        _mean(np.array([one.kappa for one in each])),
        _mean(np.array([one.ac1 for one in each])),
    )


def _mean(figures: Floats) -> Floats:
    """Over the criteria, criteria × draws, of those that are defined in a draw."""
    known = ~np.isnan(figures)
    found: Floats = np.full(figures.shape[1], np.nan)
    np.divide(np.nan_to_num(figures).sum(axis=0), known.sum(axis=0), out=found, where=known.any(axis=0))
    return found


def _joined(pieces: Sequence[Coefficients]) -> Coefficients:
    return Coefficients(
        *(np.concatenate([getattr(one, name) for one in pieces]) for name in ("accuracy", "kappa", "ac1"))
    )
