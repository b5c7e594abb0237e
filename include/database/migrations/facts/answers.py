"""Stored answers of versions before 0007, as they were written then, and what becomes of them."""

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

from include.calls.references import TurnReferences

# What is deleted from answers of LLM1 and LLM2; of `sentiment` the customer's stays.
_GONE = ("sentiment", "turning_points", "violations")
_MENTIONED = re.compile(rf"[\"'](?:{'|'.join(_GONE)})[\"']")
_MOST_TURNS = 6


def with_facts_alone(answer: Mapping[str, Any], turn_ids: Iterable[str]) -> dict[str, Any]:
    """An answer of LLM1 in the form of 0007: only the customer has a sentiment; turns are turns of the call.

    Args:
        answer: As it was stored.
        turn_ids: Of the call's transcript.
    """
    if "sentiment_start" in answer:  # the migration was taken back, and is made again
        return dict(answer)
    lookup = _Lookup(turn_ids)
    customer = (answer.get("sentiment") or {}).get("customer") or {}
    summary = answer.get("summary") or {}
    facts = {
        "call_type": answer.get("call_type", "conversation"),
        "analysable": bool(answer.get("analysable")),
        "participants": answer.get("participants") or [],
        "summary": summary.get("short", ""),
        **{name: summary.get(name, "") for name in ("issue", "actions_taken", "outcome", "next_steps")},
        "contact_reasons": lookup.reasons(answer.get("contact_reasons") or []),
        "resolution": answer.get("resolution", "unknown"),
        "commitments": [_by_whom(lookup.placed(one)) for one in answer.get("commitments") or []],
        "sentiment_start": customer.get("start", 0),
        "sentiment_end": customer.get("end", 0),
        "entities": [lookup.placed(one) for one in answer.get("entities") or []],
        "signals": lookup.signals(answer.get("signals") or []),
        "quality_issues": (answer.get("data_quality") or {}).get("issues", []),
    }
    return {**facts, "dropped": lookup.dropped}


def _by_whom(commitment: Mapping[str, Any]) -> dict[str, Any]:
    known = commitment.get("by") in ("agent", "customer")
    return {**commitment, "by": commitment["by"] if known else "other"}


class _Lookup:
    """Looks turns up, and counts those that are not in the call."""

    def __init__(self, turn_ids: Iterable[str]) -> None:
        self._references = TurnReferences(turn_ids)
        self.dropped = 0

    def reasons(self, given: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
        turns: dict[str, list[str]] = {}
        primary = ""
        for reason in given:
            turns.setdefault(reason["code"], []).extend(reason.get("turns", []))
            primary = primary or (reason["code"] if reason.get("primary") else "")
        primary = primary or next(iter(turns), "")
        return [
            {"code": code, "primary": code == primary, "turns": self._turns(named)}
            for code, named in turns.items()
        ]

    def signals(self, given: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
        turns: dict[str, list[str]] = {}
        for signal in given:
            turns.setdefault(signal["kind"], []).extend(signal.get("turns", []))
        return [{"kind": kind, "turns": self._turns(named)} for kind, named in turns.items()]

    def placed(self, given: Mapping[str, Any]) -> dict[str, Any]:
        found = self._turns([given["turn"]] if given.get("turn") else [])
        return {**given, "turn": found[0] if found else None}

    def _turns(self, named: Iterable[str]) -> list[str]:
        found, dropped = self._references.looked_up(named)
        self.dropped += dropped
        return found[:_MOST_TURNS]


def without_violations(answer: Mapping[str, Any]) -> dict[str, Any]:
    """An answer of LLM2 without the list of violations, which nothing read."""
    reply = answer.get("reply")
    if not isinstance(reply, dict) or "violations" not in reply:
        return dict(answer)
    return {**answer, "reply": {name: value for name, value in reply.items() if name != "violations"}}


def without_moods(raw_answer: str) -> str | None:
    """A raw answer of a failed attempt without what is deleted; None when it cannot be taken out of it."""
    if not _MENTIONED.search(raw_answer):
        return raw_answer
    try:
        said = json.loads(raw_answer)
    except (ValueError, RecursionError):
        return None
    if not isinstance(said, dict):
        return None
    kept = {name: value for name, value in said.items() if name not in _GONE}
    sentiment = said.get("sentiment")
    if isinstance(sentiment, dict) and isinstance(sentiment.get("customer"), dict):
        kept["customer"] = sentiment["customer"]
    told = json.dumps(kept, ensure_ascii=False)
    return None if _MENTIONED.search(told) else told
