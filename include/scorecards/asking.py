"""Criteria as the LLM reads them: YAML, because models and people both read it well."""

from collections.abc import Iterable
from typing import Any

import yaml

from include.scorecards.schema import Criterion, EvidenceRule

# One line per value: a folded line would split a quote.
_WIDTH = 10_000


def asked_text(criteria: Iterable[Criterion]) -> str:
    """The questions, as YAML."""
    asked = [_asked(criterion) for criterion in criteria]
    return yaml.safe_dump(asked, sort_keys=False, allow_unicode=True, width=_WIDTH).strip()


def _asked(criterion: Criterion) -> dict[str, Any]:
    asked: dict[str, Any] = {
        "id": criterion.id,
        "question": criterion.text,
        "how_to_decide": " ".join(criterion.instructions.split()),
        "options": {option.key: option.label for option in criterion.options},
    }
    if criterion.na_allowed:
        asked["NA"] = criterion.na_rule
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
