"""Agreement beyond chance: Cohen's kappa and Gwet's AC1, of pairs of answers that may count several times."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

# Shares are sums of floats: chance that agrees always may come out a little below 1.
_ALWAYS = 1 - 1e-12


@dataclass(frozen=True)
class Coefficients:
    """Figures of the same pairs, each counted in several ways; NaN where one is not defined.

    Attributes:
        accuracy: Pairs that agree, 0..1.
        kappa: Cohen's, -1..1.
        ac1: Gwet's, -1..1.
    """

    accuracy: Floats
    kappa: Floats
    ac1: Floats


class Pairs:
    """The two answers to each of some questions, ready to be counted.

    Args:
        pairs: One and the other answer; at least one pair.
    """

    def __init__(self, pairs: Sequence[tuple[str, str]]) -> None:
        self.answers = sorted({answer for pair in pairs for answer in pair})
        places = {answer: place for place, answer in enumerate(self.answers)}
        one, other = (np.array([places[pair[side]] for pair in pairs]) for side in (0, 1))
        each = np.eye(len(places))
        self._ones, self._others = each[one], each[other]
        self._agree = (one == other).astype(np.float64)
        self.all_agree = bool(self._agree.all())

    def coefficients(self, times: Floats, agreeing: float | None = None) -> Coefficients:
        """Computes the figures.

        Sources: J. Cohen, "A coefficient of agreement for nominal scales", Educational and Psychological
        Measurement 20 (1960): κ = (p_o - p_e) / (1 - p_e), p_e = Σ over answers of the product of their
        shares. K. L. Gwet, "Computing inter-rater reliability and its variance in the presence of high
        agreement", British Journal of Mathematical and Statistical Psychology 61 (2008): AC1 is the same with
        p_e = Σ π (1 - π) / (q - 1), π an answer's share among both sides' together, q the answers that occur.
        With one answer only, nothing shows that anybody can tell it from another: neither is defined.

        Args:
            times: How often each pair counts, ways × pairs.
            agreeing: A share that agrees instead of that of the pairs, 0..1: what if it were so?
        """
        with np.errstate(invalid="ignore", divide="ignore"):
            total = times.sum(axis=1)
            accuracy = times @ self._agree / total if agreeing is None else np.full(total.shape, agreeing)
            ones, others = (times @ side / total[:, None] for side in (self._ones, self._others))
            both = (ones + others) / 2
            by_chance = (both * (1 - both)).sum(axis=1) / (len(self.answers) - 1)
        return Coefficients(
            accuracy, _beyond(accuracy, (ones * others).sum(axis=1)), _beyond(accuracy, by_chance)
        )


def cohens_kappa(pairs: Sequence[tuple[str, str]]) -> float | None:
    """Cohen's kappa of at least one pair; None when chance alone would agree always."""
    return defined(_once(pairs).kappa[0])


def gwets_ac1(pairs: Sequence[tuple[str, str]]) -> float | None:
    """Gwet's AC1 of at least one pair; None when only one answer occurs."""
    return defined(_once(pairs).ac1[0])


def defined(value: float) -> float | None:
    """The value; None for NaN."""
    return None if np.isnan(value) else float(value)


def _once(pairs: Sequence[tuple[str, str]]) -> Coefficients:
    return Pairs(pairs).coefficients(np.ones((1, len(pairs))))


def _beyond(observed: Floats, by_chance: Floats) -> Floats:
    """(p_o - p_e) / (1 - p_e)."""
    possible = by_chance < _ALWAYS
    found: Floats = np.full_like(observed, np.nan)
    np.divide(observed - by_chance, 1 - by_chance, out=found, where=possible)
    return found
