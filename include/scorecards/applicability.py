"""Which criteria need no asking, because they do not apply to a call."""

from include.scorecards.answers import NOT_APPLICABLE
from include.scorecards.conditions import Facts, FieldCondition
from include.scorecards.schema import AnsweredBy, Criterion, Scorecard


def out_of_scope(scorecard: Scorecard, facts: Facts) -> str | None:
    """Why the scorecard does not fit this call at all; None when it does."""
    condition = scorecard.applies_if
    if condition is None or condition.holds(facts):
        return None
    return f"the scorecard applies if {condition}; here {condition.field} is {facts.get(condition.field)}"


def inapplicable(scorecard: Scorecard, facts: Facts) -> dict[str, str]:
    """Criteria whose condition is known not to hold, with the reason.

    Conditions on metrics and on other answers are known later, and settled when the answers are scored; only
    those that hang on a criterion that is itself NA here are known already.

    Args:
        scorecard: The scorecard.
        facts: By field name of `UNDERSTANDING_FIELDS`.
    """
    found: dict[str, str] = {}
    for criterion in scorecard.in_order():
        condition = criterion.applies_if
        if isinstance(condition, FieldCondition):
            if not condition.about_metrics and not condition.holds(facts):
                found[criterion.id] = f"applies if {condition}; here {facts.get(condition.field)}"
        elif condition is not None and condition.criterion in found and condition.equals != NOT_APPLICABLE:
            found[criterion.id] = f"applies if {condition}, which is NA"
    return found


def to_ask(scorecard: Scorecard, not_applicable: dict[str, str]) -> list[Criterion]:
    """The criteria that the LLM answers for this call, in the file's order."""
    return [c for c in scorecard.answered_by(AnsweredBy.LLM) if c.id not in not_applicable]
