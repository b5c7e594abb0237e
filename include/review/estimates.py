"""The true rate of a criterion, from the machine's answers to all calls and people's to a random sample.

Prediction-powered inference: what the machine answered to all N calls is a prediction; a random sample of
n calls that people have answered, blind, tells how far it is off.

    θ̂ = 1/N Σ_all f(x)  +  1/n Σ_sample (y − f(x))

Take for f(x) the share of true ones among the sampled calls to which the machine gave the same answer as
to x: the second term is 0, and what is left is

    θ̂ = Σ_a  N_a/N · ŷ_a        over the machine's answers a

N_a: calls that the machine answered with a; ŷ_a: the share of true ones of those of them that people have
answered, each weighted by 1 ÷ its chance to be drawn. The better the machine, the nearer each ŷ_a is to 0
or 1 and the narrower the interval; one that answers by chance costs nothing, the interval is a plain
sample's. The machine is never believed: a biased one gives a wide interval, not a wrong one. Where a
criterion does not apply to all calls, θ̂ is the ratio of two such sums: of those that meet it, to those
that it applies to.

Sources: A. N. Angelopoulos, S. Bates, C. Fannjiang, M. I. Jordan, T. Zrnic, "Prediction-powered
inference", Science 382 (2023) 669; a fitted prediction: A. N. Angelopoulos, J. C. Duchi, T. Zrnic,
"PPI++: efficient prediction-powered inference", arXiv:2311.01453 (2023); by strata: A. Fisch et al.,
"Stratified prediction-powered inference for hybrid language model evaluation", NeurIPS 2024. Unequal
chances: J. Hájek's ratio, in C.-E. Särndal, B. Swensson, J. Wretman, "Model assisted survey sampling"
(1992), 5.7 and 7.6.

The interval. Rare errors in small samples are far from a normal distribution: 0 errors in 40 calls do not
prove that there is none, though their variance is 0. So each ŷ_a gets a distribution, Beta(true + 0.4, others
+ 0.4), Dirichlet of the same weight where a call may also be outside; the sum is drawn from them, and its
middle 95 % is the interval. 0.4 lies between Jeffreys' ½, with which the sum's interval is too wide (L. D.
Brown, T. T. Cai, A. DasGupta, "Interval estimation for a binomial proportion", Statistical Science 16 (2001)
101), and the neutral ⅓, with which it is a little too narrow (J. Kerman, "Neutral noninformative and
informative conjugate beta and gamma prior distributions", Electronic Journal of Statistics 5 (2011) 1450):
docs/certified-day.md has how often it holds. Numbers in it are effective ones, (Σw)² ÷ Σw² of an answer's
weights (L. Kish, "Survey sampling" (1965), 11.7), times N_a ÷ (N_a − n_a), as the calls that people have
answered are certain (correction for a finite population). An answer of the machine that nobody has looked at
may be true always or never.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from include.scorecards.bootstrap import LEVEL, Interval, interval_of
from include.scorecards.coefficients import Floats

_DRAWS = 2000
# The same answers give the same interval, today and tomorrow.
_SEED = 2023
# Shared by the kinds of a true answer: met and not met, and where it may be so, "does not apply".
_PRIOR = 0.8
_NOT_A_CALL_LEFT = 1e6


@dataclass(frozen=True)
class Labelled:
    """A call of the random sample that a person has answered.

    Attributes:
        predicted: What the machine answered.
        met: Whether the criterion is met by the person's answer; None where it does not apply.
        probability: The chance that the call had to be drawn, above 0 and up to 1.
    """

    predicted: str
    met: bool | None
    probability: float


@dataclass(frozen=True)
class Estimate:
    """A rate, 0..1, of the calls that a criterion applies to.

    Attributes:
        rate: None, as `interval`, where too few people's answers tell; `unknown` says so.
        interval: 95 %.
        plain: The interval of the same answers of people without the machine's.
        machine_rate: What the machine's answers alone tell; None where none of them counts.
        calls: All that could be drawn; `answered` of them people have answered.
        unknown: Why there is no rate; "" where there is one.
    """

    rate: float | None
    interval: Interval | None
    plain: Interval | None
    machine_rate: float | None
    calls: int
    answered: int
    unknown: str = ""


def estimate(
    predicted: Mapping[str, int],
    machine_rate: float | None,
    sample: Sequence[Labelled],
    *,
    least: int,
    always_applies: bool,
) -> Estimate:
    """Estimates the rate.

    Args:
        predicted: How often the machine gave each answer, over all calls that could be drawn.
        machine_rate: What its answers alone tell, to be shown beside.
        sample: The calls that people answered.
        least: From so many on a rate is shown.
        always_applies: Whether the criterion applies to every call.
    """
    calls = sum(predicted.values())
    if len(sample) < least:
        reason = f"too few: {len(sample)} of {least} calls of the random sample have been answered blind"
        return Estimate(None, None, None, machine_rate, calls, len(sample), reason)
    kinds = 2 if always_applies else 3
    shares = [_counted(name, number, sample, kinds) for name, number in predicted.items() if number]
    rate = _rate(np.sum([one.calls * one.share for one in shares], axis=0))
    alone = [Labelled("", one.met, one.probability) for one in sample]
    plain = _interval([_counted("", calls, alone, kinds)])
    if rate is None:
        reason = "by people's answers, it applies to none of the calls"
        return Estimate(None, None, None, machine_rate, calls, len(sample), reason)
    interval = _around(rate, _interval(shares))
    return Estimate(rate, interval, plain, machine_rate, calls, len(sample))


def answers_for(found: Estimate, width: float) -> int:
    """About how many further answers of people make an interval as narrow as that; 0 when it is.

    A width falls with the root of the answers.
    """
    if found.interval is None:
        return 0
    now = found.interval.high - found.interval.low
    return 0 if now <= width else int(np.ceil(found.answered * ((now / width) ** 2 - 1)))


@dataclass(frozen=True)
class _Counted:
    """The calls that the machine answered alike.

    Attributes:
        share: Of those that meet the criterion, that do not, and that it does not apply to.
        alphas: Of the distribution that the share may have.
    """

    calls: int
    share: Floats
    alphas: Floats


def _counted(name: str, calls: int, sample: Iterable[Labelled], kinds: int) -> _Counted:
    own = [one for one in sample if one.predicted == name]
    weights = np.array([1 / one.probability for one in own])
    kind = np.array([2 if one.met is None else int(not one.met) for one in own], dtype=int)
    prior = np.full(kinds, _PRIOR / kinds)
    if not own:
        return _Counted(calls, prior / prior.sum(), prior)
    share = np.bincount(kind, weights, minlength=kinds) / weights.sum()
    effective = weights.sum() ** 2 / (weights**2).sum()
    left = max(0, calls - len(own)) / calls
    return _Counted(calls, share, share * effective / max(left, 1 / _NOT_A_CALL_LEFT) + prior)


def _interval(shares: Sequence[_Counted]) -> Interval | None:
    chance = np.random.default_rng(_SEED)
    total = np.zeros((_DRAWS, len(shares[0].share)))
    for one in shares:
        drawn = chance.standard_gamma(one.alphas, size=(_DRAWS, len(one.alphas)))
        total += one.calls * drawn / drawn.sum(axis=1, keepdims=True)
    return interval_of(total[:, 0] / (total[:, 0] + total[:, 1]), LEVEL)


def _rate(total: Floats) -> float | None:
    applies = float(total[0] + total[1])
    return float(total[0]) / applies if applies > 0 else None


def _around(rate: float, interval: Interval | None) -> Interval | None:
    """Where all are alike, the middle of a distribution leaves out its end."""
    return interval and Interval(min(interval.low, rate), max(interval.high, rate))
