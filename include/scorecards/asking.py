"""Criteria as the LLM reads them: YAML, because models and people both read it well."""

from collections.abc import Iterable
from typing import Any

import yaml

from include.scorecards.answers import CANNOT_DETERMINE, NOT_APPLICABLE
from include.scorecards.examples import marked
from include.scorecards.schema import Criterion, EvidenceRule

# One line per value: a folded line would split a quote.
_WIDTH = 10_000


def asked_text(criteria: Iterable[Criterion]) -> str:
    """The questions, as YAML; what their texts quote is marked as an example."""
    asked = [_asked(criterion) for criterion in criteria]
    return yaml.safe_dump(asked, sort_keys=False, allow_unicode=True, width=_WIDTH).strip()


def _asked(criterion: Criterion) -> dict[str, Any]:
    keys = [*(option.key for option in criterion.options), NOT_APPLICABLE, CANNOT_DETERMINE]
    asked: dict[str, Any] = {
        "id": criterion.id,
        "question": marked(criterion.text, keys),
        "how_to_decide": marked(" ".join(criterion.instructions.split()), keys),
        "options": {option.key: marked(option.label, keys) for option in criterion.options},
    }
    if criterion.na_allowed:
        asked["NA"] = marked(criterion.na_rule, keys)
    if rule := _evidence_text(criterion.evidence):
        asked["evidence"] = rule
    return asked


def _evidence_text(rule: EvidenceRule) -> str:
    parts = [f"quote needed for {', '.join(rule.required_on)}"] if rule.required_on else []
    if rule.speaker != "any":
        parts.append(f"words of the {rule.speaker}")
    if rule.window.first_s is not None:
        parts.append(f"from the first {rule.window.first_s:g} s")
    if rule.window.last_s is not None:
        parts.append(f"from the last {rule.window.last_s:g} s")
    return ", ".join(parts)
