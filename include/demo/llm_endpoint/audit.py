"""LLM2 by rules: every criterion by the hints that the endpoint has for its id."""

from collections.abc import Collection
from typing import Any

from include.demo.llm_endpoint.deciding import Decision, Place, decide
from include.demo.llm_endpoint.hints import Hints, shipped_hints
from include.demo.llm_endpoint.prompt import Prompt
from include.demo.llm_endpoint.wording import clipped_at_word, quote
from include.scorecards.answers import CANNOT_DETERMINE

MODEL = "cofi-rules-1"
_FOUND_CONFIDENCE, _DEFAULT_CONFIDENCE = 0.7, 0.5
_MOST_QUOTES = 4


def answers_to(prompt: Prompt) -> dict[str, Any]:
    """The answer to each criterion of a prompt's scorecard.

    Raises:
        UnknownPrompt: It brings none.
    """
    return {id_: _answer(id_, allowed, prompt) for id_, allowed in prompt.criteria.items()}


def audit(prompt: Prompt) -> dict[str, Any]:
    """Answers the scorecard of a prompt.

    Raises:
        UnknownPrompt: It brings none.
    """
    answers = answers_to(prompt)
    undecided = sum(answer["answer"] == CANNOT_DETERMINE for answer in answers.values())
    asked = prompt.schema["properties"]["answers"]["properties"]
    return {
        "answers": {**dict.fromkeys(asked), **answers},  # what is not asked of this call is null
        "strengths": [],
        "coaching": [],
        "overall_comment": (
            f"Rule-based answers of {MODEL}: wording was matched, nothing was understood. "
            f"{len(answers)} criteria, {undecided} of them undecided."
        ),
    }


def _answer(criterion_id: str, allowed: Collection[str], prompt: Prompt) -> dict[str, Any]:
    hints = shipped_hints().get(criterion_id)
    if hints is None:
        return _undecided(f"it has no hints for the criterion {criterion_id}.")
    decision = decide(hints, prompt)
    if decision.answer == CANNOT_DETERMINE:
        return _undecided("no wording points to an answer.")
    if decision.answer not in allowed:
        return _undecided(f"its hints say {decision.answer}, which {criterion_id} does not allow.")
    return {
        "evidence": _evidence(decision),
        "absence": _absence(decision, hints, prompt),
        "justification": _justification(decision, hints),
        "answer": decision.answer,
        "confidence": _DEFAULT_CONFIDENCE if decision.by_default else _FOUND_CONFIDENCE,
    }


def _undecided(why: str) -> dict[str, Any]:
    return {
        "evidence": [],
        "absence": None,
        "justification": clipped_at_word(f"Rule-based ({MODEL}): {why}", 400),
        "answer": CANNOT_DETERMINE,
        "confidence": 0.0,
    }


def _evidence(decision: Decision) -> list[dict[str, str]]:
    quotes = [_quoted(place) for place in decision.places if place.line is not None]
    distinct = {(quote["turn_id"], quote["quote"]): quote for quote in quotes}
    return list(distinct.values())[:_MOST_QUOTES]


def _quoted(place: Place) -> dict[str, str]:
    assert place.line is not None  # gaps are not quoted
    return {
        "turn_id": place.line.turn_id,
        "quote": quote(place.line.folded, place.start, place.end),
    }


def _absence(decision: Decision, hints: Hints, prompt: Prompt) -> dict[str, str] | None:
    missing = [name for name in hints.patterns if name not in decision.found]
    if not missing or any(place.line for place in decision.places):
        return None
    return {
        "searched": clipped_at_word(f"wording for: {', '.join(missing)}", 200),
        "statement": f"none of it is in the {len(prompt.lines)} turns",
    }


def _justification(decision: Decision, hints: Hints) -> str:
    found = ", ".join(decision.found) or "nothing"
    missing = ", ".join(name for name in hints.patterns if name not in decision.found) or "nothing"
    return clipped_at_word(f"Rule-based ({MODEL}): wording found for {found}; not found for {missing}.", 400)
