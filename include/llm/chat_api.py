"""What an LLM API is asked and what it replied, whatever the provider."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from include.errors import AnswerInvalid, CofiError, TransientError
from include.llm.usage import Usage
from include.outside.text import one_line

Message = Mapping[str, str]
JsonSchema = Mapping[str, Any]

CUT_OFF = "length"
_ID_CHARS = 200


@dataclass(frozen=True)
class Ask:
    """One request.

    Attributes:
        messages: The conversation.
        schema: JSON schema of the answer; strict: every property required, no additional ones.
        name: Names the schema; letters, digits, `_` and `-`.
        room: Most tokens of the answer, what the model thinks included.
        in_words: Whether the schema is written into the prompt, because the API does not take it.
    """

    messages: Sequence[Message]
    schema: JsonSchema
    name: str
    room: int
    in_words: bool = False


@dataclass(frozen=True)
class Reply:
    """What the model said.

    Attributes:
        model: As the API names it; empty when it does not.
        finish_reason: `length` when the answer was cut off; else as the API says.
        usage: None when the API does not tell what it took.
    """

    content: str
    model: str
    request_id: str
    finish_reason: str
    usage: Usage | None


def conversation(*messages: tuple[str, str]) -> Sequence[Message]:
    """Messages from (role, content) pairs."""
    return [{"role": role, "content": content} for role, content in messages]


def error_of_item(error: CofiError, item: str, attempt: int) -> CofiError:
    """The same error with a message that names the item, such as a call, that it happened to."""
    message = f"{item}: {error} (attempt {attempt})"
    if isinstance(error, TransientError):
        return type(error)(message, retry_after_s=error.retry_after_s)
    if isinstance(error, AnswerInvalid):
        return type(error)(message, raw_answer=error.raw_answer)
    return type(error)(message)


def name_of(said: object) -> str:
    """An identifier as an API gives it: a short text, whatever it is."""
    return one_line(said, _ID_CHARS) if isinstance(said, str) else ""
