"""Criteria as the LLM reads them: few words around what the scorecard's author wrote."""

from collections.abc import Iterable, Iterator

from include.scorecards.answers import CANNOT_DETERMINE, NOT_APPLICABLE
from include.scorecards.examples import marked
from include.scorecards.parts import EvidenceRule
from include.scorecards.schema import Criterion


def asked_text(criteria: Iterable[Criterion]) -> str:
    """The questions; what their texts quote is marked as an example.

    Each begins with "- ", its id and what is asked; how to decide, the answers, and what evidence they need
    follow on lines of their own.
    """
    return "\n".join(line for criterion in criteria for line in _lines(criterion))


def may_be_left_out(criterion: Criterion) -> bool:
    """Whether code may settle it before the LLM is asked, or find that it does not apply."""
    return criterion.applies_if is not None or criterion.settled_by_prompt is not None


def _lines(criterion: Criterion) -> Iterator[str]:
    keys = [*(option.key for option in criterion.options), NOT_APPLICABLE, CANNOT_DETERMINE]

    def masked(text: str) -> str:
        return marked(" ".join(text.split()), keys)

    yield f"- {criterion.id}: {masked(criterion.text)}"
    if criterion.instructions:
        yield masked(criterion.instructions)
    answers = [f"{option.key} = {masked(option.label)}" for option in criterion.options]
    if criterion.na_allowed:
        answers.append(f"{NOT_APPLICABLE} = {masked(criterion.na_rule)}")
    yield "; ".join(answers)
    if rule := _evidence_text(criterion.evidence):
        yield rule


def _evidence_text(rule: EvidenceRule) -> str:
    parts = [f"for {', '.join(rule.required_on)}"] if rule.required_on else []
    if rule.speaker != "any":
        parts.append(f"words of the {rule.speaker}")
    if rule.window.first_s is not None:
        parts.append(f"from the first {rule.window.first_s:g} s")
    if rule.window.last_s is not None:
        parts.append(f"from the last {rule.window.last_s:g} s")
    return f"quote {', '.join(parts)}" if parts else ""
