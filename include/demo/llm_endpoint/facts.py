"""LLM1 by rules: facts extracted by wording, sentences copied instead of written."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from include.calls.vocabulary import reason_code
from include.demo.llm_endpoint import lexicon
from include.demo.llm_endpoint.audit import MODEL
from include.demo.llm_endpoint.hints import shipped_contact_words
from include.demo.llm_endpoint.prompt import Line, Prompt
from include.demo.llm_endpoint.wording import clipped_at_word, quote

_ISSUE_WORDS = 6
_MOOD_STEP = 2
_NO_AGENT = frozenset({"silent", "ivr_only", "test"})


def facts(prompt: Prompt) -> dict[str, Any]:
    """Answers the understanding task of a prompt.

    Raises:
        UnknownPrompt: It brings no taxonomy of contact reasons.
    """
    roles = _roles(prompt)
    heard = replace(prompt, roles=roles)
    call_type = _call_type(heard)
    agent_heard = (
        call_type not in _NO_AGENT and sum(len(line.text.split()) for line in heard.spoken_by("agent")) > 5
    )
    commitments = _commitments(heard)
    resolution = _resolution(heard)
    return {
        "call_type": call_type,
        "analysable": agent_heard,
        "participants": [
            {"speaker": label, "role": role}
            for label, role in roles.items()
            if label not in ("agent", "customer")
        ],
        **_summary(heard, resolution, commitments),
        "contact_reasons": _contact_reasons(heard, prompt.contact_reasons),
        "resolution": resolution,
        "commitments": commitments,
        **_sentiment(heard.spoken_by("customer")),
        "entities": _entities(heard),
        "signals": _signals(heard),
        "quality_issues": [f"Rule-based answer of {MODEL}: wording was matched, nothing was understood."],
    }


def _roles(prompt: Prompt) -> dict[str, str]:
    """The role of each speaker label: from the label itself, else from who speaks like an agent."""
    labels = list(dict.fromkeys(line.speaker for line in prompt.lines))
    unknown = [label for label in labels if label not in ("agent", "customer")]
    agents = [label for label in unknown if _sounds_like_agent(prompt, label)]
    roles = {label: label for label in labels if label not in unknown}
    for label in unknown:
        # Where voices are distinguished, from speaker_1 on, speaker_0 is everybody who was not.
        is_anybody = label == "speaker_0" and "speaker_2" in labels
        if len(labels) == 1 or not (agents or len(labels) > len(unknown)) or is_anybody:
            roles[label] = "mixed"
        else:
            roles[label] = "agent" if agents and label == agents[0] else "customer"
    return roles


def _sounds_like_agent(prompt: Prompt, label: str) -> bool:
    own = (line for line in prompt.lines if line.speaker == label)
    return any(lexicon.AGENT_WORDS.search(line.folded.text) for line in own)


def _call_type(prompt: Prompt) -> str:
    if not prompt.lines:
        return "silent"
    spoken = " ".join(line.folded.text for line in prompt.lines)
    speakers = {line.speaker for line in prompt.lines}
    for call_type, words, at_most in (
        ("voicemail", lexicon.VOICEMAIL, 4),
        ("test", lexicon.TEST_CALL, 6),
        ("wrong_number", lexicon.WRONG_NUMBER, 8),
        ("transfer_only", lexicon.TRANSFER, 5),
    ):
        if words.search(spoken) and len(prompt.lines) <= at_most:
            return call_type
    if len(speakers) == 1 and lexicon.IVR_MENU.search(spoken):
        return "ivr_only"
    if speakers <= {"agent"} or speakers <= {"customer"}:  # one side alone, where sides are known
        return "voicemail" if len(spoken.split()) >= 12 else "ivr_only"
    return "conversation"


def _summary(prompt: Prompt, resolution: str, commitments: Sequence[dict[str, Any]]) -> dict[str, str]:
    issue = _first_sentences(prompt.spoken_by("customer"))
    done = [
        quote(line.folded, m.start(), m.end())
        for line in prompt.spoken_by("agent")
        if (m := lexicon.DONE.search(line.folded.text))
    ]
    actions = " ".join(dict.fromkeys(done))
    steps = " ".join(commitment["text"] for commitment in commitments)
    return {
        "summary": clipped_at_word(
            f'Customer says: "{clipped_at_word(issue, 200)}" Outcome: {resolution}.', 280
        ),
        "issue": clipped_at_word(issue, 400),
        "actions_taken": clipped_at_word(actions, 400),
        "outcome": resolution,
        "next_steps": clipped_at_word(steps, 400),
    }


def _first_sentences(lines: Iterable[Line]) -> str:
    """The first turn that says something."""
    for line in lines:
        if len(line.text.split()) >= _ISSUE_WORDS:
            return line.text
    return ""


def _contact_reasons(prompt: Prompt, asked: Sequence[str]) -> list[dict[str, Any]]:
    words_of = shipped_contact_words()
    turns_by_reason: dict[str, list[str]] = {}
    for line in prompt.spoken_by("customer"):
        for reason in asked:
            if any(words.search(line.folded.text) for words in words_of.get(reason_code(reason) or "", ())):
                turns_by_reason.setdefault(reason, []).append(line.turn_id)
    reasons = list(turns_by_reason)[:4] or [reason for reason in asked if reason_code(reason) == "other"]
    return [{"reason": reason, "turns": turns_by_reason.get(reason, [])[:6]} for reason in reasons]


def _resolution(prompt: Prompt) -> str:
    agent = " ".join(line.folded.text for line in prompt.spoken_by("agent"))
    end = " ".join(line.folded.text for line in prompt.lines[-6:])
    done, still_open = lexicon.DONE.search(agent), lexicon.OPEN.search(agent)
    if lexicon.REFUSED.search(end):
        return "partial" if done else "unresolved"
    if done:
        return "partial" if still_open else "resolved"
    return "partial" if still_open else "unknown"


def _commitments(prompt: Prompt) -> list[dict[str, Any]]:
    made = []
    for line in prompt.spoken_by("agent"):
        if promise := lexicon.PROMISE.search(line.folded.text):
            said = clipped_at_word(quote(line.folded, promise.start(), promise.end()), 200)
            due = lexicon.DUE.search(line.folded.text, promise.start())
            made.append(
                {"by": "agent", "text": said, "due": due.group()[:200] if due else "", "turn": line.turn_id}
            )
    return made[:8]


def _mood(lines: Iterable[Line]) -> int:
    texts = [line.folded.text for line in lines]
    balance = sum(len(lexicon.GOOD.findall(text)) - len(lexicon.BAD.findall(text)) for text in texts)
    return max(-5, min(5, _MOOD_STEP * balance))


def _sentiment(lines: Sequence[Line]) -> dict[str, int]:
    third = max(1, len(lines) // 3)
    return {"sentiment_start": _mood(lines[:third]), "sentiment_end": _mood(lines[-third:])}


def _entities(prompt: Prompt) -> list[dict[str, Any]]:
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for line in prompt.lines:
        for match in lexicon.TOKEN.finditer(line.text):
            found.setdefault(
                ("", match.group()), _entity(match.group(1).lower(), match.group(), line, pii=True)
            )
        for match in lexicon.MONEY.finditer(line.folded.text):
            found.setdefault(("amount", match.group()), _entity("amount", match.group(), line, pii=False))
    return list(found.values())[:20]


def _entity(kind: str, text: str, line: Line, *, pii: bool) -> dict[str, Any]:
    said = clipped_at_word(text, 200)
    return {"type": kind, "text": said, "turn": line.turn_id, "pii": pii}


def _signals(prompt: Prompt) -> list[dict[str, Any]]:
    found = []
    for kind, words in lexicon.SIGNALS.items():
        side = lexicon.SIGNAL_SPEAKER.get(kind, "customer")
        lines = prompt.lines if side == "any" else prompt.spoken_by(side)
        turns = [line.turn_id for line in lines if re.search(words, line.folded.text)]
        if turns:
            found.append({"kind": kind, "turns": turns[:6]})
    return found
