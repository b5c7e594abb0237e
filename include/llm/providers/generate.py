"""Google's generateContent API, which says of itself what its OpenAI-compatible layer leaves out."""

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from include.llm.chat_api import Ask, name_of
from include.llm.providers.asking import messages_of, put
from include.llm.providers.dialect import in_dialect
from include.llm.providers.outcomes import Said, error_in
from include.llm.providers.profile import Profile
from include.llm.usage import Usage, usage_of

_ROLES = {"assistant": "model"}


def path_of(model: str) -> str:
    """Behind the base URL."""
    return f"/models/{quote(model.removeprefix('models/'))}:generateContent"


def body_of(ask: Ask, profile: Profile, _model: str, effort: str) -> dict[str, Any]:
    """The request's body; the system's message has a place of its own, and the model stands in the path."""
    messages = messages_of(ask)
    config: dict[str, Any] = {profile.output_tokens_field: ask.room}
    if not ask.in_words:
        config["responseMimeType"] = "application/json"
        config["responseJsonSchema"] = in_dialect(ask.schema, profile.schema_rules)
    if profile.temperature is not None:
        config["temperature"] = profile.temperature
    body: dict[str, Any] = {
        "contents": [
            _content(each["role"], each["content"]) for each in messages if each["role"] != "system"
        ],
        "generationConfig": config,
    }
    system = [{"text": each["content"]} for each in messages if each["role"] == "system"]
    if system:
        body["systemInstruction"] = {"parts": system}
    if effort and profile.effort:
        put(body, profile.effort.field, effort.upper())
    return body


def _content(role: str, text: str) -> dict[str, Any]:
    return {"role": _ROLES.get(role, role), "parts": [{"text": text}]}


def read(said: Mapping[str, Any]) -> Said:
    """Reads a response.

    Raises:
        ValueError, LookupError, TypeError, AttributeError: It is none.
    """
    common: dict[str, Any] = {
        "model": name_of(said.get("modelVersion")),
        "request_id": name_of(said.get("responseId")),
    }
    usage = _usage(said.get("usageMetadata"))
    if (error := error_in(said)) is not None:
        return Said(**common, usage=usage, error=error)
    blocked = (said.get("promptFeedback") or {}).get("blockReason")
    if blocked:
        return Said(**common, usage=usage, refusal=f"the prompt was blocked ({name_of(blocked)})")
    candidate = said["candidates"][0]
    parts = (candidate.get("content") or {}).get("parts") or []
    texts = [part.get("text") or _arguments(part) for part in parts if not part.get("thought")]
    return Said(
        **common,
        content="".join(text for text in texts if isinstance(text, str)),
        reason=name_of(candidate.get("finishReason")),
        usage=usage,
    )


def _arguments(part: Mapping[str, Any]) -> str:
    call = part.get("functionCall")
    return json.dumps(call.get("args")) + "\n" if isinstance(call, Mapping) and call.get("args") else ""


def _usage(said: object) -> Usage | None:
    """What the model thought is counted, and billed, beside what it wrote."""
    if not isinstance(said, Mapping):
        return None
    written, thought = said.get("candidatesTokenCount") or 0, said.get("thoughtsTokenCount") or 0
    if not all(isinstance(each, int | float) for each in (written, thought)):
        return None
    return usage_of(said.get("promptTokenCount"), written + thought, said.get("cachedContentTokenCount"))
