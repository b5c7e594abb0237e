"""Calls that people should listen to by chance: what they say of these holds for all."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from include.review.candidates import Candidate, Draw, Frame, FrameKey, monday
from include.review.drawing import Drawn, draw, either
from include.review.items import Sample
from include.review.rules import ReviewRules
from include.review.value import RANDOM_VALUE
from include.scorecards.schema import AnsweredBy, Scorecard

_STEPS_OF_CALIBRATION = 7
# Set aside, they are due when somebody opens a session.
_DUE_OF_CALIBRATION_DAYS = 365.0


@dataclass(frozen=True)
class _Way:
    """How a rule draws: `wanted` calls a step, of the calls of a stratum and day."""

    rule: str
    sample: Sample
    due_days: float
    questions: tuple[str, ...]
    wanted: Callable[[int], float]
    stratum: Callable[[Candidate], str]


@dataclass
class Chance:
    """Draws, rule after rule.

    Attributes:
        scorecard: That all calls were audited with.
        rules: Its rules.
        steps: How often each stratum has been drawn from in a week.
        frames: What was drawn from.
    """

    scorecard: Scorecard
    rules: ReviewRules
    steps: dict[FrameKey, int]
    frames: list[Frame] = field(default_factory=list)

    def draw(self, candidates: Sequence[Candidate], draws: dict[str, list[Draw]]) -> dict[str, float]:
        """Adds to the draws by call; returns the chances of the calls that are in the random sample."""
        fresh = [one for one in candidates if one.judged and not one.drawn_before]
        found: list[tuple[set[str], Mapping[str, float]]] = []
        if rule := self.rules.random:
            wanted = rule.calls_per_agent_and_week / rule.days_per_week
            asked = self._asked(rule.questions)
            way = _Way("random", Sample.RANDOM, rule.due_days, asked, lambda _: wanted, lambda one: one.agent)
            found.append(self._by(way, fresh, draws))
        if passes := self.rules.passes:
            share, asked = passes.pct / 100, self._asked(passes.questions)
            way = _Way(
                "passes", Sample.PASSES, passes.due_days, asked, lambda n: share * n, lambda _: "passes"
            )
            found.append(self._by(way, [one for one in fresh if one.passed], draws))
        chosen = set().union(*(ids for ids, _ in found))
        chances = {id_: either(*(each.get(id_, 0.0) for _, each in found)) for id_ in chosen}
        if aside := self.rules.calibration:
            # Calls that nobody is to review otherwise.
            left = [one for one in fresh if one.call_id not in draws]
            a_day = aside.calls_per_week / _STEPS_OF_CALIBRATION
            due = _DUE_OF_CALIBRATION_DAYS
            way = _Way("calibration", Sample.CALIBRATION, due, (), lambda _: a_day, lambda _: "all")
            self._by(way, left, draws)
        return chances

    def _by(
        self, way: _Way, candidates: Sequence[Candidate], draws: dict[str, list[Draw]]
    ) -> tuple[set[str], dict[str, float]]:
        """Draws by one rule; the calls drawn, and the chance that each call had."""
        chosen: set[str] = set()
        chances: dict[str, float] = {}
        for (stratum, day), calls in _strata(candidates, way.stratum).items():
            drawn = self._drawn(way, stratum, day, calls)
            chosen.update(drawn.call_ids)
            chances.update(dict.fromkeys((one.call_id for one in calls), drawn.probability))
            one = Draw(
                rule=way.rule,
                sample=way.sample,
                questions=way.questions,
                due_days=way.due_days,
                value=RANDOM_VALUE,
                probability=drawn.probability,
                stratum=stratum,
            )
            for call_id in drawn.call_ids:
                draws[call_id].append(one)
        return chosen, chances

    def _drawn(self, way: _Way, stratum: str, day: date, calls: Sequence[Candidate]) -> Drawn:
        week = monday(day)
        key = (way.rule, stratum, week)
        step = self.steps.get(key, 0)
        self.steps[key] = step + 1
        ids, wanted = [one.call_id for one in calls], way.wanted(len(calls))
        drawn = draw(way.rule, f"{stratum} {week}", ids, wanted=wanted, step=step)
        self.frames.append(Frame(way.rule, stratum, day, len(ids), len(drawn.call_ids), drawn.probability))
        return drawn

    def _asked(self, questions: Sequence[str]) -> tuple[str, ...]:
        """What a listener can answer; seconds of silence are measured better than heard."""
        criteria = self.scorecard.criteria
        if questions:
            return tuple(one.id for one in criteria if one.id in questions)
        return tuple(one.id for one in criteria if one.answered_by is not AnsweredBy.METRIC)


def _strata(
    candidates: Sequence[Candidate], stratum: Callable[[Candidate], str]
) -> dict[tuple[str, date], list[Candidate]]:
    """Calls by stratum and day, in order."""
    found: dict[tuple[str, date], list[Candidate]] = defaultdict(list)
    for one in sorted(candidates, key=lambda one: (one.day, one.call_id)):
        found[stratum(one), one.day].append(one)
    return dict(sorted(found.items(), key=lambda pair: (pair[0][1], pair[0][0])))
