"""Calls that people should listen to for a reason that the machine's answers give."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from include.review.candidates import Candidate, Draw, MachineAnswer
from include.review.items import Sample
from include.review.rules import RiskRule
from include.review.value import Question, value_of
from include.scorecards.assessment import Standing
from include.scorecards.opinions import DIFFERS
from include.scorecards.schema import AutoFail, Scorecard


@dataclass(frozen=True)
class Risks:
    """Finds calls that are at risk of a wrong answer.

    Attributes:
        scorecard: That all calls were audited with.
        overruled: How often people overrule the machine, by criterion, where enough of them tell.
    """

    scorecard: Scorecard
    overruled: Mapping[str, float]

    def draw(
        self, candidates: Sequence[Candidate], name: str, sample: Sample, rule: RiskRule
    ) -> tuple[list[tuple[str, Draw]], int]:
        """The calls that a rule names, the most valuable first, and how many it leaves out."""
        found = []
        for one in candidates:
            if reasons := _REASONS[sample](one, self.scorecard):
                found.append((one.call_id, self._draw(one, reasons, name, sample, rule)))
        found.sort(key=lambda pair: (-pair[1].value, pair[0]))
        most = rule.most_per_run or len(found)
        return found[:most], len(found[most:])

    def _draw(
        self, one: Candidate, reasons: Mapping[str, str], name: str, sample: Sample, rule: RiskRule
    ) -> Draw:
        asked = tuple(c.id for c in self.scorecard.criteria if c.id in reasons)
        reasons_given = tuple(f"{name}: {reasons[name]}" for name in asked if reasons[name])
        value = value_of(
            question_of(self.scorecard, name, one.answers[name], self.overruled) for name in asked
        )
        return Draw(name, sample, asked, rule.due_days, value, reasons_given)


def question_of(
    scorecard: Scorecard, criterion_id: str, answer: MachineAnswer, overruled: Mapping[str, float]
) -> Question:
    """An answer as a question to a person."""
    criterion = scorecard.criterion(criterion_id)
    option = criterion.option(answer.answer)
    return Question(
        severity=criterion.severity,
        fails=option.auto_fail if option else AutoFail.NONE,
        standing=answer.standing,
        contradicted=any(reason.startswith(DIFFERS) for reason in answer.reasons),
        confidence=answer.confidence,
        overruled_share=overruled.get(criterion_id),
    )


def _auto_fails(one: Candidate, scorecard: Scorecard) -> dict[str, str]:
    found = {}
    for name, answer in _unanswered(one):
        option = scorecard.criterion(name).option(answer.answer)
        if option is not None and option.auto_fail is not AutoFail.NONE:
            stands = answer.standing is Standing.COUNTED
            found[name] = f"{'' if stands else 'possible '}auto-fail of the {option.auto_fail}"
    return found


def _doubts(one: Candidate, scorecard: Scorecard) -> dict[str, str]:
    """Criteria in doubt; for a doubt about the whole call, those that lose points, or all."""
    own = {
        name: "; ".join(reason for reason in answer.reasons if not reason.startswith(DIFFERS))
        for name, answer in _unanswered(one)
        if any(not reason.startswith(DIFFERS) for reason in answer.reasons)
    }
    if own or not one.needs_review or not one.judged or any(a.reasons for a in one.answers.values()):
        return own
    asked = [(name, answer) for name, answer in _unanswered(one) if answer.potential > 0]
    lost = [name for name, answer in asked if answer.earned < answer.potential]
    return dict.fromkeys(lost or [name for name, _ in asked], "")


def _disagreements(one: Candidate, scorecard: Scorecard) -> dict[str, str]:
    return {
        name: next(reason for reason in answer.reasons if reason.startswith(DIFFERS))
        for name, answer in _unanswered(one)
        if any(reason.startswith(DIFFERS) for reason in answer.reasons)
    }


_REASONS = {Sample.AUTO_FAIL: _auto_fails, Sample.DOUBT: _doubts, Sample.DISAGREEMENT: _disagreements}


def _unanswered(one: Candidate) -> list[tuple[str, MachineAnswer]]:
    return [(name, answer) for name, answer in one.answers.items() if name not in one.people]
