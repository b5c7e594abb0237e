"""What requests to all providers have in common."""

import json
from collections.abc import Sequence
from typing import Any

from include.llm.chat_api import Ask, Message
from include.outside.text import cleaned

# At the end of the prompt: what stands before it may be in the provider's cache.
_IN_WORDS = (
    "Answer with one JSON object, and nothing before or after it. It must fit this JSON schema:\n{schema}"
)


def messages_of(ask: Ask) -> Sequence[Message]:
    """The conversation as it is sent: clean, and with the schema at its end where it is sent in words."""
    messages = [{"role": each["role"], "content": cleaned(each["content"])} for each in ask.messages]
    if ask.in_words:
        schema = json.dumps(ask.schema, ensure_ascii=False, separators=(",", ":"))
        messages[-1]["content"] += "\n\n" + _IN_WORDS.format(schema=schema)
    return messages


def put(body: dict[str, Any], field: str, value: Any) -> None:
    """Sets a field of a body; `a.b` is b inside a."""
    *outer, last = field.split(".")
    for name in outer:
        body = body.setdefault(name, {})
    body[last] = value
