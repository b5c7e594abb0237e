"""Which criteria need no asking: they do not apply to a call, or code can settle them first."""

from dataclasses import dataclass

from include.calls.transcript import Transcript
from include.scorecards.announcing import settling
from include.scorecards.answering import Answering, does_not_tell
from include.scorecards.answers import NOT_APPLICABLE, AuditAnswers
from include.scorecards.assessment import AssessedAnswer
from include.scorecards.conditions import METRICS_PREFIX, CriterionCondition, Facts, FieldCondition, shown
from include.scorecards.metrics import CallMetrics
from include.scorecards.schema import AnsweredBy, Criterion, Scorecard


@dataclass(frozen=True)
class Scope:
    """What of a scorecard is asked about a call.

    Attributes:
        asked: The criteria that the LLM answers, in the file's order.
        not_applicable: Criterion id to the condition that does not hold.
        misfit: Why the scorecard does not fit this call at all; None when it does.
    """

    asked: tuple[Criterion, ...]
    not_applicable: dict[str, str]
    misfit: str | None


def scope_of(
    scorecard: Scorecard, facts: Facts, transcript: Transcript, metrics: CallMetrics | None = None
) -> Scope:
    """Settles first what code can settle: facts, metrics, announcements, and answers of rules.

    Args:
        scorecard: The scorecard.
        facts: By field name of `UNDERSTANDING_FIELDS`.
        transcript: Of the call; of one without a word nothing is asked.
        metrics: Of the call; without them, what hangs on them is asked.
    """
    misfit = _misfit(scorecard, facts)
    figures = metrics.model_dump() if metrics else {}
    known = {**facts, **{METRICS_PREFIX + name: value for name, value in figures.items()}}
    by_code = _ByCode(scorecard, transcript, metrics)
    found: dict[str, str] = {}
    for criterion in scorecard.in_order():
        reason = _why_not(criterion, known, found, by_code)
        if reason and not _is_settled_later(criterion):
            found[criterion.id] = reason
    if misfit or not transcript.turns:
        return Scope((), found, misfit)
    asked = (c for c in scorecard.answered_by(AnsweredBy.LLM) if c.id not in found)
    return Scope(
        tuple(c for c in asked if not by_code.announces(c) and not by_code.leaves_open(c)), found, None
    )


def _misfit(scorecard: Scorecard, facts: Facts) -> str | None:
    condition = scorecard.applies_if
    if condition is None or condition.holds(facts):
        return None
    return f"the scorecard applies if {condition}; here it is {shown(facts.get(condition.field))}"


def _is_settled_later(criterion: Criterion) -> bool:
    """Code answers it whenever a call is scored: kept with the LLM's answers it would be out of date."""
    condition = criterion.applies_if
    by_metrics = isinstance(condition, FieldCondition) and condition.about_metrics
    return by_metrics and criterion.answered_by is not AnsweredBy.LLM


def _why_not(criterion: Criterion, known: Facts, found: dict[str, str], by_code: "_ByCode") -> str | None:
    """Why a criterion is known not to apply; None when it may."""
    condition = criterion.applies_if
    if isinstance(condition, FieldCondition):
        if condition.field in known and not condition.holds(known):
            return f"applies if {condition}; here it is {shown(known[condition.field])}"
        return None
    if condition is None:
        return None
    if condition.criterion in found:
        return None if condition.equals == NOT_APPLICABLE else f"applies if {condition}; here it is NA"
    other = by_code.answer(condition)
    if other is None or other.answer == condition.equals or does_not_tell(condition, other):
        return None
    return f"applies if {condition}; here it is {other.answer}"


class _ByCode:
    """What code answers of a call, worked out when it is asked for."""

    def __init__(self, scorecard: Scorecard, transcript: Transcript, metrics: CallMetrics | None) -> None:
        self._scorecard = scorecard
        self._turns = transcript.turns
        self._announcements = metrics.announcements if metrics else []
        nothing_given = AuditAnswers(reply=None)
        self._answering = Answering(scorecard, nothing_given, transcript, metrics) if metrics else None

    def announces(self, criterion: Criterion) -> bool:
        """Whether an announcement settles a criterion."""
        least = self._scorecard.min_evidence_confidence
        return settling(criterion, self._announcements, self._turns, least) is not None

    def leaves_open(self, criterion: Criterion) -> bool:
        """Whether it hangs on an answer that does not count: whatever the LLM says of it is not judged."""
        condition = criterion.applies_if
        if not isinstance(condition, CriterionCondition):
            return False
        other = self.answer(condition)
        return other is not None and does_not_tell(condition, other)

    def answer(self, condition: CriterionCondition) -> AssessedAnswer | None:
        """The answer to the criterion that a condition asks about; None when the LLM is to give it."""
        other = self._scorecard.criterion(condition.criterion)
        if self._answering is None or isinstance(other.applies_if, CriterionCondition):
            return None
        if other.answered_by is AnsweredBy.LLM and not self.announces(other):
            return None
        return self._answering.answer(other, {})
