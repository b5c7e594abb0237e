"""OpenAI's chat completions, which most servers speak in some form: requests, and how answers read."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from include.llm.chat_api import Ask, Message, name_of
from include.llm.providers.asking import messages_of, put
from include.llm.providers.dialect import in_dialect
from include.llm.providers.outcomes import Said, error_in
from include.llm.providers.profile import Profile
from include.llm.usage import Usage, usage_of

_TEXT_KINDS = frozenset({"text", "output_text"})


def path_of(_model: str) -> str:
    """Behind the base URL."""
    return "/chat/completions"


def body_of(ask: Ask, profile: Profile, model: str, effort: str) -> dict[str, Any]:
    """The request's body."""
    messages = [_message(each, marked=profile.cache_marks) for each in messages_of(ask)]
    body: dict[str, Any] = {"model": model, "messages": messages}
    if not ask.in_words:
        schema = in_dialect(ask.schema, profile.schema_rules)
        named = {"name": ask.name, "strict": True, "schema": schema}
        body["response_format"] = {"type": "json_schema", "json_schema": named}
    body[profile.output_tokens_field] = ask.room
    if profile.temperature is not None:
        body["temperature"] = profile.temperature
    if effort and profile.effort:
        put(body, profile.effort.field, effort)
    return body


def _message(message: Message, *, marked: bool) -> dict[str, Any]:
    """The system's message is what all requests share: the mark tells the provider to keep it."""
    if not marked or message["role"] != "system":
        return dict(message)
    part = {"type": "text", "text": message["content"], "cache_control": {"type": "ephemeral"}}
    return {"role": "system", "content": [part]}


def read(said: Mapping[str, Any]) -> Said:
    """Reads a chat completion.

    Raises:
        ValueError, LookupError, TypeError, AttributeError: It is none.
    """
    usage, common = _usage(said.get("usage")), _names(said)
    if (error := error_in(said)) is not None:
        return Said(**common, usage=usage, error=error)
    choice = said["choices"][0]
    message = choice["message"]
    reason = name_of(choice.get("finish_reason"))
    refusal = message.get("refusal")
    return Said(
        **common,
        content=_content(message),
        reason=reason,
        usage=usage,
        refusal=refusal if isinstance(refusal, str) else _filtered(choice),
        error=error_in(choice),
    )


def _filtered(choice: Mapping[str, Any]) -> str:
    """What Azure's filter found, where it stopped an answer."""
    results = choice.get("content_filter_results")
    found = results.items() if isinstance(results, Mapping) else ()
    return ", ".join(kind for kind, of in found if isinstance(of, Mapping) and of.get("filtered") is True)


def _names(said: Mapping[str, Any]) -> dict[str, str]:
    return {"model": name_of(said.get("model")), "request_id": name_of(said.get("id"))}


def _content(message: Mapping[str, Any]) -> str:
    """What the model wrote, and what it called a tool with: some give their answer so."""
    texts = [text_of(message.get("content")), *_arguments(message)]
    return "\n".join(text for text in texts if text)


def text_of(content: object) -> str:
    """The text of a content that is one, or a list of parts; what the model thought is left out."""
    if isinstance(content, str):
        return content
    parts = content if isinstance(content, list) else []
    texts = [
        part.get("text") if isinstance(part, Mapping) and part.get("type", "text") in _TEXT_KINDS else part
        for part in parts
    ]
    return "".join(text for text in texts if isinstance(text, str))


def _arguments(message: Mapping[str, Any]) -> list[str]:
    calls = message.get("tool_calls")
    functions: Sequence[object] = (
        [
            *(call.get("function") for call in calls if isinstance(call, Mapping)),
        ]
        if isinstance(calls, list)
        else []
    )
    functions = [*functions, message.get("function_call")]
    given = [function.get("arguments") for function in functions if isinstance(function, Mapping)]
    return [one if isinstance(one, str) else json.dumps(one) for one in given if one]


def _usage(said: object) -> Usage | None:
    if not isinstance(said, Mapping):
        return None
    details = said.get("prompt_tokens_details")
    details = details if isinstance(details, Mapping) else {}
    return usage_of(
        said.get("prompt_tokens"),
        said.get("completion_tokens"),
        details.get("cached_tokens"),
        details.get("cache_write_tokens"),
    )
