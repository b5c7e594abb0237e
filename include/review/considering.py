"""Applies all rules of review to audits: which calls are drawn, why, and which criteria are asked."""

from collections import defaultdict
from collections.abc import Mapping, Sequence

from include.review.candidates import Candidate, Considered, Draw, FrameKey
from include.review.chance import Chance
from include.review.items import Sample
from include.review.risks import Risks
from include.review.rules import ReviewRules
from include.scorecards.schema import Scorecard

_RISKS = {
    "auto_fails": Sample.AUTO_FAIL,
    "needs_review": Sample.DOUBT,
    "second_opinions": Sample.DISAGREEMENT,
}


def consider(
    candidates: Sequence[Candidate],
    scorecard: Scorecard,
    rules: ReviewRules,
    steps: Mapping[FrameKey, int],
    overruled: Mapping[str, float],
) -> Considered:
    """Applies all rules.

    Args:
        candidates: Audits that no rule has looked at, all under one scorecard.
        scorecard: That one.
        rules: Its rules.
        steps: How often each stratum has been drawn from in a week before.
        overruled: How often people overrule the machine, by criterion, where enough of them tell.
    """
    draws: dict[str, list[Draw]] = defaultdict(list)
    left_out: dict[str, int] = {}
    risks = Risks(scorecard, overruled)
    for name, sample in _RISKS.items():
        rule = getattr(rules, name)
        found, beyond = risks.draw(candidates, name, sample, rule) if rule else ([], 0)
        for call_id, one in found:
            draws[call_id].append(one)
        if beyond:
            left_out[name] = beyond
    chance = Chance(scorecard, rules, dict(steps))
    chances = chance.draw(candidates, draws)
    return Considered(draws, chances, chance.frames, left_out, rules.blind)
