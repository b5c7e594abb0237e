"""Days of calls whose truth is known, a machine that is often right, and a sample as the queue draws it."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from include.review.drawing import probability
from include.review.estimates import Estimate, Labelled, estimate

_AGENTS = 40


@dataclass(frozen=True)
class Scene:
    """What is simulated.

    Attributes:
        rate: Of calls that meet the criterion, about; each day has its own.
        right_on_met: How often the machine says so of those; `right_on_missed` likewise.
        unsure: Share of calls that it cannot determine.
        not_applying: Share of calls that the criterion does not apply to; the machine knows 95 % of them.
        by_agent: Whether the sample is drawn by agents of unequal size, else evenly.
        answers: Of people, on average.
    """

    rate: float = 0.85
    right_on_met: float = 0.95
    right_on_missed: float = 0.9
    unsure: float = 0.0
    not_applying: float = 0.0
    by_agent: bool = False
    answers: int = 60
    calls: int = 2000

    def days(self, number: int, seed: int) -> Iterator[tuple[float, Estimate]]:
        """The true rate of each day, and what is estimated."""
        chance = np.random.default_rng(seed)
        for _ in range(number):
            yield self._day(chance)

    def _day(self, chance: np.random.Generator) -> tuple[float, Estimate]:
        size = self.calls
        rate = float(np.clip(self.rate + chance.uniform(-0.03, 0.03), 0.01, 0.99))
        met = chance.random(size) < rate
        outside = chance.random(size) < self.not_applying
        right = np.where(met, self.right_on_met, self.right_on_missed)
        says_met = met == (chance.random(size) < right)
        said = np.where(says_met, "yes", "no").astype(object)
        said[outside & (chance.random(size) < 0.95)] = "NA"
        said[~outside & (chance.random(size) < 0.05 * bool(self.not_applying))] = "NA"
        said[chance.random(size) < self.unsure] = "CANNOT_DETERMINE"
        chances = self._chances(chance)
        drawn = np.flatnonzero(chance.random(size) < chances)
        sample = [
            Labelled(str(said[n]), None if outside[n] else bool(met[n]), float(chances[n])) for n in drawn
        ]
        names, counts = np.unique(said.astype(str), return_counts=True)
        predicted = {str(name): int(count) for name, count in zip(names, counts, strict=True)}
        found = estimate(predicted, None, sample, least=20, always_applies=not self.not_applying)
        return float(met[~outside].mean()), found

    def _chances(self, chance: np.random.Generator) -> "np.ndarray[tuple[int], np.dtype[np.float64]]":
        if not self.by_agent:
            return np.full(self.calls, self.answers / self.calls)
        sizes = chance.lognormal(0, 0.7, _AGENTS)
        agents = chance.choice(_AGENTS, self.calls, p=sizes / sizes.sum())
        counts = np.bincount(agents, minlength=_AGENTS)
        wanted = self.answers / _AGENTS
        return np.array([probability(wanted, int(count)) if count else 0.0 for count in counts])[agents]


@dataclass(frozen=True)
class Coverage:
    """What came of many days: how many had a rate, how often its interval held the truth, and mean widths."""

    told: int
    held: float
    width: float
    plain_width: float


def coverage(scene: Scene, days: int = 1000, seed: int = 1) -> Coverage:
    """Simulates days."""
    found = [(true, one) for true, one in scene.days(days, seed) if one.interval and one.plain]
    widths = [one.interval.high - one.interval.low for _, one in found if one.interval]
    plain = [one.plain.high - one.plain.low for _, one in found if one.plain]
    held = [one.interval.holds(true) for true, one in found if one.interval]
    return Coverage(len(found), float(np.mean(held)), float(np.mean(widths)), float(np.mean(plain)))
