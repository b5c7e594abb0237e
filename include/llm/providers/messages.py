"""Anthropic's Messages API. Its OpenAI-compatible layer enforces no schema, so it is not used."""

import json
from collections.abc import Mapping
from typing import Any

from include.llm.chat_api import Ask, name_of
from include.llm.providers.asking import messages_of, put
from include.llm.providers.chat import text_of
from include.llm.providers.dialect import in_dialect
from include.llm.providers.outcomes import Said, error_in
from include.llm.providers.profile import Profile
from include.llm.usage import Usage, usage_of


def path_of(_model: str) -> str:
    """Behind the base URL."""
    return "/messages"


def body_of(ask: Ask, profile: Profile, model: str, effort: str) -> dict[str, Any]:
    """The request's body; the system's message has a place of its own."""
    messages = messages_of(ask)
    system = [
        _block(each["content"], marked=profile.cache_marks) for each in messages if each["role"] == "system"
    ]
    body: dict[str, Any] = {
        "model": model,
        profile.output_tokens_field: ask.room,
        "messages": [dict(each) for each in messages if each["role"] != "system"],
    }
    if system:
        body["system"] = system
    if not ask.in_words:
        schema = in_dialect(ask.schema, profile.schema_rules)
        put(body, "output_config.format", {"type": "json_schema", "schema": schema})
    if profile.temperature is not None:
        body["temperature"] = profile.temperature
    if effort and profile.effort:
        put(body, profile.effort.field, effort)
    return body


def _block(text: str, *, marked: bool) -> dict[str, Any]:
    mark = {"cache_control": {"type": "ephemeral"}} if marked else {}
    return {"type": "text", "text": text} | mark


def read(said: Mapping[str, Any]) -> Said:
    """Reads a message.

    Raises:
        ValueError, LookupError, TypeError, AttributeError: It is none.
    """
    usage = _usage(said.get("usage"))
    if said.get("type") == "error" or "content" not in said:
        error = error_in(said)
        if error is None:
            raise ValueError("neither a message nor an error")
        return Said(usage=usage, error=error)
    content = said["content"]
    inputs = [block.get("input") for block in content if block.get("type") == "tool_use"]
    texts = [text_of(content), *(json.dumps(each) for each in inputs if each is not None)]
    details = said.get("stop_details")
    explained = details.get("explanation") or details.get("category") if isinstance(details, Mapping) else ""
    reason = name_of(said.get("stop_reason"))
    return Said(
        content="\n".join(text for text in texts if text),
        model=name_of(said.get("model")),
        request_id=name_of(said.get("id")),
        reason=reason,
        usage=usage,
        refusal=explained if reason == "refusal" and isinstance(explained, str) else "",
    )


def _usage(said: object) -> Usage | None:
    """What was cached, and what was put into the cache, is counted beside the other tokens of a prompt."""
    if not isinstance(said, Mapping):
        return None
    hits, writes = said.get("cache_read_input_tokens") or 0, said.get("cache_creation_input_tokens") or 0
    fresh = said.get("input_tokens") or 0
    if not all(isinstance(each, int | float) for each in (fresh, hits, writes)):
        return None
    return usage_of(fresh + hits + writes, said.get("output_tokens"), hits, writes)
